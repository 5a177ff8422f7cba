"""Parts of large transactions: a page of their coins, and sums that need no page."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from ccxx_explorer.database.reader import outputs_in_order
from ccxx_explorer.database.rows import OutputRow
from ccxx_explorer.database.schema import outputs


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
