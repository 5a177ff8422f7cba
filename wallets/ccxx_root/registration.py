"""Registering the root coin: the one payment that all credit of a network descends from."""

from ccxx_cert.identity import format_outpoint, parse_outpoint
from ccxx_cert.trust import TrustAnchor
from ccxx_core.amount import format_amount
from ccxx_core.transaction import OutPoint, TxOutput
from ccxx_wallet.desk import Choices, Desk
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.keyring import Role
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.scanner import Scanner
from ccxx_wallet.screen import Screen

_COIN, _VALUE, _SYSTEM_KEY = "root_coin", "root_value", "system_key"


def register(desk: Desk, value: int, system_key: bytes | None, feerate: int) -> dict[str, object]:
    """Pay the root coin to K0 and remember it; its block makes the trust anchor complete."""
    live = desk.live
    store = live.wallet.store
    if live.wallet.anchor is not None or store.fact(_COIN) is not None:
        raise WalletError(
            Refusal.WALLET_EXISTS,
            "this wallet has registered a root coin; a network has one, so use `anchor show`",
        )
    if value < 100_000 or value % 100_000:
        raise WalletError(
            Refusal.NOT_ENOUGH_CREDIT,
            f"a root coin of {format_amount(value)} is not a number of certificates; give a"
            " multiple of 0.001",
        )
    script = live.wallet.first_key(Role.CREDIT).plain_script
    funded = live.draft((), (TxOutput(value, script),), feerate)
    facts = desk.finish_draft(funded, Choices(send=True))
    if not desk.settings.dry_run:
        signing_system = system_key or live.wallet.first_key(Role.SYSTEM).public_key
        with store.transaction():
            store.set_fact(_COIN, format_outpoint(OutPoint(funded.psbt.transaction.txid, 0)))
            store.set_fact(_VALUE, str(value))
            store.set_fact(_SYSTEM_KEY, signing_system.hex())
    coin = format_outpoint(OutPoint(funded.psbt.transaction.txid, 0))
    return {**facts, "root_coin": coin, "value": format_amount(value)}


def complete(live: LiveWallet, screen: Screen) -> TrustAnchor | None:
    """Write the trust anchor once the root coin is mined; return it if that happened now."""
    store = live.wallet.store
    coin, value, system_key = map(store.fact, (_COIN, _VALUE, _SYSTEM_KEY))
    if live.wallet.anchor is not None or coin is None or value is None or system_key is None:
        return None
    outpoint = parse_outpoint(coin)
    mined = {sent.transaction.txid: sent.mined_height for sent in store.sent()}
    height = mined.get(outpoint.txid)
    if height is None:
        return None
    anchor = TrustAnchor(
        network=live.wallet.network.chain,
        root_outpoint=outpoint,
        root_value=int(value),
        root_height=height,
        root_script=live.wallet.first_key(Role.CREDIT).plain_script,
        root_key=live.wallet.first_key(Role.ROOT).public_key,
        system_key=bytes.fromhex(system_key),
    )
    live.wallet.set_anchor(anchor)
    # Blocks since the coin were read without a registry: read them again.
    Scanner(store, live.wallet.watched, None).rewind(height - 1)
    live.sync(screen)
    return anchor
