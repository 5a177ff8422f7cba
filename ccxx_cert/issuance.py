"""Rules 5 and 8: permit credit becomes certificates, one by one or in batches."""

from dataclasses import replace
from typing import NamedTuple

from ccxx_cert.conservation import certificate_credit, check_conserved, check_values
from ccxx_cert.custody import CERTIFICATE_VALUE, third_key
from ccxx_cert.errors import CertificateError, Refusal
from ccxx_cert.expiry import certificate_deadline, permit_deadline
from ccxx_cert.holders import declare_holder
from ccxx_cert.identity import format_outpoint
from ccxx_cert.records import BatchMessage, IssueMessage
from ccxx_cert.spend import Outcome, Spend
from ccxx_cert.state import (
    Batch,
    Certificate,
    Credit,
    CreditKind,
    Holding,
    Permit,
    RegistryView,
    SerialUse,
    Step,
    get_permit,
    serial_key,
)


class _Mint(NamedTuple):
    """A permit, and the issuer's key that the script of its spent coin shows."""

    permit: Permit
    issuer_key: bytes


def issue(message: IssueMessage, spend: Spend, view: RegistryView) -> Outcome:
    """Rule 5: permit credit becomes one certificate."""
    check_conserved(spend)
    mint = _open_permit(spend, view)
    _check_minted(spend, mint.permit, 1)
    _check_serials(view, mint.permit, message.serial, 1)
    certificate = replace(
        _new_certificate(message, spend, mint, 0, message.serial), doc_hash=message.doc_hash
    )
    if message.holder_key is not None:
        certificate = _with_declared_holder(certificate, message.holder_key)
    return _minted(spend, mint, (certificate,))


def issue_batch(message: BatchMessage, spend: Spend, view: RegistryView) -> Outcome:
    """Rule 5: permit credit becomes the certificates of a batch, in the order of its leaves."""
    check_conserved(spend)
    mint = _open_permit(spend, view)
    _check_minted(spend, mint.permit, message.count)
    _check_serials(view, mint.permit, message.serial_start, message.count)
    certificates = tuple(
        replace(
            _new_certificate(message, spend, mint, leaf, message.serial_start + leaf),
            batch=spend.tx.txid,
            leaf=leaf,
        )
        for leaf in range(message.count)
    )
    outcome = _minted(spend, mint, certificates)
    batch = Batch(spend.tx.txid, mint.permit.id, message, spend.moment)
    return replace(outcome, records=(*outcome.records, batch))


def _open_permit(spend: Spend, view: RegistryView) -> _Mint:
    """Return the permit of the single permit coin spent, and the key of its issuer."""
    kinds = [str(credit.kind) for _, credit in spend.credits]
    if kinds != [CreditKind.PERMIT]:
        raise CertificateError(Refusal.NOT_ONE_PERMIT_COIN, f"credit inputs: {', '.join(kinds)}")
    (spent,) = spend.credits
    owner = spent.credit.owner
    permit = get_permit(view, owner) if owner is not None else None
    if permit is None:
        raise CertificateError(Refusal.PERMIT_NOT_ACTIVE, "unknown permit")
    moment = spend.moment
    if permit_deadline(permit.message).has_passed(moment.height, moment.median_time_past):
        raise CertificateError(Refusal.PERMIT_EXPIRED, f"permit {format_outpoint(permit.id)}")
    script = spend.shown_script(spent)
    if script is None:
        raise CertificateError(Refusal.SCRIPT_NOT_SHOWN, "the permit script is not shown")
    issuer_key = third_key(script, permit.root_key, permit.system_key)
    if issuer_key is None:
        raise CertificateError(
            Refusal.NOT_PERMIT_SCRIPT, "the script spent is not the 3-of-3 of root, issuer, system"
        )
    return _Mint(permit, issuer_key)


def _check_minted(spend: Spend, permit: Permit, count: int) -> None:
    """Check that `count` certificates and nothing but change stand before the message."""
    outputs = spend.credit_outputs
    if len(outputs) < count:
        raise CertificateError(Refusal.TOO_FEW_OUTPUTS, f"{len(outputs)} outputs, need {count}")
    check_values(outputs[:count])
    if any(change.script_pubkey != permit.script_pubkey for change in outputs[count:]):
        raise CertificateError(Refusal.CHANGE_ELSEWHERE, "change leaves the permit script")


def _check_serials(view: RegistryView, permit: Permit, start: int, count: int) -> None:
    """Rule 8: the first use of a serial wins."""
    for serial in range(start, start + count):
        used = view.get(serial_key(permit.id, serial))
        if isinstance(used, SerialUse):
            raise CertificateError(
                Refusal.SERIAL_USED,
                f"serial {serial} is certificate {format_outpoint(used.certificate_id)}",
            )


def _new_certificate(
    message: IssueMessage | BatchMessage, spend: Spend, mint: _Mint, vout: int, serial: int
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


def _minted(spend: Spend, mint: _Mint, certificates: tuple[Certificate, ...]) -> Outcome:
    """Return the certificates, their coins and serials, the permit's change and its new account."""
    permit = mint.permit
    count = len(certificates)
    coins = [certificate_credit(certificate) for certificate in certificates]
    serials = [SerialUse(permit.id, each.serial, each.id) for each in certificates]
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
    return Outcome((*certificates, *coins, *serials, *change, account), subjects)


def _with_declared_holder(certificate: Certificate, holder_key: bytes) -> Certificate:
    holding = declare_holder(certificate, certificate.holding, holder_key)
    if holding.holder_key is None:
        raise CertificateError(
            Refusal.WRONG_HOLDER_KEY, f"{holder_key.hex()} does not rebuild the output's script"
        )
    return replace(certificate, holdings=(holding,))
