"""Figures over time, from what the chain had at the edges of each span."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ccxx_explorer.database.rows import IssuerCount, Totals
from ccxx_explorer.facts.statistics import BucketFacts, IssuerFigures

_NOTHING = Totals(height=-1, time=0)


def bucket_facts(
    edges: Sequence[int],
    heights: Sequence[int],
    totals: Mapping[int, Totals],
    times: Mapping[int, int],
    registered: int | None,
) -> tuple[BucketFacts, ...]:
    """Build the spans between `edges`; `heights` are the last blocks before each edge.

    `times` are median times past, also of the first block that counts. `registered` is the height
    of the root coin, None without one.
    """
    spans = zip(edges, edges[1:], heights, heights[1:], strict=False)
    facts = []
    for start, end, before, last in spans:
        old, new = totals.get(before, _NOTHING), totals.get(last, _NOTHING)
        has_credit = registered is not None and last >= registered
        facts.append(
            BucketFacts(
                start=start,
                end=end,
                blocks=last - before,
                transactions=new.transactions - old.transactions,
                permits=new.permits - old.permits,
                certificates=new.certificates - old.certificates,
                refused=new.refused - old.refused,
                interval=_interval(before, last, times),
                root_credit=new.root_credit if has_credit else None,
                permit_credit=new.permit_credit if has_credit else None,
                certificate_credit=new.certificate_credit if has_credit else None,
                destroyed_credit=new.destroyed_credit if has_credit else None,
            )
        )
    return tuple(facts)


def _interval(before: int, last: int, times: Mapping[int, int]) -> int | None:
    # Before the first block that is known there is no time: count from that one.
    before = before if before in times else min(times, default=last)
    if last <= before:
        return None
    return (times[last] - times[before]) // (last - before)


def issuer_figures(row: IssuerCount, name: str | None) -> IssuerFigures:
    """Build one issuer's line."""
    return IssuerFigures(row.issuer_key.hex(), name, row.permits, row.certificates)
