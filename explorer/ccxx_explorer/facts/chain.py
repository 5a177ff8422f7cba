"""What pages say about blocks, and the lines of their lists."""

from __future__ import annotations

from dataclasses import dataclass

from ccxx_explorer.facts.certificates import CertificateLine, PermitLine
from ccxx_explorer.facts.status import AsOf, StatusFacts, Tone


@dataclass(frozen=True, slots=True)
class BlockLine:
    """One block in a list."""

    height: int
    hash: str
    time: int
    transaction_count: int
    size: int


@dataclass(frozen=True, slots=True)
class BlockList:
    """Blocks from the newest down; `below` asks for the page after."""

    blocks: tuple[BlockLine, ...]
    below: int | None


@dataclass(frozen=True, slots=True)
class TransactionLine:
    """One transaction in a list: what it pays in all, and what it means, if it says so."""

    txid: str
    height: int
    position: int
    time: int | None
    value: int
    operation: str | None
    accepted: bool | None
    meaning: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class BlockFacts:
    """One block and a page of its transactions."""

    height: int
    hash: str
    previous_hash: str | None
    next_hash: str | None
    confirmations: int
    time: int
    median_time_past: int
    version: int
    bits: str
    nonce: int
    merkle_root: str
    size: int
    weight: int
    transaction_count: int
    page: int
    pages: int
    transactions: tuple[TransactionLine, ...]


@dataclass(frozen=True, slots=True)
class HomeFacts:
    """What the first page shows, and `/latest.json`."""

    status: StatusFacts
    as_of: AsOf | None
    certificates: tuple[CertificateLine, ...]
    permits: tuple[PermitLine, ...]
    events: tuple[TransactionLine, ...]
    blocks: tuple[BlockLine, ...]
