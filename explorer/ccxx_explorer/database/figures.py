"""Figures over time: what the chain had at some moments, each a few rows and never a scan.

Blocks are ordered by their median time past, which alone never runs backwards.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import fields

from sqlalchemy import Connection, func, select

from ccxx_explorer.database.rows import Totals
from ccxx_explorer.database.schema import blocks, issuers


def first_height(connection: Connection) -> int | None:
    """Give the first block that the index has, None while it is empty."""
    return connection.execute(select(func.min(blocks.c.height))).scalar()


def median_times(connection: Connection, heights: Collection[int]) -> dict[int, int]:
    """Give the median time past of some blocks."""
    query = select(blocks.c.height, blocks.c.median_time_past)
    rows = connection.execute(query.where(blocks.c.height.in_(set(heights))))
    return {row.height: row.median_time_past for row in rows}


def heights_before(
    connection: Connection, moments: Sequence[int], first: int, last: int
) -> list[int]:
    """Give, for each moment, the last height whose median time past is before it.

    `first - 1` where there is none. All moments are sought together: as many questions as one
    bisection takes.
    """
    low, high = [first - 1] * len(moments), [last] * len(moments)
    while any(left < right for left, right in zip(low, high, strict=True)):
        middle = [(left + right + 1) // 2 for left, right in zip(low, high, strict=True)]
        times = median_times(connection, middle)
        for place, (moment, height) in enumerate(zip(moments, middle, strict=True)):
            if low[place] == high[place]:
                continue
            if times[height] < moment:
                low[place] = height
            else:
                high[place] = height - 1
    return low


def totals_at(connection: Connection, heights: Collection[int]) -> dict[int, Totals]:
    """Give what the chain had after each of some blocks."""
    counted = (blocks.c[each.name] for each in fields(Totals) if each.name != "transactions")
    last = blocks.c.first_transaction + blocks.c.transaction_count - 1
    query = select(*counted, last.label("transactions"))
    rows = connection.execute(query.where(blocks.c.height.in_(set(heights))))
    return {row.height: Totals(**row._mapping) for row in rows}


def count_issuers(connection: Connection) -> int:
    """Count the issuers whose key a certificate has shown."""
    return connection.execute(select(func.max(issuers.c.number))).scalar() or 0
