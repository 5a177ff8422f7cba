"""The life of a permit or certificate in the index: its transactions, a page at a time."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from ccxx_core.transaction import OutPoint
from ccxx_explorer.database.reader import verdicts_of
from ccxx_explorer.database.records import RecordTables
from ccxx_explorer.database.rows import VerdictRow
from ccxx_explorer.database.schema import certificates, subjects, transactions


def life_of(
    connection: Connection, subject: OutPoint, before: int | None, limit: int
) -> dict[int, VerdictRow]:
    """Give the newest verdicts about a permit or certificate, by transaction number, oldest first.

    `before` leaves out what stands at that number and after it.
    """
    number = RecordTables(connection).find_subject(subject)
    query = select(subjects.c.transaction_number).where(subjects.c.subject == number)
    if before is not None:
        query = query.where(subjects.c.transaction_number < before)
    newest = query.order_by(subjects.c.transaction_number.desc()).limit(limit)
    numbers = set(connection.execute(newest).scalars())
    # The issue of a certificate stands in its own row.
    issued = select(certificates.c.transaction_number).where(certificates.c.number == number)
    first = connection.execute(issued).scalar()
    if first is not None and (before is None or first < before):
        numbers.add(first)
    found = verdicts_of(connection, sorted(numbers)[-limit:])
    return {each: found[each] for each in sorted(found)}


def raw_transactions(connection: Connection, numbers: Iterable[int]) -> dict[int, bytes]:
    """Give transactions by their numbers, as the chain has them."""
    query = select(transactions.c.number, transactions.c.raw)
    rows = connection.execute(query.where(transactions.c.number.in_(list(numbers))))
    return {row.number: row.raw for row in rows}
