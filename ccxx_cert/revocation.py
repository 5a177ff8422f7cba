"""Rules 7, 8 and 13: certificates, batches and permits are revoked, held and released."""

from dataclasses import replace

from ccxx_cert.authority import authority_over, check_moves_no_credit
from ccxx_cert.errors import CertificateError, Refusal
from ccxx_cert.identity import format_outpoint
from ccxx_cert.records import RevocationReason, RevokeMessage
from ccxx_cert.spend import Outcome, Spend
from ccxx_cert.standing import Revocation
from ccxx_cert.state import (
    Batch,
    Certificate,
    Permit,
    RegistryView,
    get_batch,
    get_certificate,
    get_permit,
)
from ccxx_core.transaction import OutPoint

WHOLE = 0xFFFF

Subject = Certificate | Batch | Permit


def revoke(message: RevokeMessage, spend: Spend, view: RegistryView) -> Outcome:
    """Rule 7: whoever may revoke says so of one certificate, a batch, or a permit."""
    check_moves_no_credit(spend)
    subject = _subject_of(message, view)
    permit = _permit_of(subject, view)
    by = authority_over(permit, spend, view)
    now = _after(subject.revocation, message.reason)
    revocation = None
    if now is not None:
        revocation = Revocation(
            spend.tx.txid, spend.moment, now, message.since, message.evidence, by
        )
    revoked = replace(subject, revocation=revocation)
    # A batch has no outpoint of its own: its permit's page tells of it.
    named = permit.id if isinstance(subject, Batch) else subject.id
    return Outcome((revoked,), (named,))


def _subject_of(message: RevokeMessage, view: RegistryView) -> Subject:
    found: Subject | None
    if message.vout == WHOLE:
        found = get_permit(view, OutPoint(message.txid, 0)) or get_batch(view, message.txid)
    else:
        found = get_certificate(view, OutPoint(message.txid, message.vout))
    if found is None:
        name = format_outpoint(OutPoint(message.txid, message.vout))
        raise CertificateError(Refusal.UNKNOWN_SUBJECT, f"nothing is called {name}")
    return found


def _permit_of(subject: Subject, view: RegistryView) -> Permit:
    if isinstance(subject, Permit):
        return subject
    permit = get_permit(view, subject.permit_id)
    if permit is None:
        raise CertificateError(Refusal.UNKNOWN_SUBJECT, "its permit is unknown")
    return permit


def _after(before: Revocation | None, reason: RevocationReason) -> RevocationReason | None:
    """Rule 8: holds toggle, every other reason is final; return what holds from now on."""
    if before is not None and not before.is_hold:
        raise CertificateError(
            Refusal.REVOKED_BEFORE,
            f"since height {before.moment.height}, and that revocation is for ever",
        )
    if reason is RevocationReason.REMOVE_FROM_HOLD:
        if before is None:
            raise CertificateError(Refusal.NOT_SUSPENDED, "there is no hold to remove")
        return None
    if before is not None and reason is RevocationReason.HOLD:
        raise CertificateError(Refusal.REVOKED_BEFORE, f"held since height {before.moment.height}")
    return reason
