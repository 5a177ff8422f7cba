"""What the statistics say: the same numbers behind charts, tables and JSON."""

from __future__ import annotations

from dataclasses import dataclass

from ccxx_explorer.facts.status import AsOf


@dataclass(frozen=True, slots=True)
class BucketFacts:
    """What happened in one span of time, and how the credit lay at its end.

    `start` is included, `end` is not. `interval` is the average time between its blocks in
    seconds, None without blocks. Credit is None before the root coin was registered.
    """

    start: int
    end: int
    blocks: int
    transactions: int
    permits: int
    certificates: int
    refused: int
    interval: int | None
    root_credit: int | None
    permit_credit: int | None
    certificate_credit: int | None
    destroyed_credit: int | None


@dataclass(frozen=True, slots=True)
class IssuerFigures:
    """How much one issuer issued; `name` is that of a type definition, None without one here."""

    issuer_key: str
    name: str | None
    permits: int
    certificates: int


@dataclass(frozen=True, slots=True)
class StatisticsFacts:
    """Figures from `start` to `end` by spans of `bucket`: hour, day, week, month or year.

    `issuers` are those who issued most since the chain began, of `issuer_count`.
    """

    as_of: AsOf
    start: int
    end: int
    bucket: str
    buckets: tuple[BucketFacts, ...]
    issuers: tuple[IssuerFigures, ...]
    issuer_count: int
