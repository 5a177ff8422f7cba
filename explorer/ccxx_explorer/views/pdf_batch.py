"""A batch of PDF files on the chain, in words: what it is worth now, and what takes it back."""

from __future__ import annotations

from collections.abc import Sequence

from ccxx_cert.bdip import (
    PdfIssue,
    PdfMessage,
    RevokeAddress,
    RevokeBatches,
    RevokeCredentials,
)
from ccxx_cert.bdip_rules import PdfStatus
from ccxx_cert.status import PROVISIONAL_BELOW
from ccxx_explorer.facts import Statement, Tone
from ccxx_explorer.facts.verification import PdfRevocationLine
from ccxx_explorer.language import say


def operation_of(message: PdfMessage) -> str:
    """Name what a message does, by a stable word."""
    match message:
        case PdfIssue():
            return "issue"
        case RevokeBatches():
            return "revoke-batch"
        case RevokeCredentials():
            return "revoke-credentials"
        case RevokeAddress():
            return "revoke-address"


def issue_statement(
    lines: Sequence[PdfRevocationLine], expired: bool, confirmations: int
) -> Statement:
    """Say what a batch is worth as a whole; single files of it may be revoked besides."""
    counting = {line.kind for line in lines if line.counts}
    if "revoke-address" in counting:
        words = say("The address had been given up before: what it issues counts for nothing.")
        return Statement(
            PdfStatus.ADDRESS_REVOKED, Tone.BAD, say("Batch of PDF files: revoked"), words
        )
    if "revoke-batch" in counting:
        words = say("The address that issued it took the whole batch back.")
        return Statement(
            PdfStatus.BATCH_REVOKED, Tone.BAD, say("Batch of PDF files: revoked"), words
        )
    if expired:
        words = say("It was genuine, and has ended by itself.")
        return Statement(PdfStatus.EXPIRED, Tone.WARN, say("Batch of PDF files: expired"), words)
    if confirmations < PROVISIONAL_BELOW:
        words = say("It has too few confirmations to be final.")
        title = say("Batch of PDF files: provisional")
        return Statement(PdfStatus.PROVISIONAL, Tone.WARN, title, words)
    if "revoke-credentials" in counting:
        words = say("The batch stands; single files of it were taken back, see below.")
    else:
        words = say("The address that issued it has taken nothing back.")
    return Statement(PdfStatus.VALID, Tone.CALM, say("Batch of PDF files"), words)


def revocation_statement(lines: Sequence[PdfRevocationLine]) -> Statement:
    """Say whether a message takes anything back."""
    if any(line.counts for line in lines):
        words = say("It is said by the address that issued what it takes back.")
        return Statement("counts", Tone.CALM, say("PDF certificates taken back"), words)
    words = say(
        "It takes nothing back: it does not spend from the address that issued what it names."
    )
    return Statement("no-authority", Tone.BAD, say("A revocation that does not count"), words)


def line_words(message: PdfMessage, *, counts: bool, is_target: bool) -> str:
    """Say what one message takes back."""
    if not counts:
        return say("It does not count: it is not the word of the address that issued the batch.")
    match message:
        case RevokeCredentials(_, hashes) if len(hashes) == 1:
            return say("One file of the batch is taken back.")
        case RevokeCredentials():
            return say("Two files of the batch are taken back.")
        case RevokeAddress() if not is_target:
            return say("The address is given up: what it issues afterwards counts for nothing.")
        case _:
            return say("The whole batch is taken back.")
