"""The permits that this issuer's keys may use, and which of their coins a draft spends."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from ccxx_cert.custody import CERTIFICATE_VALUE, Wrap, permit_script, wrap
from ccxx_cert.identity import format_outpoint
from ccxx_cert.state import Credit, Permit, get_permit
from ccxx_cert.status import Status, permit_status
from ccxx_cert.type_definition import TypeDefinition
from ccxx_core.hashes import format_hash
from ccxx_core.script import is_p2sh
from ccxx_core.transaction import OutPoint, TxOutput
from ccxx_wallet.builder import CreditInput
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.keyring import Role
from ccxx_wallet.live import LiveWallet
from ccxx_wallet.permit_facts import permit_facts

# A permit, our issuer key in it, and its script.
OwnPermit = tuple[Permit, bytes, bytes]
_ISSUES_NO_MORE = (Status.REVOKED, Status.SUSPENDED, Status.CLOSED, Status.EXPIRED)
# Where a definition has what a permit's message says.
_FIELDS = {
    "code": "code",
    "title": "short_title",
    "transferable": "transferable",
    "custody": "custody",
    "recovery": "recovery",
    "public_summary": "public_summary",
    "issuer_revokes": "revocation.issuer",
    "root_revokes": "revocation.root",
    "expiry_kind": "expiry.kind",
    "expiry": "expiry.value",
}


def own_permits(live: LiveWallet) -> list[OwnPermit]:
    """Return the permits that our keys are part of, those in no block yet among them.

    An issuer's key is hidden in the permit's script until used: each of ours is tried.
    """
    keys = [key.public_key for key in live.wallet.store.watched_keys(Role.ISSUER)]
    found = []
    for permit in live.permits():
        current = get_permit(live.ahead, permit.id) or permit
        for key in keys:
            script = permit_script(permit.root_key, key, permit.system_key)
            if permit.script_pubkey in (wrap(script, how) for how in Wrap):
                found.append((current, key, script))
    return found


def list_permits(live: LiveWallet) -> list[dict[str, Any]]:
    """Give our permits as JSON."""
    rows = []
    for permit, key, _ in own_permits(live):
        status = permit_status(permit, live.tip_height, live.wallet.store.tip_median_time())
        facts = permit_facts(permit, status, live.wallet.network)
        has_type = live.wallet.store.document(permit.message.typedef_hash) is not None
        rows.append({**facts, "issuer_key": key.hex(), "has_type_definition": has_type})
    return rows


def choose_permit(
    live: LiveWallet, wanted: OutPoint | None, definition: TypeDefinition | None
) -> OwnPermit:
    """Return the permit to issue under: the one named, or the only one with credit.

    A type definition narrows the choice. Raises WalletError UNKNOWN_PERMIT.
    """
    own = own_permits(live)
    found = [each for each in own if wanted is None or each[0].id == wanted]
    if wanted is not None and not found:
        raise WalletError(
            Refusal.UNKNOWN_PERMIT,
            f"{format_outpoint(wanted)} is no permit of this wallet's keys; see permit list",
        )
    _check_mined(live, found)
    if wanted is None:
        found = [
            each for each in found if each[0].credit and each[0].granted.height <= live.tip_height
        ]
    if not found:
        raise WalletError(
            Refusal.UNKNOWN_PERMIT,
            "no permit with credit left is for this wallet's keys; ask the root to grant one to"
            " the key that `ccxx-issuer key` shows",
        )
    return _fitting(_able_to_issue(live, found) or found, definition)


def _able_to_issue(live: LiveWallet, found: Sequence[OwnPermit]) -> list[OwnPermit]:
    """Leave out permits that issue no more; if no other is left, the rules say what is wrong."""
    median_time = live.wallet.store.tip_median_time()
    return [
        each
        for each in found
        if permit_status(each[0], live.tip_height, median_time) not in _ISSUES_NO_MORE
    ]


def _check_mined(live: LiveWallet, found: Sequence[OwnPermit]) -> None:
    """Raise WalletError UNKNOWN_PERMIT if the permits there are all wait for their block."""
    waiting = [permit for permit, _, _ in found if permit.granted.height > live.tip_height]
    usable = [permit for permit, _, _ in found if permit.credit and permit not in waiting]
    if waiting and not usable:
        raise WalletError(
            Refusal.UNKNOWN_PERMIT,
            f"permit {waiting[0].message.code} was granted in {format_hash(waiting[0].id.txid)},"
            " which is in no block yet; wait for its block",
        )


def _fitting(found: Sequence[OwnPermit], definition: TypeDefinition | None) -> OwnPermit:
    """Return the only permit that a definition fits, or the only one there is."""
    fits = [each for each in found if _fits(each[0], definition)]
    if not fits:
        for permit, key, _ in found:
            check_definition(permit, key, definition)
    if len(fits) > 1:
        names = ", ".join(format_outpoint(permit.id) for permit, _, _ in fits)
        raise WalletError(Refusal.UNKNOWN_PERMIT, f"several permits; choose with --permit: {names}")
    return fits[0]


def stored_definition(live: LiveWallet, permit: Permit) -> TypeDefinition:
    """Return the definition of a permit's type; raises WalletError WRONG_TYPE_DEFINITION."""
    document = live.wallet.store.document(permit.message.typedef_hash)
    if document is None:
        raise WalletError(
            Refusal.WRONG_TYPE_DEFINITION,
            "this wallet does not know the permit's type definition; give the file with --type",
        )
    return TypeDefinition.decode(document.body)


