"""What the index answers with: one frozen dataclass per kind of row.

Hashes and ids are bytes in internal order, amounts are satoshis, times are unix seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

from ccxx_cert.state import CreditKind
from ccxx_core.block import Block, BlockHeader
from ccxx_core.hashes import BlockHash, Txid
from ccxx_core.transaction import OutPoint, Transaction


@dataclass(frozen=True, slots=True)
class NewBlock:
    """A block of the best chain, about to be written."""

    height: int
    hash: BlockHash
    block: Block
    median_time_past: int


@dataclass(frozen=True, slots=True)
class BlockRow:
    """A block of the best chain."""

    height: int
    hash: BlockHash
    header: BlockHeader
    median_time_past: int
    size: int
    weight: int
    transaction_count: int
    first_transaction: int


@dataclass(frozen=True, slots=True)
class TransactionRow:
    """A confirmed transaction and where it stands; `number` is its place in the whole chain."""

    number: int
    txid: Txid
    height: int
    position: int
    transaction: Transaction


@dataclass(frozen=True, slots=True)
class Spend:
    """The input that spent an output."""

    txid: Txid
    index: int
    height: int


@dataclass(frozen=True, slots=True)
class OutputRow:
    """A confirmed output, and what spent it."""

    outpoint: OutPoint
    value: int
    script_pubkey: bytes
    spend: Spend | None


@dataclass(frozen=True, slots=True)
class ScriptSummary:
    """Everything one script ever received, what of it is unspent, and in how many transactions."""

    received: int
    unspent: int
    transaction_count: int


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """What the registry said about one transaction."""

    txid: Txid
    height: int
    position: int
    operation: str | None
    accepted: bool
    refusal: str | None
    detail: str


@dataclass(frozen=True, slots=True)
class CreditRow:
    """A coin that is or was credit, and the permit or certificate it belongs to."""

    outpoint: OutPoint
    value: int
    kind: CreditKind
    owner: OutPoint | None


@dataclass(frozen=True, slots=True)
class CreditSums:
    """Credit that is alive now, by what it stands for."""

    root: int
    permits: int
    certificates: int
