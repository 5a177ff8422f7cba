"""How many pieces of a document lie on the chain, whoever sent them."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, func, select

from ccxx_explorer.database.schema import pieces, transactions

_PREFIX = 8


class Pieces(NamedTuple):
    """Pieces of one document: their number, and the id of the transaction with the newest."""

    number: int
    newest: bytes


def pieces_of(connection: Connection, digest: bytes) -> Pieces | None:
    """Count the pieces of a document by its hash without reading them; None without any."""
    numbers = pieces.c.transaction_number
    query = select(func.count(), func.max(numbers)).where(pieces.c.prefix == digest[:_PREFIX])
    count, newest = connection.execute(query).one()
    if not count:
        return None
    txid = connection.execute(
        select(transactions.c.txid).where(transactions.c.number == newest)
    ).scalar()
    return Pieces(count, txid or b"")
