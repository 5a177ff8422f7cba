"""What the chain says of a PDF certificate, as a verdict and separate checks in words.

A status is one of `PdfStatus`, or of those below where a rule could not even be asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ccxx_cert.bdip_rules import PdfCredential, PdfStatus, PdfVerdict
from ccxx_cert.pdf_claims import PdfClaims
from ccxx_cert.status import PROVISIONAL_BELOW
from ccxx_core.hashes import format_hash
from ccxx_explorer.facts import Check, CheckResult, Statement, Tone
from ccxx_explorer.language import say, say_count
from ccxx_explorer.views.expiry import ended_words, expiry_facts
from ccxx_explorer.wording import format_time, printable

NOT_FOUND = "not-found"
OTHER_NETWORK = "other-network"
ANCHORED = "anchored"
_REVOKED = (PdfStatus.BATCH_REVOKED, PdfStatus.CREDENTIAL_REVOKED, PdfStatus.ADDRESS_REVOKED)
_UNREAD = (PdfStatus.ALTERED, PdfStatus.BROKEN_PROOF)
_UNANCHORED = (PdfStatus.NOT_ANCHORED, PdfStatus.WRONG_ROOT)
_TONES: dict[str, Tone] = {
    PdfStatus.VALID: Tone.GOOD,
    PdfStatus.PROVISIONAL: Tone.WARN,
    PdfStatus.PENDING: Tone.WARN,
    PdfStatus.EXPIRED: Tone.WARN,
    ANCHORED: Tone.WARN,
    NOT_FOUND: Tone.CALM,
    OTHER_NETWORK: Tone.CALM,
}
LONGEST_CLAIM = 300


@dataclass(frozen=True, slots=True)
class PdfRows:
    """All that the verdict on a PDF certificate is made from.

    `claims` is None where the proof came beside the file, which then names no issuer. `status` is
    the verdict's, or why there is none. `address` is the one that the anchor was judged by.
    """

    credential: PdfCredential
    verdict: PdfVerdict
    status: str
    claims: PdfClaims | None
    address: str | None
    issue_time: int | None = None
    revocation_time: int | None = None
    owner_signed: bool | None = None


def claim_text(text: str) -> str:
    """Show what a file says of itself: safely, and not at any length."""
    shown = printable(text)
    return shown if len(shown) <= LONGEST_CLAIM else f"{shown[:LONGEST_CLAIM]}…"


def pdf_statement(rows: PdfRows) -> Statement:
    """Give the one verdict, in a word and a sentence."""
    title, words = _words_of(rows)
    tone = _TONES.get(rows.status, Tone.BAD)
    return Statement(rows.status, Tone.BAD if rows.verdict.revocation else tone, title, words)


def pdf_checks(rows: PdfRows) -> tuple[Check, ...]:
    """Give each check apart: what one of them says is never mixed into another."""
    is_valid = rows.status == PdfStatus.VALID
    # Green is kept for what is valid: a check that passed on anything else stays calm.
    return tuple(
        check if is_valid or check.tone is not Tone.GOOD else replace(check, tone=Tone.CALM)
        for check in _checks(rows)
    )


def make_check(name: str, title: str, result: CheckResult, label: str, words: str) -> Check:
    """Build a check whose colour follows its result."""
    tones = {
        CheckResult.PASSED: Tone.GOOD,
        CheckResult.FAILED: Tone.BAD,
        CheckResult.WAITING: Tone.WARN,
        CheckResult.UNKNOWN: Tone.CALM,
    }
    return Check(name, result, words, title, label, tones[result])


def _words_of(rows: PdfRows) -> tuple[str, str]:
    for words in (_fault_words, _standing_words):
        found = words(rows)
        if found is not None:
            return found
    return say("Could not check"), say("Nothing is known of it here.")


def _fault_words(rows: PdfRows) -> tuple[str, str] | None:
    match rows.status:
        case PdfStatus.ALTERED:
            return say("Altered"), say(
                "This is not the file that was issued: it was changed after its proof was made."
                " Ask whoever gave it to you for the original."
            )
        case PdfStatus.BROKEN_PROOF:
            return say("Broken proof"), say(
                "The proof does not lead from this file to the root that it names, so it proves"
                " nothing. Ask the issuer for the right one."
            )
        case PdfStatus.NOT_ANCHORED:
            return say("Not anchored"), say(
                "The transaction that the proof names is on this chain, but it issues nothing."
            )
        case PdfStatus.WRONG_ROOT:
            return say("Not anchored"), say(
                "The transaction that the proof names issues other files, not this one."
            )
        case PdfStatus.ISSUER_MISMATCH:
            return say("Not from this issuer"), say(
                "The message that would issue it does not spend from the address that the file"
                " names as its issuer's. Anybody can pay to an address and write a message beside"
                " it: that is a forgery, or the file names the wrong address."
            )
        case _:
            return None


def _standing_words(rows: PdfRows) -> tuple[str, str] | None:
    deadline = rows.verdict.deadline
    match rows.status:
        case PdfStatus.VALID:
            return say("Valid"), say(
                "The file is as it was issued, the address that it names issued it, and nothing"
                " has taken it back. Whose address that is, the chain does not say: compare it"
                " with the one that the issuer publishes."
            )
        case PdfStatus.PROVISIONAL:
            return say("Provisional: not final yet"), say_count(
                "Everything is in order, but its transaction has only %(count)s confirmation of"
                " %(wanted)s.",
                "Everything is in order, but its transaction has only %(count)s confirmations of"
                " %(wanted)s.",
                rows.verdict.confirmations,
                wanted=PROVISIONAL_BELOW,
            )
        case PdfStatus.PENDING:
            return say("Pending: not confirmed yet"), say(
                "Its transaction waits for its first block. Until then it proves nothing."
            )
        case PdfStatus.EXPIRED:
            words = ended_words(deadline.time, deadline.height)
            if rows.verdict.revocation is not None:
                return say("Expired and revoked"), _revocation_words(rows)
            ended = say("It was genuine, and has ended by itself. %(words)s", words=words)
            return say("Expired"), ended
        case status if status in _REVOKED:
            return say("Revoked"), _revocation_words(rows)
        case _:
            return _unknown_words(rows)


def _unknown_words(rows: PdfRows) -> tuple[str, str] | None:
    if rows.status == NOT_FOUND:
        return say("Could not check"), say(
            "The transaction that the proof names is not known here. It may be on another chain,"
            " or not in a block yet; this says nothing for the file and nothing against it."
        )
    if rows.status == OTHER_NETWORK:
        return say("Could not check"), say(
            "The address that the file names as its issuer's is none of this network, so nothing"
            " here can speak for it."
        )
    if rows.status == ANCHORED:
        return say("Anchored; the issuer is for you to judge"), say(
            "The file is as it was when it was anchored, and nothing has taken it back. It names"
            " no issuer itself: compare the address below with the one that the issuer publishes."
        )
    return None


def _checks(rows: PdfRows) -> Iterator[Check]:
    yield _integrity(rows)
    yield _anchoring(rows)
    yield _confirmations(rows)
    yield _issuer(rows)
    yield _expiry(rows)
    yield _revocation(rows)
    if rows.owner_signed is not None:
        yield _owner(rows)


def _passed() -> str:
    return say("passed")


def _not_reached(name: str, title: str) -> Check:
    words = say("Not checked: what it rests on is not in order.")
    return make_check(name, title, CheckResult.UNKNOWN, say("could not check"), words)


def _integrity(rows: PdfRows) -> Check:
    title = say("Integrity")
    if rows.status == PdfStatus.ALTERED:
        words = say("The file's hash is not the one that its proof is for.")
        return make_check("integrity", title, CheckResult.FAILED, say("altered"), words)
    if rows.status == PdfStatus.BROKEN_PROOF:
        words = say("The path in the proof leads to another root than the proof says.")
        return make_check("integrity", title, CheckResult.FAILED, say("broken proof"), words)
    words = say("Every byte of the file is under the hash that its proof leads to the root.")
    return make_check("integrity", title, CheckResult.PASSED, _passed(), words)


def _anchoring(rows: PdfRows) -> Check:
    title = say("Anchoring transaction")
    if rows.status in _UNREAD:
        return _not_reached("anchoring", title)
    if rows.status == NOT_FOUND:
        words = say("The transaction is not known here.")
        return make_check("anchoring", title, CheckResult.UNKNOWN, say("could not check"), words)
    if rows.status in _UNANCHORED:
        words = say("The transaction does not carry this root.")
        return make_check("anchoring", title, CheckResult.FAILED, say("not anchored"), words)
    if rows.verdict.issue is None or rows.verdict.issue.height is None:
        if rows.status == PdfStatus.PENDING:
            words = say("The transaction carries this root, and is in no block yet.")
            return make_check("anchoring", title, CheckResult.WAITING, say("pending"), words)
        words = say("The transaction carries this root.")
        return make_check("anchoring", title, CheckResult.PASSED, _passed(), words)
    words = say(
        "Transaction %(txid)s carries this root; it is in block %(height)s.",
        txid=format_hash(rows.credential.txid),
        height=rows.verdict.issue.height,
    )
    return make_check("anchoring", title, CheckResult.PASSED, _passed(), words)


def _confirmations(rows: PdfRows) -> Check:
    title, depth = say("Confirmations"), rows.verdict.confirmations
    if rows.status == PdfStatus.PENDING:
        words = say("It has none yet.")
        return make_check("confirmations", title, CheckResult.WAITING, say("pending"), words)
    if not depth:
        return _not_reached("confirmations", title)
    words = say_count(
        "%(count)s confirmation; %(wanted)s make it final.",
        "%(count)s confirmations; %(wanted)s make it final.",
        depth,
        wanted=PROVISIONAL_BELOW,
    )
    if depth < PROVISIONAL_BELOW:
        return make_check("confirmations", title, CheckResult.WAITING, say("waiting"), words)
    return make_check("confirmations", title, CheckResult.PASSED, _passed(), words)


def _issuer(rows: PdfRows) -> Check:
    title = say("Issuer")
    if rows.status == PdfStatus.ISSUER_MISMATCH:
        words = say(
            "The transaction does not spend from %(address)s, the address that the file names.",
            address=rows.address,
        )
        label = say("not from this issuer")
        return make_check("issuer", title, CheckResult.FAILED, label, words)
    if rows.status == OTHER_NETWORK:
        words = say("The file names an address of another network, or none.")
        return make_check("issuer", title, CheckResult.UNKNOWN, say("could not check"), words)
    if rows.verdict.issue is None:
        return _not_reached("issuer", title)
    if rows.claims is None:
        words = say(
            "It was anchored from %(address)s. The file names no issuer.",
            address=rows.address or say("a script without an address"),
        )
        return make_check("issuer", title, CheckResult.UNKNOWN, say("for you to judge"), words)
    words = say(
        "The transaction spends from %(address)s, which only its owner can do. The name"
        " “%(name)s” is the file's own claim: the chain does not vouch for it.",
        address=rows.address,
        name=claim_text(rows.claims.issuer_name),
    )
    return make_check("issuer", title, CheckResult.PASSED, _passed(), words)


def _expiry(rows: PdfRows) -> Check:
    title, deadline = say("Expiry"), rows.verdict.deadline
    if not rows.verdict.confirmations:
        return _not_reached("expiry", title)
    if rows.verdict.is_expired:
        words = ended_words(deadline.time, deadline.height)
        return make_check("expiry", title, CheckResult.FAILED, say("expired"), words)
    words = expiry_facts(deadline.time, deadline.height).words
    return make_check("expiry", title, CheckResult.PASSED, _passed(), words)


def _revocation(rows: PdfRows) -> Check:
    title = say("Revocation")
    if not rows.verdict.confirmations:
        return _not_reached("revocation", title)
    if rows.verdict.revocation is not None:
        words = _revocation_words(rows)
        return make_check("revocation", title, CheckResult.FAILED, say("revoked"), words)
    words = say("The address has said nothing up to this block that takes it back.")
    return make_check("revocation", title, CheckResult.PASSED, say("not revoked"), words)


def _revocation_words(rows: PdfRows) -> str:
    found = rows.verdict.revocation
    if found is None:
        return say("It was taken back.")
    place = {
        "height": found.height or 0,
        "time": format_time(rows.revocation_time) if rows.revocation_time else "?",
    }
    match rows.verdict.how_revoked:
        case PdfStatus.ADDRESS_REVOKED:
            return say(
                "The address had been given up before, in block %(height)s (%(time)s): it issues"
                " nothing any more, and who has its key now is unknown.",
                **place,
            )
        case PdfStatus.BATCH_REVOKED:
            return say(
                "The issuer took the whole batch back in block %(height)s (%(time)s). The message"
                " gives no reason.",
                **place,
            )
        case _:
            return say(
                "The issuer took this one file back in block %(height)s (%(time)s). The message"
                " gives no reason.",
                **place,
            )


def _owner(rows: PdfRows) -> Check:
    title, owner = say("Owner"), rows.claims.owner if rows.claims else None
    address = claim_text(owner.address) if owner else ""
    if rows.owner_signed:
        words = say("The holder of %(address)s signed this file as its owner.", address=address)
        return make_check("owner", title, CheckResult.PASSED, _passed(), words)
    words = say(
        "The file names %(address)s as its owner's, and the signature does not show it.",
        address=address,
    )
    return make_check("owner", title, CheckResult.UNKNOWN, say("could not check"), words)
