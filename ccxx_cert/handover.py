"""Rules 6 and 16: certificates pass to new holders or keys, or are given back."""

from dataclasses import replace

from ccxx_cert.conservation import certificate_credit, check_conserved, check_values, check_whole
from ccxx_cert.errors import CertificateError, Refusal
from ccxx_cert.holders import declare_holder, with_shown_holder
from ccxx_cert.identity import cert_ref, format_outpoint
from ccxx_cert.permit_moves import permit_coins
from ccxx_cert.records import RecoverMessage, SurrenderMessage, TransferMessage
from ccxx_cert.spend import Outcome, Spend, SpentCredit
from ccxx_cert.standing import Return
from ccxx_cert.state import (
    Certificate,
    CreditKind,
    Holding,
    RegistryView,
    Step,
    get_certificate,
    get_permit,
)
from ccxx_cert.status import is_expired, is_valid, revocation_of


def transfer(message: TransferMessage, spend: Spend, view: RegistryView) -> Outcome:
    """Rule 6: each certificate passes from the j-th certificate input to the j-th output."""
    check_conserved(spend)
    certificates = _spent_certificates(spend, view)
    for certificate in certificates:
        permit = get_permit(view, certificate.permit_id)
        if permit is None or not permit.message.transferable:
            raise CertificateError(Refusal.NOT_TRANSFERABLE, f"the type of {_name(certificate)}")
        _check_movable(certificate, spend, view)
    return _move(message, spend, certificates, Step.TRANSFERRED)


def recover(message: RecoverMessage, spend: Spend, view: RegistryView) -> Outcome:
    """Rule 6: as a transfer, to another key of the same person, where the permit allows it."""
    check_conserved(spend)
    certificates = _spent_certificates(spend, view)
    for certificate in certificates:
        permit = get_permit(view, certificate.permit_id)
        if permit is None or not permit.message.recovery:
            raise CertificateError(
                Refusal.RECOVERY_NOT_ALLOWED, f"the type of {_name(certificate)}"
            )
        _check_movable(certificate, spend, view)
    return _move(message, spend, certificates, Step.RECOVERED)


def surrender(message: SurrenderMessage, spend: Spend, view: RegistryView) -> Outcome:
    """Rule 16: certificates of one permit end, and their credit returns to its script."""
    check_conserved(spend)
    certificates = _spent_certificates(spend, view)
    permit = get_permit(view, certificates[0].permit_id)
    if permit is None or len({each.permit_id for each in certificates}) > 1:
        raise CertificateError(Refusal.NOT_ONE_PERMIT, "the certificates have several permits")
    if any(output.script_pubkey != permit.script_pubkey for output in spend.credit_outputs):
        raise CertificateError(Refusal.RETURNED_ELSEWHERE, "an output leaves the permit script")
    check_whole(spend.credit_outputs)
    _check_reference(message.ref, certificates[0])
    surrendered = Return(spend.tx.txid, spend.moment, message.note)
    given_back = (
        replace(with_shown_holder(certificate, spend.shown_script(spent)), surrendered=surrendered)
        for spent, certificate in zip(spend.credits, certificates, strict=True)
    )
    account = replace(permit, credit=permit.credit + spend.credit_in)
    subjects = (permit.id, *(certificate.id for certificate in certificates))
    return Outcome((*given_back, account, *permit_coins(spend, permit.id)), subjects)


def _move(
    message: TransferMessage | RecoverMessage,
    spend: Spend,
    certificates: list[Certificate],
    step: Step,
) -> Outcome:
    outputs = spend.credit_outputs
    if len(outputs) != len(certificates):
        found = f"{len(outputs)} outputs for {len(certificates)} certificates"
        raise CertificateError(Refusal.WRONG_OUTPUT_COUNT, found)
    check_values(outputs)
    _check_reference(message.ref, certificates[0])
    moved = []
    for vout, (spent, certificate) in enumerate(zip(spend.credits, certificates, strict=True)):
        shown = with_shown_holder(certificate, spend.shown_script(spent))
        holding = _station(message, spend, certificate, vout, step)
        moved.append(replace(shown, holdings=(*shown.holdings, holding)))
    if message.holder_key is not None and moved[0].holder_key is None:
        raise CertificateError(Refusal.WRONG_HOLDER_KEY, "it does not rebuild the first output")
    coins = (certificate_credit(certificate) for certificate in moved)
    return Outcome((*moved, *coins), tuple(certificate.id for certificate in moved))


def _spent_certificates(spend: Spend, view: RegistryView) -> list[Certificate]:
    return [_spent_certificate(spent, view) for spent in spend.credits]


def _spent_certificate(spent: SpentCredit, view: RegistryView) -> Certificate:
    owner = spent.credit.owner
    certificate = get_certificate(view, owner) if owner is not None else None
    if spent.credit.kind is not CreditKind.CERTIFICATE or certificate is None:
        raise CertificateError(
            Refusal.NOT_CERTIFICATES, f"input {spent.position} is {spent.credit.kind} credit"
        )
    return certificate


def _check_movable(certificate: Certificate, spend: Spend, view: RegistryView) -> None:
    """Check that a certificate is valid, and not expired in this block."""
    revocation = revocation_of(view, certificate)
    if revocation is not None:
        refusal = (
            Refusal.CERTIFICATE_SUSPENDED if revocation.is_hold else Refusal.CERTIFICATE_REVOKED
        )
        raise CertificateError(refusal, _name(certificate))
    if not is_valid(certificate):
        raise CertificateError(Refusal.CERTIFICATE_NOT_VALID, _name(certificate))
    if is_expired(certificate, spend.moment.height, spend.moment.median_time_past):
        raise CertificateError(Refusal.CERTIFICATE_EXPIRED, _name(certificate))


def _check_reference(reference: bytes, first: Certificate) -> None:
    wanted = cert_ref(first.id)
    if reference != wanted:
        raise CertificateError(
            Refusal.WRONG_REFERENCE,
            f"{reference.hex()}, the first certificate's is {wanted.hex()}",
        )


def _name(certificate: Certificate) -> str:
    return f"certificate {format_outpoint(certificate.id)}"


def _station(
    message: TransferMessage | RecoverMessage,
    spend: Spend,
    certificate: Certificate,
    vout: int,
    step: Step,
) -> Holding:
    """Return a certificate's new station.

    The message names the first certificate and its holder's key: of the others, one that pays to
    a key of its own is opaque until it is spent.
    """
    holding = Holding(
        spend.outpoint(vout),
        spend.tx.outputs[vout].script_pubkey,
        step,
        spend.moment,
        deed_hash=message.deed_hash,
    )
    if message.holder_key is None:
        return holding
    return declare_holder(certificate, holding, message.holder_key)
