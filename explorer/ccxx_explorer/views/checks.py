"""The separate checks that the verdict on a certificate rests on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ccxx_cert.holders import keeps_policy
from ccxx_cert.standing import Revocation
from ccxx_cert.state import Batch, Certificate, Permit
from ccxx_cert.status import PROVISIONAL_BELOW, Status, confirmations, is_expired
from ccxx_cert.type_definition import TypeDefinition
from ccxx_core.hashes import Txid
from ccxx_explorer.database.rows import BlockRow
from ccxx_explorer.facts import Check, CheckResult, DocumentFacts, HistoryEvent, PermitLine, Tone
from ccxx_explorer.language import say, say_count
from ccxx_explorer.views.expiry import ended_words, expiry_facts
from ccxx_explorer.views.revocation import revocation_words
from ccxx_explorer.views.standing import (
    destroyed_words,
    surrendered_words,
    tone_of_status,
)
from ccxx_explorer.wording import printable, status_words


@dataclass(frozen=True, slots=True)
class CertificateRows:
    """All that the page of a certificate is made from.

    `events` are a page of its life, oldest first; `earlier` asks for the page before, None at the
    beginning. `issue_block` is the hash of the block that issued it; `is_published` tells that
    pieces of its document are on the chain. `spender` is an unconfirmed transaction that spends it.
    """

    certificate: Certificate
    permit: Permit
    permit_line: PermitLine
    status: Status
    tip: BlockRow
    issue_block: bytes
    batch: Batch | None
    revocation: Revocation | None
    is_key_reused: bool
    definition: TypeDefinition | None
    grant: HistoryEvent | None
    events: tuple[HistoryEvent, ...]
    earlier: int | None
    document: DocumentFacts | None
    is_published: bool
    spender: Txid | None = None


def depth_of(rows: CertificateRows) -> int:
    """Count the confirmations of the latest transaction, be it the one that ended it."""
    last = rows.certificate.ended or rows.certificate.surrendered
    if last is not None:
        return rows.tip.height - last.moment.height + 1
    return confirmations(rows.certificate, rows.tip.height)


def certificate_checks(rows: CertificateRows) -> tuple[Check, ...]:
    """Give each check apart: what one of them says is never mixed into another."""
    checks = (
        _integrity_check(rows),
        _issuer_check(rows),
        _custody_check(rows),
        _status_check(rows),
        _expiry_check(rows),
        _depth_check(rows),
    )
    return tuple(toned(checks, is_valid=rows.status is Status.VALID))


def make_check(name: str, result: CheckResult, words: str) -> Check:
    """Build a check with the usual word and colour of its result."""
    return Check(name, result, words, _title(name), _label(result), _TONES[result])


_TONES: Mapping[CheckResult, Tone] = {
    CheckResult.PASSED: Tone.GOOD,
    CheckResult.FAILED: Tone.BAD,
    CheckResult.WAITING: Tone.WARN,
    CheckResult.UNKNOWN: Tone.CALM,
}


def toned(checks: Iterable[Check], *, is_valid: bool) -> Iterable[Check]:
    """Keep green for what is valid: a check that passed on anything else stays calm."""
    for check in checks:
        yield check if is_valid or check.tone is not Tone.GOOD else replace(check, tone=Tone.CALM)


def _title(name: str) -> str:
    titles = {
        "integrity": say("Integrity"),
        "issuer": say("Issuer"),
        "custody": say("Custody"),
        "status": say("Status"),
        "expiry": say("Expiry"),
        "confirmations": say("Confirmations"),
    }
    return titles.get(name, name)


def _label(result: CheckResult) -> str:
    match result:
        case CheckResult.PASSED:
            return say("passed")
        case CheckResult.FAILED:
            return say("failed")
        case CheckResult.WAITING:
            return say("waiting")
        case CheckResult.UNKNOWN:
            return say("could not check")


def _integrity_check(rows: CertificateRows) -> Check:
    if rows.document is not None:
        words = say(
            "The document is on the chain, put there by its issuer, and it is the very one that"
            " was certified: its SHA-256 is the document hash. Compare the copy that you were"
            " given with it."
        )
        return make_check("integrity", CheckResult.PASSED, words)
    if rows.is_published:
        words = say(
            "Its issuer has put pieces of the document on the chain, but they do not make up a"
            " whole one with the right hash."
        )
    elif rows.certificate.batch is not None and rows.certificate.doc_hash is None:
        words = say(
            "The document is not on the chain. It must be leaf %(leaf)s under the Merkle root of"
            " its batch, which the proof that came with it shows.",
            leaf=rows.certificate.leaf,
        )
    else:
        words = say(
            "The document is not on the chain. Whoever gave it to you has it: its hash must be the"
            " document hash below."
        )
    return make_check("integrity", CheckResult.UNKNOWN, words)


def _issuer_check(rows: CertificateRows) -> Check:
    certificate, permit = rows.certificate, rows.permit
    if not certificate.issuer_key:
        words = say("The keys of its root are not known here: this needs a newer trust anchor.")
        return make_check("issuer", CheckResult.UNKNOWN, words)
    if permit.revocation is not None and permit.revocation.voids(certificate.issued):
        words = say("Its permit's keys were compromised before it was issued.")
        words = f"{words} {revocation_words(permit.revocation)}"
        return make_check("issuer", CheckResult.FAILED, words)
    title = printable(permit.message.title)
    if rows.definition is None:
        words = say(
            "Root, issuing system and issuer %(key)s signed it together, with credit of the permit"
            " “%(title)s”, which comes from the root coin.",
            key=f"{certificate.issuer_key.hex()[:16]}…",
            title=title,
        )
    else:
        words = say(
            "Root, issuing system and %(issuer)s (key %(key)s) signed it together, with credit of"
            " the permit “%(title)s”, which comes from the root coin.",
            issuer=printable(rows.definition.issuer_name),
            key=f"{certificate.issuer_key.hex()[:16]}…",
            title=title,
        )
    if permit.revocation is not None:
        words = f"{words} " + say("The permit has ended since; what it issued before stands.")
    return make_check("issuer", CheckResult.PASSED, words)


def _custody_check(rows: CertificateRows) -> Check:
    certificate = rows.certificate
    if certificate.location is None:
        words = say("Its 0.001 CCXX is no longer in custody.")
        if certificate.surrendered is not None:
            words = say("Its 0.001 CCXX went back to the permit.")
        return make_check("custody", CheckResult.FAILED, words)
    if keeps_policy(certificate) is False:
        words = say("Its 0.001 CCXX is locked under another policy than its type's.")
        return make_check("custody", CheckResult.FAILED, words)
    if certificate.holder_key is None:
        words = say(
            "Its 0.001 CCXX is unspent, but which keys hold it cannot be seen until its holder"
            " shows the script."
        )
        return make_check("custody", CheckResult.UNKNOWN, words)
    words = say("Its 0.001 CCXX is unspent, and locked by the keys of root, issuer and holder.")
    if rows.is_key_reused:
        words += " " + say(
            "The holder's key held another certificate too, so it does not tell them apart."
        )
    return make_check("custody", CheckResult.PASSED, words)


def _status_check(rows: CertificateRows) -> Check:
    certificate = rows.certificate
    if certificate.ended is not None:
        return _status("destroyed", Status.DESTROYED, destroyed_words(certificate.ended))
    if rows.revocation is not None:
        status = Status.SUSPENDED if rows.revocation.is_hold else Status.REVOKED
        return _status(status, status, revocation_words(rows.revocation))
    if certificate.surrendered is not None:
        words = surrendered_words(certificate.surrendered)
        return _status("surrendered", Status.SURRENDERED, words)
    if certificate.needs_newer:
        words = say("It was moved by a message of a newer version, which cannot be judged here.")
        return make_check("status", CheckResult.UNKNOWN, words)
    words = say("Nobody who may do so has revoked or suspended it; it was not given back.")
    return make_check("status", CheckResult.PASSED, words)


def _status(kind: str, status: Status, words: str) -> Check:
    """Name what happened by its own word: revoked is not merely failed."""
    result = CheckResult.WAITING if kind == Status.SUSPENDED else CheckResult.FAILED
    return replace(
        make_check("status", result, words),
        label=status_words(status),
        tone=tone_of_status(status),
    )


def _expiry_check(rows: CertificateRows) -> Check:
    certificate, tip = rows.certificate, rows.tip
    time, height = certificate.expires_time, certificate.expires_height
    if not is_expired(certificate, tip.height, tip.median_time_past):
        return make_check("expiry", CheckResult.PASSED, expiry_facts(time, height).words)
    return replace(
        make_check("expiry", CheckResult.FAILED, ended_words(time, height)),
        label=status_words(Status.EXPIRED),
        tone=tone_of_status(Status.EXPIRED),
    )


def _depth_check(rows: CertificateRows) -> Check:
    depth = depth_of(rows)
    if depth >= PROVISIONAL_BELOW:
        words = say_count(
            "Its latest transaction has %(count)s confirmation.",
            "Its latest transaction has %(count)s confirmations.",
            depth,
        )
        return make_check("confirmations", CheckResult.PASSED, words)
    words = say_count(
        "Its latest transaction has %(count)s confirmation; %(needed)s make it final.",
        "Its latest transaction has %(count)s confirmations; %(needed)s make it final.",
        depth,
        needed=PROVISIONAL_BELOW,
    )
    return make_check("confirmations", CheckResult.WAITING, words)
