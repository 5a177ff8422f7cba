"""Parts of large transactions and blocks: a page of each, and sums that need no page."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from ccxx_explorer.database.reader import outputs_in_order
from ccxx_explorer.database.rows import OutputRow
from ccxx_explorer.database.schema import outputs, verdicts


@dataclass(frozen=True, slots=True)
class Judged:
    """How many transactions of a block the registry judged, and the numbers of the first."""

    count: int
    numbers: tuple[int, ...]


def judged_between(connection: Connection, first: int, count: int, limit: int) -> Judged:
    """Find the transactions that the registry judged among `count` from a number on."""
    number = verdicts.c.transaction_number
    within = number.between(first, first + count - 1)
    total = connection.execute(select(func.count()).select_from(verdicts).where(within)).scalar()
    query = select(number).where(within).order_by(number).limit(limit)
    return Judged(total or 0, tuple(connection.execute(query).scalars()))


def outputs_between(connection: Connection, number: int, first: int, limit: int) -> list[OutputRow]:
    """Give outputs of a transaction from one on, with what spent them."""
    wanted = (outputs.c.transaction_number == number) & outputs.c.vout.between(
        first, first + limit - 1
    )
    return outputs_in_order(connection, wanted, outputs.c.vout)


def prevouts_between(
    connection: Connection, number: int, first: int, limit: int
) -> list[OutputRow]:
    """Give the coins that some of a transaction's inputs spent, from one input on."""
    wanted = (outputs.c.spent_by == number) & outputs.c.spent_index.between(
        first, first + limit - 1
    )
    return outputs_in_order(connection, wanted, outputs.c.spent_index)


def spent_value(connection: Connection, number: int) -> int:
    """Sum the coins that a transaction spent, in satoshis."""
    query = select(func.sum(outputs.c.value)).where(outputs.c.spent_by == number)
    return int(connection.execute(query).scalar() or 0)
