"""Granting permits: root credit becomes an issuer's right to issue."""

from dataclasses import dataclass
from typing import Any

from ccxx_cert.custody import CERTIFICATE_VALUE, Wrap, permit_script, wrap
from ccxx_cert.errors import CertificateError
from ccxx_cert.identity import format_outpoint
from ccxx_cert.rotation import keys_at
from ccxx_cert.standing import KeyTerm
from ccxx_cert.state import Credit, Permit, get_root
from ccxx_cert.status import permit_status
from ccxx_cert.template import draft_permit, fan_out
from ccxx_cert.type_definition import TypeDefinition
from ccxx_core.hashes import hash160
from ccxx_core.script import p2wpkh_script
from ccxx_core.transaction import TxOutput
from ccxx_wallet.builder import CreditInput, Funded
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.keyring import Role
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.permit_facts import permit_facts


@dataclass(frozen=True, slots=True)
class Grant:
    """What the root grants: how many certificates of which type, to whom, and how."""

    issuer_key: bytes
    definition: TypeDefinition
    quantity: int
    script: Wrap
    fan_out: int
    fee_float: int


def draft_grant(live: LiveWallet, grant: Grant, feerate: int) -> Funded:
    """Draft a PERMIT from the root credit, with a fee float for the issuer behind the message."""
    live.require_anchor()
    keys = keys_in_force(live)
    _check(grant, keys)
    script = permit_script(keys.root_key, grant.issuer_key, keys.system_key)
    credit = _enough(live, grant.quantity)
    draft = draft_permit(
        grant.definition.permit_message(grant.quantity),
        wrap(script, grant.script),
        credit,
        grant.fan_out,
    )
    outputs = list(draft.outputs)
    if grant.fee_float:
        outputs.append(TxOutput(grant.fee_float, p2wpkh_script(hash160(grant.issuer_key))))
    return live.draft([root_input(live, coin) for coin in credit], outputs, feerate)


def coins_in_words(grant: Grant) -> str:
    """Say how large the permit's coins are, and what that means for batches."""
    sizes = fan_out(grant.quantity, grant.fan_out)
    most = f"{len(sizes)} for up to {max(sizes)} certificates each"
    if len(sizes) == 1:
        return most
    return (
        f"{most}: a larger batch takes several transactions, unless the issuer joins them first"
        " (`ccxx-issuer permit join`) or you grant with --fan-out 1"
    )


def keys_in_force(live: LiveWallet) -> KeyTerm:
    """Return R and S of a permit granted in the next block; raises WalletError NO_ANCHOR."""
    try:
        term = keys_at(live.ahead, live.moment.height)
    except CertificateError as error:
        raise WalletError(Refusal.NO_ANCHOR, f"{error}; wait for the root coin's block") from error
    if not term.root_key:
        raise WalletError(
            Refusal.NO_ANCHOR,
            "the root has moved and this wallet lacks the new root's document; run `anchor update`"
            " with the anchor file of the wallet that moved it, or wait for the block of the ROOT",
        )
    return term


def list_permits(live: LiveWallet) -> list[dict[str, Any]]:
    """Give all permits of the network as JSON, those in no block yet among them."""
    return [_facts(live, permit) for permit in live.permits()]


def _facts(live: LiveWallet, permit: Permit) -> dict[str, Any]:
    median_time = live.wallet.store.tip_median_time()
    status = permit_status(permit, live.tip_height, median_time)
    return permit_facts(permit, status, live.wallet.network)


def _check(grant: Grant, keys: KeyTerm) -> None:
    if grant.quantity < 1:
        raise WalletError(
            Refusal.NOT_ENOUGH_CREDIT, "quantity is 0; a permit is for at least 1 certificate"
        )
    if grant.quantity > 0xFFFFFFFF:
        raise WalletError(
            Refusal.NOT_ENOUGH_CREDIT, f"quantity {grant.quantity} is more than a permit can say"
        )
    if grant.fan_out < 1:
        raise WalletError(Refusal.NOT_ENOUGH_CREDIT, "--fan-out is 0; give at least 1")
    if 0 < grant.fee_float < 1_000:
        raise WalletError(
            Refusal.NOT_ENOUGH_COINS, "--fee-float is dust; give at least 0.00001, or 0 for none"
        )
    if grant.issuer_key in (keys.root_key, keys.system_key):
        raise WalletError(
            Refusal.WRONG_KEY, "this is a key of the root; ask the issuer for its own key"
        )


def _enough(live: LiveWallet, quantity: int) -> list[Credit]:
    """Return root coins worth a quantity, those of no draft first, then the largest."""
    reserved = live.drafts.reserved()
    chosen: list[Credit] = []
    total = 0
    root = get_root(live.ahead)
    script = None if root is None else root.script_pubkey
    coins = [coin for coin in live.credit_of(None) if coin.script_pubkey == script]
    for coin in sorted(coins, key=lambda coin: (coin.outpoint in reserved, -coin.value)):
        if total >= quantity * CERTIFICATE_VALUE:
            break
        chosen.append(coin)
        total += coin.value
    if total < quantity * CERTIFICATE_VALUE:
        raise WalletError(
            Refusal.NOT_ENOUGH_CREDIT,
            f"root credit is enough for {total // CERTIFICATE_VALUE} certificates, {quantity}"
            " wanted; grant fewer",
        )
    return chosen


def root_input(live: LiveWallet, coin: Credit) -> CreditInput:
    """Describe a root coin to its signer; raises WalletError NO_CREDIT_KEY if it is not ours."""
    keys = live.wallet.store.watched_keys(Role.CREDIT)
    key = next((each for each in keys if each.plain_script == coin.script_pubkey), None)
    if key is None:
        raise WalletError(
            Refusal.NO_CREDIT_KEY,
            f"root coin {format_outpoint(coin.outpoint)} is not guarded by this wallet's key; use"
            " the wallet that registered it, or to which the root moved",
        )
    return CreditInput(
        coin.outpoint,
        TxOutput(coin.value, coin.script_pubkey),
        origins=live.wallet.origins(key.public_key),
    )
