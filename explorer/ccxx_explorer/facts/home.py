"""What the first page says."""

from __future__ import annotations

from dataclasses import dataclass

from ccxx_explorer.facts.certificates import CertificateLine, PermitLine
from ccxx_explorer.facts.chain import BlockLine
from ccxx_explorer.facts.lists import CreditShare
from ccxx_explorer.facts.search import Candidate
from ccxx_explorer.facts.status import AsOf, StatusFacts, Tone


@dataclass(frozen=True, slots=True)
class EventLine:
    """Something that happened lately: `words` say why it does not count, where it does not.

    `subjects` are the first of the `subject_count` permits and certificates that it concerns.
    """

    txid: str
    height: int
    time: int
    operation: str | None
    accepted: bool
    title: str
    words: str
    tone: Tone
    subjects: tuple[Candidate, ...]
    subject_count: int


@dataclass(frozen=True, slots=True)
class HomeFacts:
    """What the first page shows, and `/latest.json`."""

    status: StatusFacts
    as_of: AsOf | None
    shares: tuple[CreditShare, ...]
    certificates: tuple[CertificateLine, ...]
    permits: tuple[PermitLine, ...]
    events: tuple[EventLine, ...]
    blocks: tuple[BlockLine, ...]
