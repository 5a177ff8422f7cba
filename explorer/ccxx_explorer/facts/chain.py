"""What pages say about blocks, transactions and addresses."""

from __future__ import annotations

from dataclasses import dataclass

from ccxx_explorer.decode import DataOutput
from ccxx_explorer.facts.certificates import CertificateLine, PermitLine
from ccxx_explorer.facts.life import KeyFacts
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
class CreditRole:
    """What a coin is to the protocol; `id` is the permit or certificate it belongs to."""

    kind: str
    id: str | None
    words: str


@dataclass(frozen=True, slots=True)
class InputFacts:
    """One input: the coin it spends, and who signed."""

    index: int
    coinbase: bool
    txid: str | None
    vout: int | None
    value: int | None
    address: str | None
    kind: str
    credit: CreditRole | None
    keys: tuple[KeyFacts, ...]
    sequence: int
    script_sig: str
    witness: tuple[str, ...]
    script: str | None


@dataclass(frozen=True, slots=True)
class SpendFacts:
    """The input that spent an output."""

    txid: str
    index: int
    height: int


@dataclass(frozen=True, slots=True)
class OutputFacts:
    """One output: where it pays, what it is, and what spent it."""

    vout: int
    value: int
    address: str | None
    kind: str
    script_pubkey: str
    asm: str
    credit: CreditRole | None
    data: DataOutput | None
    spent_by: SpendFacts | None


@dataclass(frozen=True, slots=True)
class VerdictFacts:
    """What the registry said about a transaction; `refusal` is a stable word."""

    operation: str | None
    accepted: bool
    refusal: str | None
    detail: str
    words: str
    tone: Tone
    subjects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TransactionFacts:
    """One transaction in full; `meaning` says what an unconfirmed one would do."""

    txid: str
    wtxid: str
    status: str
    confirmations: int
    height: int | None
    block_hash: str | None
    position: int | None
    time: int | None
    coinbase: bool
    version: int
    locktime: int
    size: int
    vsize: int
    weight: int
    fee: int | None
    inputs: tuple[InputFacts, ...]
    outputs: tuple[OutputFacts, ...]
    verdict: VerdictFacts | None
    meaning: tuple[str, ...]
    hex: str


@dataclass(frozen=True, slots=True)
class AddressFacts:
    """One address: its coins, what it holds and held, and a page of its transactions."""

    address: str
    as_of: AsOf
    kind: str
    script_pubkey: str
    script_hash: str
    roles: tuple[str, ...]
    received: int
    unspent: int
    transaction_count: int
    certificates: tuple[CertificateLine, ...]
    certificate_count: int
    permits: tuple[PermitLine, ...]
    transactions: tuple[TransactionLine, ...]
    below: int | None


@dataclass(frozen=True, slots=True)
class HomeFacts:
    """What the first page shows, and `/latest.json`."""

    status: StatusFacts
    as_of: AsOf | None
    certificates: tuple[CertificateLine, ...]
    permits: tuple[PermitLine, ...]
    events: tuple[TransactionLine, ...]
    blocks: tuple[BlockLine, ...]
