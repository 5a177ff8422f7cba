"""The page of a certificate: one verdict in words, the checks behind it, and its life."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ccxx_cert.identity import certificate_id, format_outpoint
from ccxx_cert.state import Batch, Certificate, Holding, Permit, Step
from ccxx_cert.status import PROVISIONAL_BELOW, Status, confirmations, is_expired
from ccxx_cert.type_definition import TypeDefinition
from ccxx_core.address import encode_address
from ccxx_core.hashes import format_hash
from ccxx_core.network import Network
from ccxx_explorer.database.rows import BlockRow, VerdictRow
from ccxx_explorer.facts import (
    AnchorFacts,
    BatchFacts,
    CertificateFacts,
    CertificateLine,
    Check,
    CheckResult,
    DefinitionFacts,
    ExpiryFacts,
    HistoryEvent,
    PermitLine,
    Statement,
    Tone,
)
from ccxx_explorer.views.verdicts import (
    reason_words,
    title_of_verdict,
    tone_of_verdict,
    words_of_verdict,
)
from ccxx_explorer.wording import format_count, format_time, printable

TONES = {
    Status.VALID: Tone.GOOD,
    Status.PROVISIONAL: Tone.WARN,
    Status.PENDING: Tone.WARN,
    Status.EXPIRED: Tone.WARN,
    Status.EXHAUSTED: Tone.CALM,
    Status.NEEDS_NEWER: Tone.CALM,
    Status.DESTROYED: Tone.BAD,
}
_STEPS = {
    Step.ISSUED: "Issued to its first holder",
    Step.TRANSFERRED: "Transferred to a new holder",
    Step.REFRESHED: "Refreshed: moved to the same holder",
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
    definition: TypeDefinition | None
    verdicts: Sequence[VerdictRow]
    times: Mapping[int, int]


def certificate_line(
    certificate: Certificate, permit: Permit, status: Status, network: Network
) -> CertificateLine:
    """Build one line of a list of certificates."""
    return CertificateLine(
        id=format_outpoint(certificate.id),
        certificate_id=certificate_id(certificate.id),
        permit_id=format_outpoint(certificate.permit_id),
        code=printable(permit.message.code),
        title=printable(permit.message.title),
        serial=certificate.serial,
        summary=printable(certificate.text),
        status=status,
        tone=TONES[status],
        height=certificate.issued.height,
        time=certificate.issued.time,
        address=encode_address(certificate.script_pubkey, network),
    )


def certificate_facts(
    rows: CertificateRows, root: AnchorFacts, network: Network
) -> CertificateFacts:
    """Build the page of a certificate."""
    certificate, permit = rows.certificate, rows.permit
    holding = certificate.holding
    return CertificateFacts(
        id=format_outpoint(certificate.id),
        certificate_id=certificate_id(certificate.id),
        verdict=_verdict(rows),
        status=rows.status,
        checks=_checks(rows),
        confirmations=_depth(rows),
        serial=certificate.serial,
        summary=printable(certificate.text),
        document_hash=certificate.doc_hash.hex() if certificate.doc_hash else None,
        batch=_batch_facts(rows),
        expiry=expiry_facts(certificate.expires_time, certificate.expires_height),
        transferable=permit.message.transferable,
        custody=certificate.policy.label,
        holder_key=holding.holder_key.hex() if holding.holder_key else None,
        address=encode_address(certificate.script_pubkey, network),
        location=format_outpoint(certificate.location) if certificate.location else None,
        issued_txid=format_hash(certificate.id.txid),
        issued_height=certificate.issued.height,
        issued_time=certificate.issued.time,
        permit=rows.permit_line,
        definition=definition_facts(rows.definition),
        issuer_key=certificate.issuer_key.hex() or None,
        root=root,
        history=_history(rows, network),
    )


def _depth(rows: CertificateRows) -> int:
    """Count the confirmations of the latest transaction, be it the one that ended it."""
    if rows.certificate.ended is not None:
        return rows.tip.height - rows.certificate.ended.moment.height + 1
    return confirmations(rows.certificate, rows.tip.height)


def definition_facts(definition: TypeDefinition | None) -> DefinitionFacts | None:
    """Sum up the type definition behind a permit."""
    if definition is None:
        return None
    return DefinitionFacts(
        issuer_name=printable(definition.issuer_name),
        title=printable(definition.title),
        criteria=printable(definition.criteria),
        languages=tuple(map(printable, definition.languages)),
    )


def expiry_facts(time: int | None, height: int | None) -> ExpiryFacts:
    """Say when something ends; where both limits stand, whichever comes first."""
    if time is None and height is None:
        return ExpiryFacts(None, None, "does not expire")
    limits = []
    if time is not None:
        limits.append(format_time(time))
    if height is not None:
        limits.append(f"block {height:,}")
    return ExpiryFacts(time, height, f"is valid until {' or '.join(limits)}")


def past_tense(words: str) -> str:
    """Say of something that has ended when it ended."""
    return words.replace("is valid", "was valid", 1)


def _batch_facts(rows: CertificateRows) -> BatchFacts | None:
    if rows.batch is None or rows.certificate.leaf is None:
        return None
    message = rows.batch.message
    return BatchFacts(
        txid=format_hash(rows.batch.txid),
        merkle_root=message.merkle_root.hex(),
        leaf=rows.certificate.leaf,
        count=message.count,
        text=printable(message.text),
    )


def _verdict(rows: CertificateRows) -> Statement:
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
            depth = format_count(_depth(rows), "confirmation")
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
        case Status.EXHAUSTED:
            return "Exhausted", "No credit is left."


def _destroyed_words(certificate: Certificate) -> str:
    ending = certificate.ended
    if ending is None:
        return "It no longer exists."
    return (
        f"It was spent in block {ending.moment.height:,} ({format_time(ending.moment.time)}) by a"
        f" transaction that does not count: {reason_words(ending.reason)}."
        " It cannot come back; the remedy is a new certificate."
    )


def _checks(rows: CertificateRows) -> tuple[Check, ...]:
    return (
        _document_check(rows),
        _issuer_check(rows),
        _custody_check(rows.certificate),
        _status_check(rows),
        _expiry_check(rows),
        _depth_check(rows),
    )


def _document_check(rows: CertificateRows) -> Check:
    what = "Its SHA-256 must be the document hash shown below."
    if rows.certificate.batch is not None:
        what = "It must be leaf of the batch's Merkle root shown below."
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


def _custody_check(certificate: Certificate) -> Check:
    if certificate.location is None:
        return Check("custody", CheckResult.FAILED, "Its 0.001 CCXX left custody.")
    if certificate.holder_key is None:
        return Check(
            "custody",
            CheckResult.UNKNOWN,
            "Its 0.001 CCXX is unspent, but which keys hold it is not visible until the holder"
            " shows the script.",
        )
    return Check(
        "custody",
        CheckResult.PASSED,
        f"Its 0.001 CCXX is unspent and locked by root, issuer and holder"
        f" ({certificate.policy.label}).",
    )


def _status_check(rows: CertificateRows) -> Check:
    certificate = rows.certificate
    if certificate.ended is not None:
        reason = reason_words(certificate.ended.reason)
        return Check("status", CheckResult.FAILED, f"Destroyed: {reason}.")
    if certificate.needs_newer:
        return Check("status", CheckResult.UNKNOWN, "Moved by a message of a newer version.")
    return Check(
        "status",
        CheckResult.PASSED,
        "Not destroyed. Messages that revoke are shown, but not judged by this version.",
    )


def _expiry_check(rows: CertificateRows) -> Check:
    certificate, tip = rows.certificate, rows.tip
    words = expiry_facts(certificate.expires_time, certificate.expires_height).words
    expired = is_expired(certificate, tip.height, tip.median_time_past)
    result = CheckResult.FAILED if expired else CheckResult.PASSED
    return Check("expiry", result, f"It {past_tense(words)}." if expired else f"It {words}.")


def _depth_check(rows: CertificateRows) -> Check:
    depth = _depth(rows)
    result = CheckResult.PASSED if depth >= PROVISIONAL_BELOW else CheckResult.WAITING
    return Check(
        "confirmations",
        result,
        f"{format_count(depth, 'confirmation')} of its latest transaction;"
        f" {PROVISIONAL_BELOW} make it final.",
    )


def _history(rows: CertificateRows, network: Network) -> tuple[HistoryEvent, ...]:
    """Tell the certificate's life: every station, and everything that was tried and refused."""
    stations = {holding.location.txid: holding for holding in rows.certificate.holdings}
    ended = rows.certificate.ended
    events = []
    for verdict in rows.verdicts:
        event = history_event(verdict, rows.times)
        holding = stations.get(verdict.txid)
        if ended is not None and verdict.txid == ended.txid:
            event = _ending_event(verdict, rows.times)
        elif holding is not None:
            event = _station_event(verdict, holding, rows.times, network)
        events.append(event)
    return tuple(events)


