"""What the index answers with: one frozen dataclass per kind of row.

Hashes and ids are bytes in internal order, amounts are satoshis, times are unix seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
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
class IndexedBlock:
    """A block whose chain rows are written: the numbers of its transactions and of its scripts.

    `scripts` may know more scripts than the block's own.
    """

    new: NewBlock
    first_transaction: int
    numbers: Mapping[Txid, int]
    scripts: Mapping[bytes, int]


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
class TransactionPlace:
    """Which transaction a number names, and the height of its block."""

    number: int
    txid: Txid
    height: int


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

    received: int = 0
    unspent: int = 0
    transaction_count: int = 0


@dataclass(frozen=True, slots=True)
class TouchRow:
    """A transaction in a script's history, and what was received and left after it."""

    position: int
    received: int
    balance: int
    row: TransactionRow


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
class Totals:
    """All that the chain has up to a block: how many of each, and the root's credit in satoshis.

    The four kinds of credit add up to what the root coin was worth; before it they are 0.
    """

    height: int
    time: int
    transactions: int = 0
    permits: int = 0
    certificates: int = 0
    refused: int = 0
    root_credit: int = 0
    permit_credit: int = 0
    certificate_credit: int = 0
    destroyed_credit: int = 0


@dataclass(frozen=True, slots=True)
class BlockPlace:
    """The block of the best chain that a transaction is in."""

    height: int
    hash: BlockHash
    time: int


@dataclass(frozen=True, slots=True)
class ScriptTotals:
    """Everything one script did in blocks: transactions, and outputs and satoshis in and out."""

    transaction_count: int
    funded_count: int
    funded: int
    spent_count: int
    spent: int


@dataclass(frozen=True, slots=True)
class UnspentRow:
    """A coin that lies at a script, and the height of the block that made it."""

    outpoint: OutPoint
    value: int
    height: int


@dataclass(frozen=True, slots=True)
class IssuerCount:
    """How many permits an issuer's key holds, and how many certificates they have issued."""

    issuer_key: bytes
    permits: int
    certificates: int
