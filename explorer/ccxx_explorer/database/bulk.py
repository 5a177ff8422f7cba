"""Many rows at once: written in one go, and looked up in portions that any database takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, Table

Row = dict[str, Any]
# SQLite takes at most 32,766 variables a statement; pairs count twice.
_PORTION = 10_000
_Item = TypeVar("_Item")


def insert_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Write rows, all with the same columns, past all that the library does for a single one."""
    if not rows:
        return
    names = list(rows[0])
    # A single column would come out as a bare value.
    values = map(itemgetter(*names), rows) if len(names) > 1 else ((row[names[0]],) for row in rows)
    columns = ", ".join(names)
    if connection.dialect.name == "postgresql":
        _copy(connection, f"COPY {table.name} ({columns}) FROM STDIN", values)
    else:
        places = ", ".join("?" * len(names))
        statement = f"INSERT INTO {table.name} ({columns}) VALUES ({places})"
        connection.exec_driver_sql(statement, list(values))


def _copy(connection: Connection, statement: str, values: Iterable[tuple[Any, ...]]) -> None:
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in values:
            copy.write_row(row)


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
