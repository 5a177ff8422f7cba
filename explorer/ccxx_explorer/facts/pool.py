"""What pages say about transactions that no block has taken yet."""

from __future__ import annotations

from dataclasses import dataclass

from ccxx_explorer.facts.status import AsOf, Statement, Tone


@dataclass(frozen=True, slots=True)
class FeeBand:
    """The transactions that pay a feerate from `least` to below `most` (None: no end).

    Feerates are in satoshis for 1,000 virtual bytes; `size` is the sum of virtual bytes.
    """

    least: int
    most: int | None
    count: int
    size: int


@dataclass(frozen=True, slots=True)
class PendingLine:
    """One unconfirmed transaction, and what it would do in the next block.

    `accepted` is None where the registry has nothing to say. `time` is when the node saw it first.
    """

    txid: str
    time: int
    value: int
    fee: int | None
    feerate: int | None
    vsize: int
    operation: str | None
    accepted: bool | None
    meaning: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class MempoolFacts:
    """The node's pool, newest first; `known` is false while the node is away.

    `count` and `size` (virtual bytes) are of the whole pool; `hidden` of its transactions are not
    shown, because they are too many for this explorer.
    """

    as_of: AsOf
    known: bool
    count: int
    size: int
    hidden: int
    fees: tuple[FeeBand, ...]
    transactions: tuple[PendingLine, ...]
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class PendingFacts:
    """A certificate or permit that a waiting transaction would make.

    `kind` is `certificate` or `permit`. `status` is `pending`; `refused` where the transaction
    would not count; `confirmed` once a block has it, and then its page is at `url`.
    """

    id: str
    kind: str
    status: str
    as_of: AsOf
    verdict: Statement
    url: str
    txid: str
    certificate_id: str | None = None
    first_seen: int | None = None
    fee: int | None = None
    serial: int | None = None
    code: str | None = None
    title: str | None = None
    summary: str | None = None
    quantity: int | None = None
    permit_id: str | None = None
    address: str | None = None
