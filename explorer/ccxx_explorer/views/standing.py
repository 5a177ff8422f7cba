"""The one word for how a certificate or permit stands, its colour, and the sentence behind it."""

from __future__ import annotations

from dataclasses import replace

from ccxx_cert.holders import keeps_policy
from ccxx_cert.standing import Ending, Return, Revocation
from ccxx_cert.state import Certificate
from ccxx_cert.status import PROVISIONAL_BELOW, Status
from ccxx_explorer.facts import AsOf, Statement, Tone
from ccxx_explorer.language import say, say_count
from ccxx_explorer.views.expiry import ended_words, expiry_facts
from ccxx_explorer.views.revocation import revocation_words
from ccxx_explorer.views.verdicts import reason_words
from ccxx_explorer.wording import format_time, status_words

_TONES = {
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


def tone_of_status(status: Status) -> Tone:
    """Give the colour of a status: green is for valid alone."""
    return _TONES[status]


def dated(statement: Statement, as_of: AsOf) -> Statement:
    """Say of good news only what was seen: without the node nobody knows what happened since."""
    if as_of.online or statement.tone is not Tone.GOOD:
        return statement
    title = say("%(verdict)s as of block %(height)s", verdict=statement.title, height=as_of.height)
    away = say("The explorer's node is away: what happened since is not known.")
    return replace(statement, tone=Tone.WARN, title=title, words=f"{away} {statement.words}")


def certificate_verdict(
    certificate: Certificate, status: Status, revocation: Revocation | None, depth: int
) -> Statement:
    """Give the one verdict on a certificate, in a word and a sentence."""
    title, words = _verdict_words(certificate, status, revocation, depth)
    return Statement(status, _TONES[status], title, words)


def _verdict_words(
    certificate: Certificate, status: Status, revocation: Revocation | None, depth: int
) -> tuple[str, str]:
    time, height = certificate.expires_time, certificate.expires_height
    match status:
        case Status.VALID:
            return say("Valid"), f"{_valid_words(certificate)} {expiry_facts(time, height).words}"
        case Status.PROVISIONAL:
            return say("Provisional: not final yet"), say_count(
                "Everything is in order, but its latest transaction has only %(count)s confirmation"
                " of %(needed)s. Look again in some minutes.",
                "Everything is in order, but its latest transaction has only %(count)s"
                " confirmations of %(needed)s. Look again in some minutes.",
                depth,
                needed=PROVISIONAL_BELOW,
            )
        case Status.PENDING:
            words = say("It waits for its first block. Until then it proves nothing.")
            return say("Pending: in no block yet"), words
        case Status.EXPIRED:
            words = say("It was genuine, and has ended by itself.")
            return say("Expired"), f"{words} {ended_words(time, height)}"
        case Status.DESTROYED:
            return say("Destroyed"), destroyed_words(certificate.ended)
        case Status.NEEDS_NEWER:
            words = say(
                "It was moved by a message of a newer version, which cannot be judged here."
            )
            return say("Could not be judged: needs a newer explorer"), words
        case Status.REVOKED | Status.SUSPENDED:
            return _stopped_words(status, revocation)
        case Status.SURRENDERED:
            return say("Surrendered"), surrendered_words(certificate.surrendered)
        case Status.EXHAUSTED | Status.CLOSED:
            return status_words(status), say("No credit is left.")


def _valid_words(certificate: Certificate) -> str:
    """Say no more of custody than what was seen."""
    if keeps_policy(certificate):
        return say(
            "It was issued under a permit of the root, and is in the custody of its three keys."
        )
    return say("It was issued under a permit of the root, and its coin is unspent.")


def _stopped_words(status: Status, revocation: Revocation | None) -> tuple[str, str]:
    words = say("It was revoked.") if revocation is None else revocation_words(revocation)
    if status is Status.REVOKED:
        return say("Revoked"), words
    hold = say("It is on hold and may be reinstated; until then it is not valid.")
    return say("Suspended"), f"{words} {hold}"


def surrendered_words(given_back: Return | None) -> str:
    """Say when a holder gave a certificate back."""
    if given_back is None:
        return say("Its holder gave it back.")
    return say(
        "Its holder gave it back in block %(height)s (%(time)s), and its credit returned to the"
        " permit.",
        height=given_back.moment.height,
        time=format_time(given_back.moment.time),
    )


def destroyed_words(ending: Ending | None) -> str:
    """Say what destroyed a certificate."""
    if ending is None:
        return say("It no longer exists.")
    return say(
        "It was spent in block %(height)s (%(time)s) by a transaction that does not count:"
        " %(reason)s. It cannot come back; the remedy is a new certificate.",
        height=ending.moment.height,
        time=format_time(ending.moment.time),
        reason=reason_words(ending.reason),
    )
