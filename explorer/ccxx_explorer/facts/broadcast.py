"""What the broadcast page says."""

from __future__ import annotations

from dataclasses import dataclass

from ccxx_explorer.facts.status import Statement, Tone
from ccxx_explorer.facts.transactions import TransactionFacts


@dataclass(frozen=True, slots=True)
class BroadcastFacts:
    """A transaction, what it would do, and what the node says to it.

    `status` is `acceptable` or `refused` after it was tried out, `sent` once the node has it,
    `waiting` or `confirmed` where it was sent before, and `unknown` where the node is away.
    `reason` is the node's own word, `meaning` what certificates make of it; `hex` is the
    transaction as it is sent.
    """

    status: str
    verdict: Statement
    reason: str | None
    txid: str
    meaning: str
    tone: Tone
    hex: str
    transaction: TransactionFacts


@dataclass(frozen=True, slots=True)
class BroadcastForm:
    """The empty page; `enabled` is false where whoever runs this explorer turned it off."""

    enabled: bool
    most_bytes: int


@dataclass(frozen=True, slots=True)
class BroadcastQuestion:
    """A transaction in hex or as a PSBT; it is only tried out unless `send` is true."""

    transaction: str
    send: bool = False
