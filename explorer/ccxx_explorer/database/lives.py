"""The life of a permit or certificate in the index: its transactions, a page at a time."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, select

from ccxx_explorer.database.reader import verdicts_of
from ccxx_explorer.database.rows import VerdictRow
from ccxx_explorer.database.schema import certificates, subjects, transactions

_ISSUED = select(certificates.c.transaction_number).where(
    certificates.c.number == bindparam("number")
)
_RAW = select(transactions.c.number, transactions.c.raw).where(
    transactions.c.number.in_(bindparam("numbers", expanding=True))
)


def life_of(
    connection: Connection, subject: int, before: int | None, limit: int
) -> dict[int, VerdictRow]:
    """Give the newest verdicts about a permit or certificate, by transaction number, oldest first.

    `subject` is the number that `RecordTables.find_subject` gives; `before` leaves out what stands
    at that number and after it.
    """
    query = select(subjects.c.transaction_number).where(subjects.c.subject == subject)
    if before is not None:
        query = query.where(subjects.c.transaction_number < before)
    newest = query.order_by(subjects.c.transaction_number.desc()).limit(limit)
    numbers = set(connection.execute(newest).scalars())
    # The issue of a certificate stands in its own row.
    first = connection.execute(_ISSUED, {"number": subject}).scalar()
    if first is not None and (before is None or first < before):
        numbers.add(first)
    found = verdicts_of(connection, sorted(numbers)[-limit:])
    return {each: found[each] for each in sorted(found)}


def raw_transactions(connection: Connection, numbers: Iterable[int]) -> dict[int, bytes]:
    """Give transactions by their numbers, as the chain has them."""
    rows = connection.execute(_RAW, {"numbers": list(numbers)})
    return {row.number: row.raw for row in rows}
