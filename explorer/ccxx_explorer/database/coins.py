"""Coins that lie at a script, newest first, and where a script was shown."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, select, tuple_

from ccxx_core.hashes import Txid
from ccxx_core.transaction import OutPoint
from ccxx_explorer.database.rows import UnspentRow
from ccxx_explorer.database.schema import outputs, scripts, transactions

# A coin's place in the chain: the number of its transaction, and its output.
Place = tuple[int, int]


def unspent_below(
    connection: Connection, script_hash: bytes, below: Place | None, limit: int
) -> tuple[list[UnspentRow], Place | None]:
    """Give unspent coins from the newest down, and the place of the last one given."""
    query = (
        select(
            outputs.c.transaction_number,
            outputs.c.vout,
            outputs.c.value,
            transactions.c.txid,
            transactions.c.height,
        )
        .join(transactions, transactions.c.number == outputs.c.transaction_number)
        .join(scripts, scripts.c.number == outputs.c.script)
        .where(scripts.c.hash == script_hash, outputs.c.spent_by.is_(None))
        .order_by(outputs.c.transaction_number.desc(), outputs.c.vout.desc())
        .limit(limit)
    )
    if below is not None:
        place = tuple_(outputs.c.transaction_number, outputs.c.vout)
        query = query.where(place < tuple_(*below))
    rows = connection.execute(query).all()
    coins = [UnspentRow(OutPoint(Txid(row.txid), row.vout), row.value, row.height) for row in rows]
    return coins, (rows[-1].transaction_number, rows[-1].vout) if rows else None


def input_that_spends(
    connection: Connection, script_hash: bytes, numbers: Collection[int]
) -> Place | None:
    """Find an input that spends from a script among some transactions: (number, input)."""
    query = (
        select(outputs.c.spent_by, outputs.c.spent_index)
        .join(scripts, scripts.c.number == outputs.c.script)
        .where(outputs.c.spent_by.in_(numbers), scripts.c.hash == script_hash)
        .limit(1)
    )
    row = connection.execute(query).first()
    return (row.spent_by, row.spent_index) if row is not None else None
