"""The whole registry at the tip, for the one string by which observers compare what they know."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, select

from ccxx_cert.record_json import record_to_json
from ccxx_cert.registry import hash_lines
from ccxx_cert.state import RecordKind
from ccxx_explorer.database.records import MARKS, TABLES, read_credit, read_serial
from ccxx_explorer.database.schema import credits, marks

_ROWS_AT_ONCE = 1_000


def registry_hash(connection: Connection) -> bytes:
    """Return the digest (32 bytes) of all that the rules have to remember at the tip."""
    return hash_lines(line for kind in sorted(RecordKind) for line in _lines(connection, kind))


def _lines(connection: Connection, kind: RecordKind) -> Iterator[str]:
    """Yield the records of one kind as JSON, in the order of their keys."""
    table = TABLES[kind]
    query = select(table).order_by(*table.primary_key)
    if kind is RecordKind.CREDIT:
        query = query.where(credits.c.alive)
    elif kind in MARKS:
        query = query.where(marks.c.kind == kind.value)
    for row in connection.execute(query.execution_options(yield_per=_ROWS_AT_ONCE)):
        if kind is RecordKind.CREDIT:
            yield record_to_json(read_credit(row))
        elif kind is RecordKind.SERIAL:
            yield record_to_json(read_serial(row))
        else:
            yield row.record
