"""From a reviewed transaction to what it means for the policy: whose, how many, from when.

Everything comes from our own registry, or from scripts that the outputs' hashes commit to.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ccxx_cert.custody import CERTIFICATE_VALUE, opens, third_key
from ccxx_cert.identity import format_outpoint
from ccxx_cert.prospects import blocks_rested, count_transfers
from ccxx_cert.recognize import read_message
from ccxx_cert.records import BatchMessage, ClaimMessage, IssueMessage
from ccxx_cert.state import (
    Certificate,
    Credit,
    CreditKind,
    Permit,
    RegistryView,
    get_certificate,
    get_credit,
    get_permit,
)
from ccxx_core.psbt import Psbt
from ccxx_core.transaction import OutPoint
from ccxx_root.cosigner.face_value import FaceValue, total_face
from ccxx_root.cosigner.policy import GRANT, HAND_OVER, Moved, Order
from ccxx_root.cosigner.refusals import CosignerError, Refusal
from ccxx_wallet.authority_coins import permit_at
from ccxx_wallet.drafts import claimed_serial
from ccxx_wallet.signer import Review

_COSIGNED = (CreditKind.PERMIT, CreditKind.CERTIFICATE)
# What the type definition behind a permit's hash says about hand-overs; None if it is not known.
RulesOf = Callable[[bytes], Mapping[str, object] | None]


@dataclass(frozen=True, slots=True)
class Known:
    """What this machine knows: its registry, all permits, the next block's height, the types."""

    view: RegistryView
    permits: Callable[[], Sequence[Permit]]
    next_height: int
    rules_of: RulesOf


class _Minted(NamedTuple):
    """First serial, number of serials, of certificates not announced before, of coins used."""

    serial_start: int
    issued: int
    announced: int
    coins: int


def read_order(psbt: Psbt, found: Review, known: Known) -> Order:
    """Return what a transaction, reviewed and harmless, means for the policy.

    Raises CosignerError ACTION_NOT_ALLOWED where it is nothing that a co-signer signs.
    """
    if found.action == GRANT:
        return _read_grant(psbt, found)
    spent = [
        (index, credit)
        for index, tx_input in enumerate(psbt.transaction.inputs)
        if (credit := get_credit(known.view, tx_input.prevout)) is not None
    ]
    if not spent:
        return _read_speech(psbt, found, known)
    if any(credit.kind not in _COSIGNED for _, credit in spent):
        raise CosignerError(
            Refusal.ACTION_NOT_ALLOWED,
            f"{found.action} is not signed here: only what spends permits and certificates is",
        )
    owners = {_issuer_and_permit(psbt, index, credit, known.view) for index, credit in spent}
    if len({issuer for issuer, _ in owners}) != 1:
        raise CosignerError(
            Refusal.ACTION_NOT_ALLOWED, "certificates of several issuers are not signed together"
        )
    issuer_key, permit = min(owners)
    minted = _minted(psbt, known.view)
    moved = _moved(spent, known)
    return Order(
        action=found.action,
        issuer_key=issuer_key,
        permit=permit,
        signable=tuple(index for index, _ in spent),
        issued=minted.issued,
        serial_start=minted.serial_start,
        moved=moved,
        value=(minted.coins + len(moved)) * CERTIFICATE_VALUE,
        face=_face(found.action, known, (permit, minted.announced), moved),
        fee=found.fee,
    )


def _read_grant(psbt: Psbt, found: Review) -> Order:
    """Return what a permit that is granted means: the root's own keys sign every input."""
    return Order(
        action=GRANT,
        issuer_key=None,
        permit=OutPoint(psbt.transaction.txid, 0),
        signable=tuple(range(len(psbt.inputs))),
        fee=found.fee,
    )


def _face(
    action: str, known: Known, minted: tuple[OutPoint, int], moved: Sequence[Moved]
) -> FaceValue:
    """Add up the face value of what is issued under a permit, and of what changes hands."""
    permit_id, issued = minted
    certificates = [(1, each.rules) for each in moved if action == HAND_OVER]
    if issued:
        permit = get_permit(known.view, permit_id)
        rules = None if permit is None else known.rules_of(permit.message.typedef_hash)
        certificates.append((issued, rules))
    return total_face(certificates)


