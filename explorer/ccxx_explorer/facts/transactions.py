"""What the page of a transaction says."""

from __future__ import annotations

from dataclasses import dataclass

from ccxx_explorer.decode import DataOutput
from ccxx_explorer.facts.life import KeyFacts
from ccxx_explorer.facts.status import Tone
from ccxx_explorer.facts.verification import PdfBatchFacts


@dataclass(frozen=True, slots=True)
class CreditRole:
    """What a coin is to the protocol; `id` is the permit or certificate it belongs to."""

    kind: str
    id: str | None
    words: str


@dataclass(frozen=True, slots=True)
class InputFacts:
    """One input: the coin it spends, how many of its keys had to sign, and who did."""

    index: int
    coinbase: bool
    txid: str | None
    vout: int | None
    value: int | None
    address: str | None
    kind: str
    credit: CreditRole | None
    required: int | None
    keys: tuple[KeyFacts, ...]
    sequence: int
    sequence_words: str
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
class PartFacts:
    """Which part of a list is shown: `page` counts from 1, `count` is the length of the whole."""

    count: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class TransactionFacts:
    """One transaction and a page each of its inputs and outputs.

    `feerate` is in satoshis for 1,000 virtual bytes. `meaning` says what an unconfirmed one would
    do. `hex` is None where it is too long for a page: `/api/tx/<txid>/hex` has it.
    """

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
    locktime_words: str
    size: int
    vsize: int
    weight: int
    fee: int | None
    feerate: int | None
    value_in: int | None
    value_out: int
    input_part: PartFacts
    output_part: PartFacts
    inputs: tuple[InputFacts, ...]
    outputs: tuple[OutputFacts, ...]
    verdict: VerdictFacts | None
    meaning: tuple[str, ...]
    hex: str | None
    pdf_batch: PdfBatchFacts | None = None
