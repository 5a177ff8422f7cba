"""Documents on the chain, piece by piece: which transactions carry a piece, and whose it is.

What a piece says is in its transaction, and whose it is in the coins that it spent: only where to
look is kept beside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, select

from ccxx_cert.chunks import Piece, assemble
from ccxx_cert.recognize import read_message
from ccxx_cert.records import ChunkMessage, Op
from ccxx_cert.state import Certificate, Verdict
from ccxx_core.hashes import Txid
from ccxx_core.transaction import Transaction
from ccxx_explorer.database import reader
from ccxx_explorer.database.bulk import Row, insert_rows
from ccxx_explorer.database.schema import outputs, pieces, scripts, transactions

_PREFIX = 8


def insert_pieces(
    connection: Connection,
    verdicts: Iterable[Verdict],
    block: Sequence[Transaction],
    numbers: Mapping[Txid, int],
) -> None:
    """Note the pieces of a block, whoever sent them."""
    rows: list[Row] = []
    for verdict in verdicts:
        message = _chunk(block[verdict.position]) if verdict.op is Op.CHUNK else None
        if message is not None:
            number = numbers[verdict.txid]
            rows.append({"prefix": message.digest_prefix, "transaction_number": number})
    insert_rows(connection, pieces, rows)


def published_document(connection: Connection, certificate: Certificate) -> bytes | None:
    """Return the document of a certificate that its issuer put on the chain, None while not whole.

    A certificate of a batch has none here: the chain has only the root over all leaves.
    """
    digest = certificate.doc_hash
    message = reader.transaction_of_id(connection, certificate.id.txid)
    if digest is None or message is None:
        return None
    spent = reader.prevouts_of(connection, message.number)
    authors = frozenset(coin.script_pubkey for coin in spent)
    return assemble(digest, authors, _pieces(connection, digest[:_PREFIX], authors))


def _pieces(connection: Connection, prefix: bytes, authors: frozenset[bytes]) -> list[Piece]:
    """Return the pieces that spend a coin of one of the authors, in the order of the chain."""
    # Begins at the pieces, which are few: an author's script may have any number of coins.
    query = (
        select(transactions.c.number, transactions.c.raw, scripts.c.script_pubkey)
        .join(pieces, pieces.c.transaction_number == transactions.c.number)
        .join(outputs, outputs.c.spent_by == transactions.c.number)
        .join(scripts, scripts.c.number == outputs.c.script)
        .where(pieces.c.prefix == prefix)
        .order_by(transactions.c.number)
    )
    found: dict[int, Piece] = {}
    for number, raw, script in connection.execute(query):
        if script not in authors or number in found:
            continue
        message = _chunk(Transaction.decode(raw))
        if message is not None:
            found[number] = Piece(message, frozenset([script]))
    return list(found.values())


def _chunk(tx: Transaction) -> ChunkMessage | None:
    reading = read_message(tx)
    message = None if reading is None else reading.message
    return message if isinstance(message, ChunkMessage) else None