def check_definition(permit: Permit, key: bytes, definition: TypeDefinition | None) -> None:
    """Check a type definition against a permit; raises WalletError WRONG_TYPE_DEFINITION."""
    if definition is None or _fits(permit, definition):
        return
    differences = "; ".join(_differences(definition, permit, key))
    raise WalletError(
        Refusal.WRONG_TYPE_DEFINITION,
        f"this is not the type definition of permit {format_outpoint(permit.id)}: {differences};"
        " ask the root for the file that was granted (`ccxx-root permit type`)",
    )


def _differences(definition: TypeDefinition, permit: Permit, key: bytes) -> Iterator[str]:
    """Say in which fields a definition is not the one behind a permit."""
    message = definition.permit_message(permit.message.quantity)
    pairs = [
        (field, _text(getattr(message, name)), _text(getattr(permit.message, name)))
        for name, field in _FIELDS.items()
    ]
    pairs.append(("issuer.key", definition.issuer_key.hex(), key.hex()))
    differing = [pair for pair in pairs if pair[1] != pair[2]]
    for field, found, wanted in differing:
        yield f"{field} is {found}, the permit has {wanted}"
    if not differing:
        # The chain has only the hash of these.
        yield "issuer.name, title, criteria, rules or languages differ from what was granted"


def _text(value: object) -> str:
    return str(getattr(value, "label", value))


def choose_coin(live: LiveWallet, permit: Permit, count: int) -> Credit:
    """Return a permit coin worth `count` certificates.

    Raises WalletError NOT_ENOUGH_CREDIT, saying whether a smaller batch would do.
    """
    if count < 1:
        raise WalletError(Refusal.NOT_ENOUGH_CREDIT, "quantity is 0; issue at least 1 certificate")
    # What a re-keying left at the script of the old keys can only be closed.
    coins = [
        coin for coin in live.credit_of(permit.id) if coin.script_pubkey == permit.script_pubkey
    ]
    for coin in coins:
        if coin.value >= count * CERTIFICATE_VALUE:
            return coin
    most = max((coin.value // CERTIFICATE_VALUE for coin in coins), default=0)
    left = permit.credit // CERTIFICATE_VALUE
    advice = "ask the root for another permit"
    if left >= count:
        advice = f"issue at most {most} at once, or make one coin of them with `permit join`"
    raise WalletError(
        Refusal.NOT_ENOUGH_CREDIT,
        f"the permit has {left} certificates left, {most} in its largest coin, {count} wanted;"
        f" {advice}",
    )


def permit_input(live: LiveWallet, coin: Credit, script: bytes, key: bytes) -> CreditInput:
    """Describe a permit coin to its co-signers."""
    return CreditInput(
        coin.outpoint,
        TxOutput(coin.value, coin.script_pubkey),
        script,
        signatures=3,
        previous=live.previous(coin.outpoint) if is_p2sh(coin.script_pubkey) else None,
        origins=live.wallet.origins(key),
    )


def first_free_serial(used: Collection[int], count: int) -> int:
    """Return the first serial from which `count` serials are unused."""
    start = 1
    for serial in sorted(used):
        if serial - start >= count:
            break
        start = max(start, serial + 1)
    return start


def _fits(permit: Permit, definition: TypeDefinition | None) -> bool:
    return definition is None or permit.message.typedef_hash == definition.typedef_hash
