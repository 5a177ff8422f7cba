"""Questions that Esplora's clients ask: a page of a script's history, its coins, its sums."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, ScalarSelect, Select, and_, func, select

from ccxx_core.hashes import BlockHash, Txid
from ccxx_core.transaction import OutPoint, TxOutput
from ccxx_explorer.database import reader
from ccxx_explorer.database.bulk import select_in
from ccxx_explorer.database.rows import (
    BlockPlace,
    BlockRow,
    ScriptTotals,
    TransactionRow,
    UnspentRow,
)
from ccxx_explorer.database.schema import (
    blocks,
    outputs,
    scripts,
    touches,
    transactions,
)

_IN_MEMORY = 200


def places_of(connection: Connection, heights: Iterable[int]) -> dict[int, BlockPlace]:
    """Give hash and time of blocks by their heights."""
    query = select(blocks.c.height, blocks.c.hash, blocks.c.time)
    rows = select_in(connection, query, blocks.c.height, set(heights))
    return {row.height: BlockPlace(row.height, BlockHash(row.hash), row.time) for row in rows}


def coins_spent_by(connection: Connection, numbers: Collection[int]) -> dict[int, list[TxOutput]]:
    """Give the coins that transactions spend by the number of each, in the order of its inputs."""
    found: dict[int, list[TxOutput]] = {number: [] for number in numbers}
    query = (
        select(outputs.c.spent_by, outputs.c.value, scripts.c.script_pubkey)
        .join(scripts, scripts.c.number == outputs.c.script)
        .where(outputs.c.spent_by.in_(numbers))
        .order_by(outputs.c.spent_by, outputs.c.spent_index)
    )
    for number, value, script_pubkey in connection.execute(query):
        found[number].append(TxOutput(value, script_pubkey))
    return found


def confirmed_among(connection: Connection, txids: Sequence[Txid]) -> set[Txid]:
    """Tell which of some transactions are in a block of the best chain."""
    query = select(transactions.c.txid)
    return {Txid(row.txid) for row in select_in(connection, query, transactions.c.txid, txids)}


def totals_of(connection: Connection, script_hash: bytes) -> ScriptTotals:
    """Sum up what a script received and spent; zeros for one that nobody ever paid."""
    query = (
        select(touches)
        .where(touches.c.script == _number_of(script_hash))
        .order_by(touches.c.position.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    if row is None:
        return ScriptTotals(0, 0, 0, 0, 0)
    spent = row.received - row.balance
    return ScriptTotals(row.position, row.funded_count, row.received, row.spent_count, spent)


def has_touched(connection: Connection, script_hash: bytes, number: int) -> bool:
    """Tell whether a transaction pays to a script or spends from it."""
    query = (
        select(func.count())
        .select_from(touches)
        .where(touches.c.script == _number_of(script_hash), touches.c.transaction_number == number)
    )
    return bool(connection.execute(query).scalar())


def unspent_of(connection: Connection, script_hash: bytes, limit: int) -> list[UnspentRow]:
    """Give the coins that lie at a script, the oldest first."""
    query = (
        select(transactions.c.txid, transactions.c.height, outputs.c.vout, outputs.c.value)
        .join(transactions, transactions.c.number == outputs.c.transaction_number)
        .where(outputs.c.script == _number_of(script_hash), outputs.c.spent_by.is_(None))
        .order_by(outputs.c.transaction_number, outputs.c.vout)
        .limit(limit)
    )
    return [
        UnspentRow(OutPoint(Txid(row.txid), row.vout), row.value, row.height)
        for row in connection.execute(query)
    ]


def spenders_of(connection: Connection, script_hash: bytes, limit: int) -> list[int]:
    """Number the transactions that spend from a script, newest first; who only pays is not one."""
    before = touches.alias("before")
    number = _number_of(script_hash)
    query = (
        select(touches.c.transaction_number)
        .outerjoin(
            before,
            and_(
                before.c.script == touches.c.script,
                before.c.position == touches.c.position - 1,
            ),
        )
        .where(touches.c.script == number)
        .where(touches.c.spent_count > func.coalesce(before.c.spent_count, 0))
        .order_by(touches.c.position.desc())
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def placed_transactions(
    connection: Connection, numbers: Sequence[int]
) -> Iterator[tuple[TransactionRow, BlockPlace]]:
    """Yield transactions and their blocks by number; few are in memory, however many are asked."""
    for start in range(0, len(numbers), _IN_MEMORY):
        part = numbers[start : start + _IN_MEMORY]
        rows = reader.transactions_numbered(connection, part)
        places = places_of(connection, (row.height for row in rows.values()))
        yield from ((rows[number], places[rows[number].height]) for number in part)


def txids_of_block(connection: Connection, block: BlockRow) -> list[Txid]:
    """Give the ids of a block's transactions in their order."""
    query = _of_block(select(transactions.c.txid), block)
    return [Txid(txid) for txid in connection.execute(query).scalars()]


def raw_transactions_of(connection: Connection, block: BlockRow) -> list[bytes]:
    """Give a block's transactions in their order, as they are on the wire."""
    query = _of_block(select(transactions.c.raw), block)
    return list(connection.execute(query).scalars())


def _of_block(query: Select[Any], block: BlockRow) -> Select[Any]:
    first = block.first_transaction
    return query.where(
        transactions.c.number >= first,
        transactions.c.number < first + block.transaction_count,
    ).order_by(transactions.c.number)


def _number_of(script_hash: bytes) -> ScalarSelect[Any]:
    return select(scripts.c.number).where(scripts.c.hash == script_hash).scalar_subquery()
