"""Questions about the chain that pages ask: one function a question, each a few index look-ups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, ScalarSelect, Select, bindparam, select

from ccxx_core.block import BlockHeader
from ccxx_core.hashes import BlockHash, Txid
from ccxx_core.transaction import OutPoint, Transaction
from ccxx_explorer.database.rows import (
    BlockRow,
    OutputRow,
    ScriptSummary,
    Spend,
    Totals,
    TouchRow,
    TransactionPlace,
    TransactionRow,
    VerdictRow,
)
from ccxx_explorer.database.schema import (
    addresses,
    blocks,
    outputs,
    scripts,
    touches,
    transactions,
    verdicts,
)

# Follows every letter of an address, in the order of bytes.
_LAST_LETTER = "~"
_spender = transactions.alias("spender")
# What most pages ask is put together once: that takes longer than to answer it.
_TIP = select(blocks).order_by(blocks.c.height.desc()).limit(1)
_HASH_AT = select(blocks.c.hash).where(blocks.c.height == bindparam("height"))
_TIMES = select(blocks.c.height, blocks.c.time).where(
    blocks.c.height.in_(bindparam("heights", expanding=True))
)
_TRANSACTION = (
    select(transactions)
    .where(transactions.c.txid == bindparam("txid"))
    .order_by(transactions.c.number.desc())
    .limit(1)
)
_VERDICT = select(
    verdicts, transactions.c.txid, transactions.c.height, transactions.c.position
).join(transactions, transactions.c.number == verdicts.c.transaction_number)
_VERDICTS = _VERDICT.where(verdicts.c.transaction_number.in_(bindparam("numbers", expanding=True)))


def tip(connection: Connection) -> BlockRow | None:
    """Give the last block indexed, or None while the index is empty."""
    row = connection.execute(_TIP).first()
    return _block(row) if row else None


def latest_blocks(connection: Connection, below: int | None, limit: int) -> list[BlockRow]:
    """Give blocks from the tip downwards, or from the one under `below`."""
    query = select(blocks).order_by(blocks.c.height.desc()).limit(limit)
    if below is not None:
        query = query.where(blocks.c.height < below)
    return [_block(row) for row in connection.execute(query)]


def block_at(connection: Connection, height: int) -> BlockRow | None:
    """Give the block of the best chain at a height."""
    row = connection.execute(select(blocks).where(blocks.c.height == height)).first()
    return _block(row) if row else None


def block_of_hash(connection: Connection, block_hash: bytes) -> BlockRow | None:
    """Give the block of the best chain with this hash (internal order)."""
    row = connection.execute(select(blocks).where(blocks.c.hash == block_hash)).first()
    return _block(row) if row else None


def hash_at(connection: Connection, height: int) -> BlockHash | None:
    """Give the hash of the block at a height."""
    value = connection.execute(_HASH_AT, {"height": height}).scalar()
    return BlockHash(value) if value is not None else None


def transaction_of_id(connection: Connection, txid: bytes) -> TransactionRow | None:
    """Give a confirmed transaction; of two equal ids (before BIP 30) the later."""
    row = connection.execute(_TRANSACTION, {"txid": txid}).first()
    return _transaction(row) if row else None


def transactions_between(connection: Connection, first: int, limit: int) -> list[TransactionRow]:
    """Give transactions in the order of the chain, from a number on."""
    query = (
        select(transactions)
        .where(transactions.c.number >= first)
        .order_by(transactions.c.number)
        .limit(limit)
    )
    return [_transaction(row) for row in connection.execute(query)]


def transactions_numbered(
    connection: Connection, numbers: Sequence[int]
) -> dict[int, TransactionRow]:
    """Give transactions by their numbers."""
    query = select(transactions).where(transactions.c.number.in_(numbers))
    return {row.number: _transaction(row) for row in connection.execute(query)}


def places_numbered(connection: Connection, numbers: Sequence[int]) -> list[TransactionPlace]:
    """Give where transactions are by their numbers, without reading them: batches are large."""
    columns = transactions.c
    query = select(columns.number, columns.txid, columns.height).where(columns.number.in_(numbers))
    return [
        TransactionPlace(row.number, Txid(row.txid), row.height)
        for row in connection.execute(query)
    ]


def outputs_of(connection: Connection, number: int) -> list[OutputRow]:
    """Give the outputs of a transaction in order, with what spent them."""
    wanted = outputs.c.transaction_number == number
    return outputs_in_order(connection, wanted, outputs.c.vout)


def prevouts_of(connection: Connection, number: int) -> list[OutputRow]:
    """Give the coins that a transaction spent, in the order of its inputs."""
    return outputs_in_order(connection, outputs.c.spent_by == number, outputs.c.spent_index)


def outputs_in_order(
    connection: Connection, wanted: ColumnElement[bool], order: ColumnElement[Any]
) -> list[OutputRow]:
    """Give the outputs that a condition names, with what spent them, in an order."""
    query = _output_query().where(wanted).order_by(order)
    return [_output(row) for row in connection.execute(query)]


def output_at(connection: Connection, outpoint: OutPoint) -> OutputRow | None:
    """Give one confirmed output."""
    query = (
        _output_query()
        .where(transactions.c.txid == outpoint.txid, outputs.c.vout == outpoint.vout)
        .order_by(transactions.c.number.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return _output(row) if row else None


def summary_of_script(connection: Connection, script_hash: bytes) -> ScriptSummary:
    """Sum up one script by the SHA-256 of its bytes."""
    query = (
        select(touches.c.position, touches.c.received, touches.c.balance)
        .where(touches.c.script == _script(script_hash))
        .order_by(touches.c.position.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return ScriptSummary(row.received, row.balance, row.position) if row else ScriptSummary()


def history_of_script(
    connection: Connection, script_hash: bytes, below: int | None, limit: int
) -> list[TransactionRow]:
    """Give the transactions that pay to a script or spend from it, newest first.

    With `below` only those whose number is less: the number of the last one seen.
    """
    query = _history(script_hash).order_by(touches.c.transaction_number.desc()).limit(limit)
    if below is not None:
        query = query.where(touches.c.transaction_number < below)
    return [_transaction(row) for row in connection.execute(query)]


def history_by_position(
    connection: Connection, script_hash: bytes, last: int, limit: int
) -> list[TouchRow]:
    """Give a script's transactions newest first, from the one at position `last` downwards.

    The first transaction has position 1, the newest the count of `summary_of_script`.
    """
    query = _history(script_hash).where(touches.c.position <= last)
    ordered = query.order_by(touches.c.position.desc()).limit(limit)
    return [
        TouchRow(row.touch_position, row.received, row.balance, _transaction(row))
        for row in connection.execute(ordered)
    ]


def _script(script_hash: bytes) -> ScalarSelect[Any]:
    query = select(scripts.c.number).where(scripts.c.hash == script_hash)
    return query.scalar_subquery()


def _history(script_hash: bytes) -> Select[Any]:
    return (
        select(
            transactions,
            touches.c.position.label("touch_position"),
            touches.c.received,
            touches.c.balance,
        )
        .join(touches, touches.c.transaction_number == transactions.c.number)
        .where(touches.c.script == _script(script_hash))
    )


def addresses_beginning(connection: Connection, prefix: str, limit: int) -> list[str]:
    """Give addresses that were ever paid and begin with some letters, in their order."""
    query = select(addresses.c.address).where(
        addresses.c.address >= prefix, addresses.c.address < f"{prefix}{_LAST_LETTER}"
    )
    ordered = query.order_by(addresses.c.address).limit(limit)
    return list(connection.execute(ordered).scalars())


def totals(connection: Connection, height: int | None = None) -> Totals | None:
    """Give all counts and where the credit lies, at the tip or after an older block."""
    query = _totals_query().order_by(blocks.c.height.desc()).limit(1)
    if height is not None:
        query = query.where(blocks.c.height == height)
    row = connection.execute(query).first()
    return _totals(row) if row is not None else None


def _totals_query() -> Select[Any]:
    counted = (blocks.c[each.name] for each in fields(Totals) if each.name != "transactions")
    last = blocks.c.first_transaction + blocks.c.transaction_count - 1
    return select(*counted, last.label("transactions"))


def _totals(row: Any) -> Totals:
    return Totals(**row._mapping)


def verdicts_of(connection: Connection, numbers: Iterable[int]) -> dict[int, VerdictRow]:
    """Give the registry's verdicts on some transactions, by transaction number."""
    found = connection.execute(_VERDICTS, {"numbers": list(numbers)})
    return {row.transaction_number: _verdict(row) for row in found}


