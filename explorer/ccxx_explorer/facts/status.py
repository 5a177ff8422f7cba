"""What all pages share: verdicts, checks, and the state of the explorer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
    """One check of its own, apart from all others: `name` and `result` are stable, `title` and
    `label` say them to people, the label by the gravest word (`revoked`, not `failed`)."""

    name: str
    result: CheckResult
    words: str
    title: str = ""
    label: str = ""
    tone: Tone = Tone.CALM


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
class AsOf:
    """The block up to which an answer holds, and whether the node answers now."""

    height: int
    time: int
    online: bool


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
    """The state of this explorer; `problem` says why it cannot judge certificates, if so."""

    network: str
    problem: str | None
    tip: TipFacts | None
    node: NodeFacts
    anchor: AnchorFacts | None
    credit: CreditFacts | None
    counts: CountFacts


@dataclass(frozen=True, slots=True)
class Problem:
    """A page that could not be shown: `code` is stable, `hint` says what to do."""

    code: str
    status: int
    message: str
    hint: str