def _read_speech(psbt: Psbt, found: Review, known: Known) -> Order:
    """Return what a message without credit means that speaks by the scripts of permits.

    R speaks alone for nothing: only inputs that all three keys of a permit guard are signed.
    """
    permits = {
        index: permit
        for index in range(len(psbt.inputs))
        if (permit := permit_at(known.view, known.permits(), psbt.spent_output(index)))
    }
    if not permits:
        raise CosignerError(
            Refusal.ACTION_NOT_ALLOWED,
            f"{found.action} is not signed here: it spends no permit, no certificate, and no coin"
            " at a permit's script",
        )
    issuers = {_issuer_of(psbt, index, permit) for index, permit in permits.items()}
    if len(issuers) != 1:
        raise CosignerError(
            Refusal.ACTION_NOT_ALLOWED, "several issuers do not speak in one message"
        )
    return Order(
        action=found.action,
        issuer_key=issuers.pop(),
        permit=_permit_named(found, known.view) or next(iter(permits.values())).id,
        signable=tuple(permits),
        fee=found.fee,
    )


def _permit_named(found: Review, view: RegistryView) -> OutPoint | None:
    """Return the permit that a message is about, or whose certificate it is about."""
    for subject in found.subjects:
        certificate = get_certificate(view, subject)
        return subject if certificate is None else certificate.permit_id
    return None


def _issuer_of(psbt: Psbt, index: int, permit: Permit) -> bytes:
    """Return the issuer's key in the permit script behind an input; raises CosignerError."""
    described = psbt.inputs[index]
    script = described.witness_script or described.redeem_script or b""
    # The script is the file's claim until it hashes to what our node knows.
    if opens(script, psbt.spent_output(index).script_pubkey):
        issuer_key = third_key(script, permit.root_key, permit.system_key)
        if issuer_key is not None:
            return issuer_key
    raise CosignerError(
        Refusal.ACTION_NOT_ALLOWED,
        f"input {index} does not show the permit script of {format_outpoint(permit.id)}",
    )


def _issuer_and_permit(
    psbt: Psbt, index: int, credit: Credit, view: RegistryView
) -> tuple[bytes, OutPoint]:
    """Return whose permit a coin belongs to: a certificate's record says it, a permit's script."""
    owner = credit.owner
    certificate = None if owner is None else get_certificate(view, owner)
    if certificate is not None:
        return certificate.issuer_key, certificate.permit_id
    permit = None if owner is None else get_permit(view, owner)
    if permit is None:
        raise CosignerError(
            Refusal.ACTION_NOT_ALLOWED, f"input {index} is credit of no permit known here"
        )
    return _issuer_of(psbt, index, permit), permit.id


def _minted(psbt: Psbt, view: RegistryView) -> _Minted:
    """Return what it issues: a deferred batch announces all, its claims spend the credit."""
    reading = read_message(psbt.transaction)
    match reading.message if reading is not None else None:
        case IssueMessage(serial=serial):
            return _Minted(serial, 1, 1, 1)
        case BatchMessage(serial_start=start, count=count, deferred=deferred):
            return _Minted(start, count, count, 0 if deferred else count)
        case ClaimMessage() as claim:
            return _Minted(claimed_serial(claim, view) or 0, 1, 0, 1)
        case _:
            return _Minted(0, 0, 0, 0)


def _moved(spent: list[tuple[int, Credit]], known: Known) -> tuple[Moved, ...]:
    moved = []
    for _, credit in spent:
        certificate = None if credit.owner is None else get_certificate(known.view, credit.owner)
        if certificate is not None:
            permit = get_permit(known.view, certificate.permit_id)
            rules = None if permit is None else known.rules_of(permit.message.typedef_hash)
            moved.append(_hand_over(certificate, known.next_height, rules))
    return tuple(moved)


def _hand_over(
    certificate: Certificate, next_height: int, rules: Mapping[str, object] | None
) -> Moved:
    return Moved(
        certificate=certificate.id,
        transfers=count_transfers(certificate),
        rested=blocks_rested(certificate, next_height),
        rules=rules,
    )
