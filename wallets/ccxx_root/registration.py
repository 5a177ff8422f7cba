"""Registering the root coin: the one payment that all credit of a network descends from."""

from ccxx_cert.identity import format_outpoint
from ccxx_core.amount import format_amount
from ccxx_core.transaction import OutPoint, TxOutput
from ccxx_wallet.desk import Choices, Desk
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.keyring import Role
from ccxx_wallet.registration import Registration, read_registration, write_registration


def register(desk: Desk, value: int, system_key: bytes | None, feerate: int) -> dict[str, object]:
    """Pay the root coin to K0 and remember it; its block makes the trust anchor complete."""
    live = desk.live
    store = live.wallet.store
    if live.wallet.anchor is not None or read_registration(store) is not None:
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
    coin = OutPoint(funded.psbt.transaction.txid, 0)
    signing_system = system_key or live.wallet.first_key(Role.SYSTEM).public_key
    registration = Registration(coin, value, signing_system)
    # Before it is sent: a root coin on its way is never forgotten, not even by a crash.
    facts = desk.finish_draft(
        funded, Choices(send=True), lambda: write_registration(store, registration)
    )
    return {**facts, "root_coin": format_outpoint(coin), "value": format_amount(value)}
