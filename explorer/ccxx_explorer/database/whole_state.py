"""The whole registry at the tip, for the one string by which observers compare what they know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Select, select

from ccxx_cert.record_json import record_to_json
from ccxx_cert.registry import hash_lines
from ccxx_cert.state import RecordKind
from ccxx_explorer.database.packing import unpack_json
from ccxx_explorer.database.records import (
    credit_order,
    credit_query,
    read_credit,
    read_serial,
    serial_query,
)
from ccxx_explorer.database.schema import (
    batches,
    certificates,
    marks,
    outputs,
    permits,
    transactions,
)

_ROWS_AT_ONCE = 1_000


def registry_hash(connection: Connection) -> bytes:
    """Return the digest (32 bytes) of all that the rules have to remember at the tip."""
    return hash_lines(line for kind in sorted(RecordKind) for line in _lines(connection, kind))


def _lines(connection: Connection, kind: RecordKind) -> Iterator[str]:
    """Yield the records of one kind as JSON, in the order of their keys."""
    for row in connection.execute(_query(kind).execution_options(yield_per=_ROWS_AT_ONCE)):
        if kind is RecordKind.CREDIT:
            yield record_to_json(read_credit(row))
        elif kind is RecordKind.SERIAL:
            yield record_to_json(read_serial(row))
        else:
            yield unpack_json(row.record)


def _query(kind: RecordKind) -> Select[Any]:
    match kind:
        case RecordKind.CREDIT:
            return credit_query().where(outputs.c.spent_by.is_(None)).order_by(*credit_order())
        case RecordKind.SERIAL:
            return serial_query()
        case RecordKind.PERMIT:
            return select(permits.c.record).order_by(permits.c.outpoint)
        case RecordKind.CERTIFICATE:
            issued = transactions.c.number == certificates.c.transaction_number
            query = select(certificates.c.record).join(transactions, issued)
            return query.order_by(transactions.c.txid, certificates.c.vout)
        case RecordKind.BATCH:
            return select(batches.c.record).order_by(batches.c.txid)
        case _:
            return select(marks.c.record).where(marks.c.kind == kind.value).order_by(marks.c.key)
