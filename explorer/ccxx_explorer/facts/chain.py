"""What pages say about blocks, and the lines of their lists."""

from __future__ import annotations

from dataclasses import dataclass

from ccxx_explorer.facts.status import Tone


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
    """Blocks from the newest down; `below` asks for older ones, `above` for newer ones."""

    blocks: tuple[BlockLine, ...]
    below: int | None
    above: int | None


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
class CoinbaseFacts:
    """The first transaction of a block: what it pays, to whom, and what its miner wrote.

    `text` is None where the miner's bytes are not readable.
    """

    txid: str
    value: int
    address: str | None
    text: str | None
    hex: str


@dataclass(frozen=True, slots=True)
class BlockFacts:
    """One block and a page of its transactions.

    `difficulty` is decimal text, how many times harder than the easiest target of Bitcoin; `work`
    is how many hashes such a block takes on average. `interval` is in seconds since the block
    before. `messages` are those of its transactions that the registry judged, the first of
    `message_count`.
    """

    height: int
    hash: str
    previous_hash: str | None
    next_hash: str | None
    confirmations: int
    time: int
    median_time_past: int
    version: int
    bits: str
    difficulty: str
    work: int
    nonce: int
    merkle_root: str
    interval: int | None
    trusted_miners: bool
    coinbase: CoinbaseFacts
    size: int
    weight: int
    transaction_count: int
    message_count: int
    messages: tuple[TransactionLine, ...]
    page: int
    pages: int
    transactions: tuple[TransactionLine, ...]
