"""The verdict on a certificate, and the separate checks that it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ccxx_cert.holders import keeps_policy
from ccxx_cert.standing import Revocation
from ccxx_cert.state import Batch, Certificate, Permit
from ccxx_cert.status import PROVISIONAL_BELOW, Status, confirmations, is_expired
from ccxx_cert.type_definition import TypeDefinition
from ccxx_explorer.database.rows import BlockRow, VerdictRow
from ccxx_explorer.facts import Check, CheckResult, PermitLine, Statement, Tone
from ccxx_explorer.views.expiry import expiry_facts, past_tense
from ccxx_explorer.views.revocation import revocation_words
from ccxx_explorer.views.verdicts import reason_words
from ccxx_explorer.wording import format_count, format_time, printable

TONES = {
    Status.VALID: Tone.GOOD,
    Status.PROVISIONAL: Tone.WARN,
    Status.PENDING: Tone.WARN,
    Status.EXPIRED: Tone.WARN,
    Status.EXHAUSTED: Tone.CALM,
    Status.NEEDS_NEWER: Tone.CALM,
    Status.CLOSED: Tone.CALM,
    Status.SURRENDERED: Tone.WARN,
    Status.SUSPENDED: Tone.WARN,
    Status.REVOKED: Tone.BAD,
    Status.DESTROYED: Tone.BAD,
}


@dataclass(frozen=True, slots=True)
class CertificateRows:
    """All that the page of a certificate is made from."""

    certificate: Certificate
    permit: Permit
    permit_line: PermitLine
    status: Status
    tip: BlockRow
    batch: Batch | None
    revocation: Revocation | None
    is_key_reused: bool
    definition: TypeDefinition | None
    verdicts: Sequence[VerdictRow]
    times: Mapping[int, int]
    has_document: bool = False


def depth_of(rows: CertificateRows) -> int:
    """Count the confirmations of the latest transaction, be it the one that ended it."""
    last = rows.certificate.ended or rows.certificate.surrendered
    if last is not None:
        return rows.tip.height - last.moment.height + 1
    return confirmations(rows.certificate, rows.tip.height)


def certificate_verdict(rows: CertificateRows) -> Statement:
    """Give the one verdict on a certificate, in a word and a sentence."""
    title, words = _verdict_words(rows)
    return Statement(rows.status, TONES[rows.status], title, words)


def _verdict_words(rows: CertificateRows) -> tuple[str, str]:
    certificate = rows.certificate
    expiry = expiry_facts(certificate.expires_time, certificate.expires_height).words
    match rows.status:
        case Status.VALID:
            return "Valid", (
                "Issued under a permit of the root, and in the custody of its three keys;"
                f" it {expiry}."
            )
        case Status.PROVISIONAL:
            depth = format_count(depth_of(rows), "confirmation")
            return "Provisional: not final yet", (
                f"Everything is in order, but its latest transaction has only {depth} of"
                f" {PROVISIONAL_BELOW}."
            )
        case Status.PENDING:
            words = "It waits for its first block. Until then it proves nothing."
            return "Pending: not confirmed yet", words
        case Status.EXPIRED:
            return "Expired", f"It was genuine, and has ended by itself: it {past_tense(expiry)}."
        case Status.DESTROYED:
            return "Destroyed", _destroyed_words(certificate)
        case Status.NEEDS_NEWER:
            words = "It was moved by a message of a newer version that cannot be judged here."
            return "Needs a newer explorer", words
        case Status.REVOKED | Status.SUSPENDED:
            words = f"It {_revocation_words(rows)}."
            return ("Revoked" if rows.status is Status.REVOKED else "Suspended"), words
        case Status.SURRENDERED:
            return "Surrendered", _surrendered_words(certificate)
        case Status.EXHAUSTED | Status.CLOSED:
            return "Exhausted", "No credit is left."


def _revocation_words(rows: CertificateRows) -> str:
    return "is revoked" if rows.revocation is None else revocation_words(rows.revocation)


def _surrendered_words(certificate: Certificate) -> str:
    given_back = certificate.surrendered
    if given_back is None:
        return "Its holder gave it back."
    moment = given_back.moment
    return (
        f"Its holder gave it back in block {moment.height:,} ({format_time(moment.time)}):"
        " its credit returned to the permit."
    )


def _destroyed_words(certificate: Certificate) -> str:
    ending = certificate.ended
    if ending is None:
        return "It no longer exists."
    return (
        f"It was spent in block {ending.moment.height:,} ({format_time(ending.moment.time)}) by a"
        f" transaction that does not count: {reason_words(ending.reason)}."
        " It cannot come back; the remedy is a new certificate."
    )


def certificate_checks(rows: CertificateRows) -> tuple[Check, ...]:
    """Give each check apart: what one of them says is never mixed into another."""
    return (
        _document_check(rows),
        _issuer_check(rows),
        _custody_check(rows),
        _status_check(rows),
        _expiry_check(rows),
        _depth_check(rows),
    )


def _document_check(rows: CertificateRows) -> Check:
    what = "Its hash must be the document hash shown below, where it is said how to compute it."
    if rows.certificate.batch is not None:
        leaf = rows.certificate.leaf
        what = f"It must be leaf {leaf} under the batch's Merkle root shown below: see there how."
    return Check(
        "document",
        CheckResult.UNKNOWN,
        f"Not checked here: the document itself is not on the chain. {what}",
    )


def _issuer_check(rows: CertificateRows) -> Check:
    who = f"issuer {rows.certificate.issuer_key.hex()[:16]}…"
    if rows.definition is not None:
        who += f" ({printable(rows.definition.issuer_name)})"
    return Check(
        "issuer",
        CheckResult.PASSED,
        f"Issued with the signatures of root, issuing system and {who}, from credit"
        f" of the permit “{printable(rows.permit.message.title)}” that comes from the root coin.",
    )


def _custody_check(rows: CertificateRows) -> Check:
    certificate = rows.certificate
    if certificate.location is None:
        return Check("custody", CheckResult.FAILED, "Its 0.001 CCXX left custody.")
    if keeps_policy(certificate) is False:
        return Check(
            "custody", CheckResult.FAILED, "It is locked under another policy than its type's."
        )
    if certificate.holder_key is None:
        return Check(
            "custody",
            CheckResult.UNKNOWN,
            "Its 0.001 CCXX is unspent, but which keys hold it is not visible until the holder"
            " shows the script.",
        )
    words = (
        f"Its 0.001 CCXX is unspent and locked by root, issuer and holder"
        f" ({certificate.policy.label})."
    )
    if rows.is_key_reused:
        words += " The holder's key also held another certificate: it does not tell them apart."
    return Check("custody", CheckResult.PASSED, words)


def _status_check(rows: CertificateRows) -> Check:
    certificate = rows.certificate
    if certificate.ended is not None:
        reason = reason_words(certificate.ended.reason)
        return Check("status", CheckResult.FAILED, f"Destroyed: {reason}.")
    if certificate.needs_newer:
        return Check("status", CheckResult.UNKNOWN, "Moved by a message of a newer version.")
    if rows.revocation is not None:
        result = CheckResult.WAITING if rows.revocation.is_hold else CheckResult.FAILED
        return Check("status", result, f"It {_revocation_words(rows)}.")
    if certificate.surrendered is not None:
        return Check("status", CheckResult.FAILED, _surrendered_words(certificate))
    return Check("status", CheckResult.PASSED, "Not destroyed, revoked, suspended or surrendered.")


def _expiry_check(rows: CertificateRows) -> Check:
    certificate, tip = rows.certificate, rows.tip
    words = expiry_facts(certificate.expires_time, certificate.expires_height).words
    expired = is_expired(certificate, tip.height, tip.median_time_past)
    result = CheckResult.FAILED if expired else CheckResult.PASSED
    return Check("expiry", result, f"It {past_tense(words)}." if expired else f"It {words}.")


def _depth_check(rows: CertificateRows) -> Check:
    depth = depth_of(rows)
    result = CheckResult.PASSED if depth >= PROVISIONAL_BELOW else CheckResult.WAITING
    return Check(
        "confirmations",
        result,
        f"{format_count(depth, 'confirmation')} of its latest transaction;"
        f" {PROVISIONAL_BELOW} make it final.",
    )
