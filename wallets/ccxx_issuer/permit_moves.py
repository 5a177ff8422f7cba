"""Moving a permit's coins: into fewer or more coins, to new keys, or back to the root."""

from collections.abc import Sequence

from ccxx_cert.custody import CERTIFICATE_VALUE, Wrap, permit_script, wrap
from ccxx_cert.errors import CertificateError
from ccxx_cert.identity import cert_ref, format_outpoint
from ccxx_cert.records import RekeyMessage
from ccxx_cert.state import Credit, Permit, get_root
from ccxx_cert.template import fan_out
from ccxx_cert.upkeep import draft_close, draft_rekey
from ccxx_core.hashes import sha256
from ccxx_core.script import is_p2sh
from ccxx_core.transaction import TxOutput
from ccxx_issuer.permits import own_permits, permit_input
from ccxx_wallet.builder import CreditInput, Funded
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.keyring import Role, WatchedKey
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.wallet import Wallet
from ccxx_wallet.watch import extend_keys


def draft_join(live: LiveWallet, permit: Permit, into: int, feerate: int) -> Funded:
    """Make `into` coins of a permit's coins; no message: credit at its own script keeps its colour.

    Coins that drafts use are left alone unless those are replaced.
    """
    reserved = live.drafts.reserved()
    coins = [
        coin
        for coin in _coins_in_force(live, permit)
        if live.drafts.may_replace or coin.outpoint not in reserved
    ]
    quantity = sum(coin.value for coin in coins) // CERTIFICATE_VALUE
    if not coins:
        raise _no_credit(permit)
    values = [count * CERTIFICATE_VALUE for count in fan_out(quantity, into)]
    if sorted(values) == sorted(coin.value for coin in coins):
        raise WalletError(
            Refusal.NOT_ENOUGH_CREDIT,
            f"permit {permit.message.code} has {len(coins)} free coins of that size already; there"
            " is nothing to join",
        )
    outputs = [TxOutput(value, permit.script_pubkey) for value in values]
    return live.draft(_inputs(live, permit, coins), outputs, feerate)


def draft_rekeying(
    live: LiveWallet, permit: Permit, new_key: bytes, doc_hash: bytes, feerate: int
) -> Funded:
    """Move all coins of a permit to the script of a new issuer's key; root and system stay."""
    coins = _coins_in_force(live, permit)
    inputs = _inputs(live, permit, coins)
    if new_key in (permit.root_key, permit.system_key):
        raise WalletError(Refusal.WRONG_KEY, "this is a key of the root; give one of the issuer's")
    script = permit_script(permit.root_key, new_key, permit.system_key)
    how = Wrap.P2SH if is_p2sh(permit.script_pubkey) else Wrap.P2WSH
    if wrap(script, how) == permit.script_pubkey:
        raise WalletError(
            Refusal.WRONG_KEY,
            "this key is the permit's already; leave --to out for a fresh one",
        )
    message = RekeyMessage(cert_ref(permit.id), sha256(script), doc_hash)
    try:
        draft = draft_rekey(permit, coins, wrap(script, how), message)
    except CertificateError as error:
        raise _no_credit(permit) from error
    return live.draft(inputs, draft.outputs, feerate)


def draft_closing(live: LiveWallet, permit: Permit, note: bytes, feerate: int) -> Funded:
    """Return all coins of a permit to the root, those of older keys too."""
    root = get_root(live.ahead)
    coins = live.credit_of(permit.id)
    inputs = _inputs(live, permit, coins)
    if root is None or not coins:
        raise _no_credit(permit)
    return live.draft(inputs, draft_close(permit, coins, root, note).outputs, feerate)


def fresh_issuer_key(live: LiveWallet) -> WatchedKey:
    """Return the next issuer's key: none that was given, that `key` shows, or that has a permit."""
    store = live.wallet.store
    keys = store.watched_keys(Role.ISSUER)
    used = {key.public_key for key in store.watched_keys(Role.ISSUER, given_only=True)}
    # A wallet that was restored knows what it gave away only from its permits.
    used |= {keys[0].public_key, *(key for _, key, _ in own_permits(live))}
    return next(key for key in keys if key.public_key not in used)


def give_issuer_key(wallet: Wallet, key: WatchedKey) -> None:
    """Count a fresh issuer's key as given, and with it all before it."""
    with wallet.store.transaction():
        wallet.store.mark_given(key.public_key)
        extend_keys(wallet.store, wallet.accounts)


def _coins_in_force(live: LiveWallet, permit: Permit) -> list[Credit]:
    """Return the coins that may still issue: those that a re-keying left behind may not."""
    coins = live.credit_of(permit.id)
    return [coin for coin in coins if coin.script_pubkey == permit.script_pubkey]


def _inputs(live: LiveWallet, permit: Permit, coins: Sequence[Credit]) -> list[CreditInput]:
    """Describe coins to their co-signers; raises WalletError UNKNOWN_PERMIT if none is ours."""
    opened: dict[bytes, tuple[bytes, bytes]] = {}
    for key in live.wallet.store.watched_keys(Role.ISSUER):
        script = permit_script(permit.root_key, key.public_key, permit.system_key)
        opened |= {wrap(script, how): (script, key.public_key) for how in Wrap}
    if any(coin.script_pubkey not in opened for coin in coins):
        raise WalletError(
            Refusal.UNKNOWN_PERMIT,
            f"{format_outpoint(permit.id)} is no permit of this wallet's keys; see permit list",
        )
    return [permit_input(live, coin, *opened[coin.script_pubkey]) for coin in coins]


def _no_credit(permit: Permit) -> WalletError:
    return WalletError(
        Refusal.NOT_ENOUGH_CREDIT,
        f"permit {permit.message.code} has no credit left that could be moved",
    )
