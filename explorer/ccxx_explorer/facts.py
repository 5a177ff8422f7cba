"""What each page says, as data: the JSON is these classes field by field, the HTML is drawn from
them, so both tell the same facts.

Amounts are satoshis, times are unix seconds, ids are text as people see them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ccxx_explorer.decode import DataOutput


class Tone(StrEnum):
    """How a statement is coloured: green is kept for `valid` and for checks that passed."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    CALM = "calm"


class CheckResult(StrEnum):
    """What came out of one check; `unknown` is never shown as passed or as failed."""

    PASSED = "passed"
    FAILED = "failed"
    WAITING = "waiting"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Statement:
    """A verdict: a stable word, its colour, and a sentence for people."""

    status: str
    tone: Tone
    title: str
    words: str


@dataclass(frozen=True, slots=True)
class Check:
    """One check of its own, apart from all others."""

    name: str
    result: CheckResult
    words: str


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """Whether the node answers, since when that is so, its tip, and what is wrong, if anything."""

    online: bool
    since: int
    height: int | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class TipFacts:
    """The last block of the index."""

    height: int
    hash: str
    time: int
    median_time_past: int


@dataclass(frozen=True, slots=True)
class AnchorFacts:
    """The trust anchor that certificates are judged by."""

    id: str
    root_outpoint: str
    root_value: int
    root_height: int
    root_address: str | None
    root_key: str
    system_key: str


@dataclass(frozen=True, slots=True)
class CreditFacts:
    """Where the root's credit is now, in satoshis; 100,000 of them make one certificate."""

    total: int
    root: int
    permits: int
    certificates: int
    destroyed: int


@dataclass(frozen=True, slots=True)
class CountFacts:
    """How much the index holds."""

    blocks: int
    transactions: int
    permits: int
    certificates: int
    refused: int


@dataclass(frozen=True, slots=True)
class StatusFacts:
    """The state of this explorer."""

    network: str
    tip: TipFacts | None
    node: NodeFacts
    anchor: AnchorFacts | None
    credit: CreditFacts | None
    counts: CountFacts


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
class KeyFacts:
    """A public key in a script, its role, and whether this input carries its signature."""

    key: str
    role: str
    signed: bool | None


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
class PermitLine:
    """One permit in a list."""

    id: str
    code: str
    title: str
    status: str
    tone: Tone
    height: int
    time: int
    quantity: int
    issued: int
    transferable: bool
    issuer_key: str | None


@dataclass(frozen=True, slots=True)
class CertificateLine:
    """One certificate in a list; `id` is its issuing outpoint."""

    id: str
    certificate_id: str
    permit_id: str
    code: str
    title: str
    serial: int
    summary: str
    status: str
    tone: Tone
    height: int
    time: int
    address: str | None


@dataclass(frozen=True, slots=True)
class PermitList:
    """Permits, newest first; `page` counts from 1."""

    permits: tuple[PermitLine, ...]
    total: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class CertificateList:
    """Certificates, newest first; `page` counts from 1."""

    certificates: tuple[CertificateLine, ...]
    total: int
    page: int
    pages: int
    permit: str | None


@dataclass(frozen=True, slots=True)
class AddressFacts:
    """One address: its coins, what it holds and held, and a page of its transactions."""

    address: str
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
class ExpiryFacts:
    """The last valid time and height, None where there is no such limit, and both in words."""

    time: int | None
    height: int | None
    words: str


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """One event in the life of a permit or certificate, for what it was."""

    txid: str
    height: int
    time: int
    operation: str | None
    accepted: bool
    refusal: str | None
    detail: str
    destroyed: bool
    title: str
    words: str
    tone: Tone
    address: str | None
    holder_key: str | None
    deed_hash: str | None


@dataclass(frozen=True, slots=True)
class PermitFacts:
    """One permit in full."""

    id: str
    verdict: Statement
    status: str
    code: str
    title: str
    quantity: int
    issued: int
    credit: int
    transferable: bool
    issuer_may_revoke: bool
    root_may_revoke: bool
    public_summary: bool
    recovery_allowed: bool
    custody: str
    typedef_hash: str
    expiry: ExpiryFacts
    address: str | None
    issuer_key: str | None
    txid: str
    height: int
    time: int
    confirmations: int
    root: AnchorFacts
    certificates: tuple[CertificateLine, ...]
    history: tuple[HistoryEvent, ...]


@dataclass(frozen=True, slots=True)
class BatchFacts:
    """Where a certificate stands in its batch: its leaf under the Merkle root of documents."""

    txid: str
    merkle_root: str
    leaf: int
    count: int
    text: str


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """One certificate in full; `id` is its issuing outpoint, its identity for ever."""

    id: str
    certificate_id: str
    verdict: Statement
    status: str
    checks: tuple[Check, ...]
    confirmations: int
    serial: int
    summary: str
    document_hash: str | None
    batch: BatchFacts | None
    expiry: ExpiryFacts
    transferable: bool
    custody: str
    holder_key: str | None
    address: str | None
    location: str | None
    issued_txid: str
    issued_height: int
    issued_time: int
    permit: PermitLine
    issuer_key: str | None
    root: AnchorFacts
    history: tuple[HistoryEvent, ...]


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search text leads to."""

    query: str
    kind: str
    url: str


@dataclass(frozen=True, slots=True)
class HomeFacts:
    """What the first page shows, and `/latest.json`."""

    status: StatusFacts
    certificates: tuple[CertificateLine, ...]
    permits: tuple[PermitLine, ...]
    events: tuple[TransactionLine, ...]
    blocks: tuple[BlockLine, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """A page that could not be shown: `code` is stable, `hint` says what to do."""

    code: str
    status: int
    message: str
    hint: str
