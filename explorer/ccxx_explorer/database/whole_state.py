"""The whole registry at the tip, for the one string by which observers compare what they know."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, select

from ccxx_cert.record_json import record_from_json
from ccxx_cert.registry import state_hash
from ccxx_cert.state import Record, key_of
from ccxx_explorer.database.records import read_credit, read_serial
from ccxx_explorer.database.schema import batches, certificates, credits, marks, permits, serials


def registry_hash(connection: Connection) -> bytes:
    """Return the digest (32 bytes) of all that the rules have to remember at the tip."""
    return state_hash({key_of(record): record for record in _records(connection)})


def _records(connection: Connection) -> Iterator[Record]:
    for row in connection.execute(select(credits).where(credits.c.alive)):
        yield read_credit(row)
    for row in connection.execute(select(serials)):
        yield read_serial(row)
    for table in (permits, certificates, batches, marks):
        for (record,) in connection.execute(select(table.c.record)):
            yield record_from_json(record)
