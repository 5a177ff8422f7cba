"""Value of credit in is value of credit out, exactly (rule 3); a certificate is one fixed value."""

from ccxx_cert.custody import CERTIFICATE_VALUE
from ccxx_cert.errors import CertificateError, Refusal
from ccxx_cert.spend import Spend
from ccxx_cert.state import Certificate, Credit, CreditKind
from ccxx_core.transaction import TxOutput


def check_conserved(spend: Spend) -> None:
    """Rule 3: credit in is credit out, and there is some."""
    if not spend.credits:
        raise CertificateError(Refusal.NO_CREDIT, "no input is credit")
    if spend.credit_in != spend.credit_out:
        raise CertificateError(
            Refusal.NOT_CONSERVED,
            f"{spend.credit_out} satoshis of credit out, {spend.credit_in} in",
        )


def check_values(outputs: tuple[TxOutput, ...]) -> None:
    """Check that every one of these outputs is worth exactly one certificate."""
    for vout, output in enumerate(outputs):
        if output.value != CERTIFICATE_VALUE:
            raise CertificateError(
                Refusal.WRONG_CERTIFICATE_VALUE,
                f"output {vout} has {output.value} satoshis, need {CERTIFICATE_VALUE}",
            )


def check_whole(outputs: tuple[TxOutput, ...]) -> None:
    """Check that every one of these permit coins is worth whole certificates.

    A coin that is not could never be used up, and would strand what its permit may still issue.
    """
    for output in outputs:
        if output.value % CERTIFICATE_VALUE:
            raise CertificateError(
                Refusal.PERMIT_COIN_NOT_WHOLE,
                f"permit coin of {output.value} satoshis, need a multiple of {CERTIFICATE_VALUE}",
            )


def certificate_credit(certificate: Certificate) -> Credit:
    """Return the coin of a certificate at its latest station."""
    holding = certificate.holding
    return Credit(
        holding.location,
        CERTIFICATE_VALUE,
        holding.script_pubkey,
        CreditKind.CERTIFICATE,
        certificate.id,
    )