def latest_verdicts(connection: Connection, limit: int) -> dict[int, VerdictRow]:
    """Give the newest verdicts by transaction number."""
    query = _VERDICT.order_by(verdicts.c.transaction_number.desc()).limit(limit)
    return {row.transaction_number: _verdict(row) for row in connection.execute(query)}


def _output_query() -> Select[Any]:
    return (
        select(
            outputs.c.vout,
            outputs.c.value,
            scripts.c.script_pubkey,
            outputs.c.spent_index,
            transactions.c.txid,
            _spender.c.txid.label("spender_txid"),
            _spender.c.height.label("spender_height"),
        )
        .join(transactions, transactions.c.number == outputs.c.transaction_number)
        .join(scripts, scripts.c.number == outputs.c.script)
        .outerjoin(_spender, _spender.c.number == outputs.c.spent_by)
    )


def _block(row: Any) -> BlockRow:
    return BlockRow(
        height=row.height,
        hash=BlockHash(row.hash),
        header=BlockHeader.decode(row.header),
        median_time_past=row.median_time_past,
        size=row.size,
        weight=row.weight,
        transaction_count=row.transaction_count,
        first_transaction=row.first_transaction,
    )


def _transaction(row: Any) -> TransactionRow:
    return TransactionRow(
        number=row.number,
        txid=Txid(row.txid),
        height=row.height,
        position=row.position,
        transaction=Transaction.decode(row.raw),
    )


def _output(row: Any) -> OutputRow:
    spend = None
    if row.spender_txid is not None:
        spend = Spend(Txid(row.spender_txid), row.spent_index, row.spender_height)
    return OutputRow(
        outpoint=OutPoint(Txid(row.txid), row.vout),
        value=row.value,
        script_pubkey=row.script_pubkey,
        spend=spend,
    )


def _verdict(row: Any) -> VerdictRow:
    return VerdictRow(
        txid=Txid(row.txid),
        height=row.height,
        position=row.position,
        operation=row.operation,
        accepted=row.accepted,
        refusal=row.refusal,
        detail=row.detail,
    )


def times_of(connection: Connection, heights: Iterable[int]) -> dict[int, int]:
    """Give the times of blocks by height."""
    found = connection.execute(_TIMES, {"heights": list(set(heights))})
    return {row.height: row.time for row in found}
