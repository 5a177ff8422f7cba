"""Many rows at once: written in one go, and looked up in portions that any database takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, Table, insert

Row = dict[str, Any]
# SQLite takes at most 32,766 variables a statement; pairs count twice.
_PORTION = 10_000
_Item = TypeVar("_Item")


def insert_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Write rows, all with the same columns."""
    if rows:
        connection.execute(insert(table), rows)


def portions(items: Iterable[_Item]) -> Iterator[Sequence[_Item]]:
    """Cut a long list into what one question may hold."""
    whole = list(items)
    for start in range(0, len(whole), _PORTION):
        yield whole[start : start + _PORTION]


def select_in(
    connection: Connection, query: Select[Any], column: Any, keys: Iterable[Any]
) -> Iterator[Any]:
    """Yield the rows of a query in which a column is one of the keys, however many."""
    for portion in portions(keys):
        yield from connection.execute(query.where(column.in_(portion)))
