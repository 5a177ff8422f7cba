"""What ISSUE, BATCH and CLAIM share: an open permit, outputs that are certificates, new records."""

from dataclasses import replace
from typing import NamedTuple

from ccxx_cert.authority import watch_issuer
from ccxx_cert.conservation import certificate_credit, check_values, check_whole
from ccxx_cert.custody import CERTIFICATE_VALUE, third_key
from ccxx_cert.errors import CertificateError, Refusal
from ccxx_cert.expiry import certificate_deadline, permit_deadline
from ccxx_cert.identity import format_outpoint
from ccxx_cert.records import BatchMessage, IssueMessage
from ccxx_cert.spend import Outcome, Spend, SpentCredit
from ccxx_cert.state import (
    Certificate,
    Credit,
    CreditKind,
    Holding,
    Moment,
    Permit,
    RegistryView,
    SerialUse,
    Step,
    get_permit,
    serial_key,
)


class Mint(NamedTuple):
    """A permit, and the issuer's key that the script of its spent coin shows."""

    permit: Permit
    issuer_key: bytes


def open_permit(spend: Spend, view: RegistryView) -> Mint:
    """Return the permit of the single permit coin spent, and the key of its issuer."""
    kinds = [str(credit.kind) for _, credit in spend.credits]
    if kinds != [CreditKind.PERMIT]:
        raise CertificateError(Refusal.NOT_ONE_PERMIT_COIN, f"credit inputs: {', '.join(kinds)}")
    (spent,) = spend.credits
    owner = spent.credit.owner
    permit = get_permit(view, owner) if owner is not None else None
    if permit is None:
        raise CertificateError(Refusal.PERMIT_NOT_ACTIVE, "unknown permit")
    check_active(permit, spend.moment)
    return Mint(permit, shown_issuer(permit, spent, spend))


def check_active(permit: Permit, moment: Moment) -> None:
    """Check that nothing stops a permit from issuing at a block."""
    name = f"permit {format_outpoint(permit.id)}"
    if permit.revocation is not None:
        is_hold = permit.revocation.is_hold
        raise CertificateError(
            Refusal.PERMIT_SUSPENDED if is_hold else Refusal.PERMIT_REVOKED, name
        )
    if permit.closed is not None:
        raise CertificateError(Refusal.PERMIT_CLOSED, name)
    if permit_deadline(permit.message).has_passed(moment.height, moment.median_time_past):
        raise CertificateError(Refusal.PERMIT_EXPIRED, name)


def shown_issuer(permit: Permit, spent: SpentCredit, spend: Spend) -> bytes:
    """Return the issuer's key that a permit coin's script shows; raises CertificateError."""
    script = spend.shown_script(spent)
    if script is None:
        raise CertificateError(Refusal.SCRIPT_NOT_SHOWN, "the permit script is not shown")
    if not permit.root_key:
        raise CertificateError(
            Refusal.ROOT_DOCUMENT_UNKNOWN, "the trust anchor lacks the document of a later root"
        )
    issuer_key = third_key(script, permit.root_key, permit.system_key)
    # A coin that a REKEY left behind still has the script of the keys that were replaced.
    if issuer_key is None or spent.credit.script_pubkey != permit.script_pubkey:
        raise CertificateError(
            Refusal.NOT_PERMIT_SCRIPT, "the script spent is not the 3-of-3 of root, issuer, system"
        )
    return issuer_key


def check_minted(spend: Spend, permit: Permit, count: int) -> None:
    """Check that `count` certificates and nothing but change stand before the message."""
    outputs = spend.credit_outputs
    if len(outputs) < count:
        raise CertificateError(Refusal.TOO_FEW_OUTPUTS, f"{len(outputs)} outputs, need {count}")
    check_values(outputs[:count])
    if any(change.script_pubkey != permit.script_pubkey for change in outputs[count:]):
        raise CertificateError(Refusal.CHANGE_ELSEWHERE, "change leaves the permit script")
    check_whole(outputs[count:])


def check_serials(view: RegistryView, permit: Permit, start: int, count: int) -> None:
    """Rule 8: the first use of a serial wins."""
    for serial in range(start, start + count):
        used = view.get(serial_key(permit.id, serial))
        if isinstance(used, SerialUse):
            raise CertificateError(
                Refusal.SERIAL_USED,
                f"serial {serial} is {format_outpoint(used.taken_by)}",
            )


def new_certificate(
    message: IssueMessage | BatchMessage, spend: Spend, mint: Mint, vout: int, serial: int
) -> Certificate:
    deadline = certificate_deadline(
        message.expiry_kind, message.expiry, mint.permit.message, spend.moment
    )
    outpoint, output = spend.outpoint(vout), spend.tx.outputs[vout]
    return Certificate(
        id=outpoint,
        permit_id=mint.permit.id,
        serial=serial,
        policy=mint.permit.message.custody,
        root_key=mint.permit.root_key,
        issuer_key=mint.issuer_key,
        issued=spend.moment,
        holdings=(Holding(outpoint, output.script_pubkey, Step.ISSUED, spend.moment),),
        text=message.text,
        expires_time=deadline.time,
        expires_height=deadline.height,
    )


def minted(
    spend: Spend, mint: Mint, certificates: tuple[Certificate, ...], view: RegistryView
) -> Outcome:
    """Return the certificates, their coins, the permit's change and its new account."""
    permit = mint.permit
    count = len(certificates)
    coins = [certificate_credit(certificate) for certificate in certificates]
    watched = watch_issuer(mint.issuer_key, view) if permit.issuer_key is None else ()
    change = [
        Credit(
            spend.outpoint(vout), output.value, output.script_pubkey, CreditKind.PERMIT, permit.id
        )
        for vout, output in enumerate(spend.credit_outputs)
        if vout >= count
    ]
    account = replace(
        permit,
        credit=permit.credit - count * CERTIFICATE_VALUE,
        issued=permit.issued + count,
        issuer_key=mint.issuer_key,
    )
    subjects = (permit.id, *(certificate.id for certificate in certificates))
    return Outcome((*certificates, *coins, *change, account, *watched), subjects)