def history_event(verdict: VerdictRow, times: Mapping[int, int]) -> HistoryEvent:
    """Build the event of one verdict in the life of a permit or certificate."""
    return HistoryEvent(
        txid=format_hash(verdict.txid),
        height=verdict.height,
        time=times[verdict.height],
        operation=verdict.operation,
        accepted=verdict.accepted,
        refusal=verdict.refusal,
        detail=printable(verdict.detail),
        destroyed=False,
        title=title_of_verdict(verdict),
        words=words_of_verdict(verdict),
        tone=tone_of_verdict(verdict),
        address=None,
        holder_key=None,
        deed_hash=None,
    )


def _station_event(
    verdict: VerdictRow, holding: Holding, times: Mapping[int, int], network: Network
) -> HistoryEvent:
    words = f"{_STEPS[holding.step]}."
    if not verdict.accepted:
        words = f"{words_of_verdict(verdict)} The certificate stayed where it was."
    return replace(
        history_event(verdict, times),
        words=words,
        address=encode_address(holding.script_pubkey, network),
        holder_key=holding.holder_key.hex() if holding.holder_key else None,
        deed_hash=holding.deed_hash.hex() if holding.deed_hash else None,
    )


def _ending_event(verdict: VerdictRow, times: Mapping[int, int]) -> HistoryEvent:
    return replace(
        history_event(verdict, times),
        destroyed=True,
        title=f"Destroyed ({title_of_verdict(verdict)[0].lower()}{title_of_verdict(verdict)[1:]})",
        words=f"Its transaction does not count: {reason_words(verdict.refusal)}."
        " So its credit left custody, and the certificate ended here.",
        tone=Tone.BAD,
    )
