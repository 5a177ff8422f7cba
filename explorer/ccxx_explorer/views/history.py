"""The life of a permit or certificate: what happened, and what was tried and refused."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ccxx_cert.records import Message, RevocationReason, RevokeMessage
from ccxx_cert.state import Certificate, Holding, Step
from ccxx_core.address import encode_address
from ccxx_core.hashes import format_hash
from ccxx_core.network import Network
from ccxx_explorer.database.rows import VerdictRow
from ccxx_explorer.facts import HistoryEvent, KeyFacts, Tone
from ccxx_explorer.language import say
from ccxx_explorer.views.verdicts import (
    reason_words,
    title_of_verdict,
    tone_of_verdict,
    words_of_verdict,
)
from ccxx_explorer.wording import printable, reason_of_revocation, since_words


@dataclass(frozen=True, slots=True)
class Happening:
    """A verdict with all that is told of it: its block's time, its message, its signers."""

    verdict: VerdictRow
    time: int
    message: Message | None
    signatures: tuple[KeyFacts, ...]


def certificate_event(
    happening: Happening, certificate: Certificate, network: Network
) -> HistoryEvent:
    """Tell one event of a certificate's life, for what it was."""
    verdict, ended = happening.verdict, certificate.ended
    if ended is not None and verdict.txid == ended.txid:
        return _ending_event(happening)
    stations = (each for each in certificate.holdings if each.location.txid == verdict.txid)
    holding = next(stations, None)
    if holding is None:
        return history_event(happening)
    return _station_event(happening, holding, network)


def history_event(happening: Happening) -> HistoryEvent:
    """Tell one event in the life of a permit or certificate."""
    verdict = happening.verdict
    title, words = _title_and_words(happening)
    return HistoryEvent(
        txid=format_hash(verdict.txid),
        height=verdict.height,
        time=happening.time,
        operation=verdict.operation,
        accepted=verdict.accepted,
        refusal=verdict.refusal,
        detail=printable(verdict.detail),
        destroyed=False,
        title=title,
        words=words,
        tone=tone_of_verdict(verdict),
        address=None,
        holder_key=None,
        deed_hash=None,
        signatures=happening.signatures,
    )


def _title_and_words(happening: Happening) -> tuple[str, str]:
    verdict, message = happening.verdict, happening.message
    if verdict.accepted and isinstance(message, RevokeMessage):
        return _revocation_title(message), _revocation_words(message)
    title = title_of_verdict(verdict)
    return title, "" if verdict.accepted else words_of_verdict(verdict)


def _revocation_title(message: RevokeMessage) -> str:
    match message.reason:
        case RevocationReason.HOLD:
            return say("Suspended")
        case RevocationReason.REMOVE_FROM_HOLD:
            return say("Reinstated")
        case _:
            return say("Revoked")


def _revocation_words(message: RevokeMessage) -> str:
    words = say("Reason: %(reason)s.", reason=reason_of_revocation(message.reason))
    if message.since:
        words += " " + say("That holds since %(since)s.", since=since_words(message.since))
    return words


def _station_event(happening: Happening, holding: Holding, network: Network) -> HistoryEvent:
    words = step_words(holding.step)
    if not happening.verdict.accepted:
        stayed = say("The certificate stayed where it was.")
        words = f"{words_of_verdict(happening.verdict)} {stayed}"
    return replace(
        history_event(happening),
        words=words,
        address=encode_address(holding.script_pubkey, network),
        holder_key=holding.holder_key.hex() if holding.holder_key else None,
        deed_hash=holding.deed_hash.hex() if holding.deed_hash else None,
    )


def step_words(step: Step) -> str:
    """Say how a certificate came to lie where it lies."""
    match step:
        case Step.ISSUED:
            return say("Issued to its first holder.")
        case Step.TRANSFERRED:
            return say("Transferred to a new holder.")
        case Step.REFRESHED:
            return say("Refreshed: moved to the same holder.")
        case Step.RECOVERED:
            return say("Recovered: moved to a new key of its holder.")


def _ending_event(happening: Happening) -> HistoryEvent:
    verdict = happening.verdict
    words = say(
        "Its transaction does not count: %(reason)s. So its credit left custody, and the"
        " certificate ended here.",
        reason=reason_words(verdict.refusal),
    )
    return replace(
        history_event(happening),
        destroyed=True,
        title=say("Destroyed (%(title)s)", title=title_of_verdict(verdict)),
        words=words,
        tone=Tone.BAD,
    )
