"""Rule 6: certificates pass to new holders."""

from dataclasses import replace

from ccxx_cert.conservation import certificate_credit, check_conserved, check_values
from ccxx_cert.errors import CertificateError, Refusal
from ccxx_cert.holders import declare_holder, with_shown_holder
from ccxx_cert.identity import cert_ref, format_outpoint
from ccxx_cert.records import TransferMessage
from ccxx_cert.spend import Outcome, Spend, SpentCredit
from ccxx_cert.state import (
    Certificate,
    CreditKind,
    Holding,
    RegistryView,
    Step,
    get_certificate,
    get_permit,
)
from ccxx_cert.status import is_expired, is_valid


def transfer(message: TransferMessage, spend: Spend, view: RegistryView) -> Outcome:
    """Rule 6: each certificate passes from the j-th certificate input to the j-th output."""
    check_conserved(spend)
    certificates = [_spent_certificate(spent, view) for spent in spend.credits]
    for certificate in certificates:
        _check_transferable(certificate, spend, view)
    outputs = spend.credit_outputs
    if len(outputs) != len(certificates):
        found = f"{len(outputs)} outputs for {len(certificates)} certificates"
        raise CertificateError(Refusal.WRONG_OUTPUT_COUNT, found)
    check_values(outputs)
    if message.ref != cert_ref(certificates[0].id):
        raise CertificateError(
            Refusal.WRONG_REFERENCE,
            f"{message.ref.hex()}, the first certificate's is {cert_ref(certificates[0].id).hex()}",
        )
    moved = [
        _moved(message, spend, spent, certificate, vout)
        for vout, (spent, certificate) in enumerate(zip(spend.credits, certificates, strict=True))
    ]
    if message.holder_key is not None and moved[0].holder_key is None:
        raise CertificateError(Refusal.WRONG_HOLDER_KEY, "it does not rebuild the first output")
    coins = (certificate_credit(certificate) for certificate in moved)
    return Outcome((*moved, *coins), tuple(certificate.id for certificate in moved))


def _spent_certificate(spent: SpentCredit, view: RegistryView) -> Certificate:
    owner = spent.credit.owner
    certificate = get_certificate(view, owner) if owner is not None else None
    if spent.credit.kind is not CreditKind.CERTIFICATE or certificate is None:
        raise CertificateError(
            Refusal.NOT_CERTIFICATES, f"input {spent.position} is {spent.credit.kind} credit"
        )
    return certificate


def _check_transferable(certificate: Certificate, spend: Spend, view: RegistryView) -> None:
    permit = get_permit(view, certificate.permit_id)
    name = format_outpoint(certificate.id)
    if permit is None or not permit.message.transferable:
        raise CertificateError(Refusal.NOT_TRANSFERABLE, f"the type of certificate {name}")
    if not is_valid(certificate):
        raise CertificateError(Refusal.CERTIFICATE_NOT_VALID, f"certificate {name}")
    if is_expired(certificate, spend.moment.height, spend.moment.median_time_past):
        raise CertificateError(Refusal.CERTIFICATE_EXPIRED, f"certificate {name}")


def _moved(
    message: TransferMessage, spend: Spend, spent: SpentCredit, certificate: Certificate, vout: int
) -> Certificate:
    """Return a certificate at its new output.

    The message names the first certificate and its holder's key: of the others, one that pays to
    a key of its own is opaque until it is spent.
    """
    shown = with_shown_holder(certificate, spend.shown_script(spent))
    holding = Holding(
        spend.outpoint(vout),
        spend.tx.outputs[vout].script_pubkey,
        Step.TRANSFERRED,
        spend.moment,
        deed_hash=message.deed_hash,
    )
    if message.holder_key is not None:
        holding = declare_holder(certificate, holding, message.holder_key)
    return replace(shown, holdings=(*shown.holdings, holding))
