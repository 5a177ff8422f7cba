"""Write blocks into the chain tables, and take them out again, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, tuple_, update

from ccxx_core.hashes import Txid, sha256
from ccxx_core.script import is_unspendable
from ccxx_core.transaction import OutPoint, Transaction, TxOutput
from ccxx_explorer.database.rows import NewBlock
from ccxx_explorer.database.schema import blocks, outputs, touches, transactions

# SQLite takes at most 32,766 variables a statement; pairs count twice.
_CHUNK = 10_000

Row = dict[str, Any]


class _Batch:
    """The rows of some blocks in a row, gathered before they are written together."""

    def __init__(self, next_number: int) -> None:
        self.number = next_number
        self.blocks: list[Row] = []
        self.transactions: list[Row] = []
        self.outputs: dict[tuple[int, int], Row] = {}
        self.touches: set[tuple[bytes, int]] = set()
        self.numbers: dict[bytes, int] = {}
        # (prevout, spending transaction's number, input index) of coins older than the batch
        self.older: list[tuple[OutPoint, int, int]] = []

    def add(self, new: NewBlock) -> None:
        """Gather one block."""
        block, first = new.block, self.number
        for position, tx in enumerate(block.transactions):
            self._add_transaction(new.height, position, tx)
        self.blocks.append(
            {
                "height": new.height,
                "hash": new.hash,
                "header": block.header.encode(),
                "time": block.header.time,
                "median_time_past": new.median_time_past,
                "size": block.size,
                "weight": block.weight,
                "transaction_count": len(block.transactions),
                "first_transaction": first,
            }
        )

    def _add_transaction(self, height: int, position: int, tx: Transaction) -> None:
        number, txid = self.number, tx.txid
        self.number += 1
        self.numbers[txid] = number
        self.transactions.append(
            {
                "number": number,
                "txid": txid,
                "height": height,
                "position": position,
                "raw": tx.encode(),
            }
        )
        if not tx.is_coinbase:
            for index, tx_input in enumerate(tx.inputs):
                self._add_spend(tx_input.prevout, number, index)
        for vout, output in enumerate(tx.outputs):
            self._add_output(number, vout, output)

    def _add_output(self, number: int, vout: int, output: TxOutput) -> None:
        script_hash = sha256(output.script_pubkey)
        self.outputs[number, vout] = {
            "transaction_number": number,
            "vout": vout,
            "value": output.value,
            "script_pubkey": output.script_pubkey,
            "script_hash": script_hash,
            "spent_by": None,
            "spent_index": None,
        }
        if not is_unspendable(output.script_pubkey):
            self.touches.add((script_hash, number))

    def _add_spend(self, prevout: OutPoint, number: int, index: int) -> None:
        source = self.numbers.get(prevout.txid)
        if source is None:
            self.older.append((prevout, number, index))
            return
        row = self.outputs[source, prevout.vout]
        row["spent_by"], row["spent_index"] = number, index
        self.touches.add((row["script_hash"], number))


def insert_blocks(connection: Connection, new_blocks: Sequence[NewBlock]) -> list[dict[Txid, int]]:
    """Write blocks on top of the index; gives each block's transaction numbers by txid."""
    batch = _Batch(next_number(connection))
    numbers = []
    for new in new_blocks:
        batch.add(new)
        numbers.append({tx.txid: batch.numbers[tx.txid] for tx in new.block.transactions})
    spends = _resolve_spends(connection, batch)
    _insert(connection, blocks, batch.blocks)
    _insert(connection, transactions, batch.transactions)
    _insert(connection, outputs, list(batch.outputs.values()))
    if spends:
        connection.execute(_MARK_SPENT, spends)
    _insert(
        connection,
        touches,
        [{"script_hash": script, "transaction_number": number} for script, number in batch.touches],
    )
    return numbers


_MARK_SPENT = (
    update(outputs)
    .where(
        outputs.c.transaction_number == bindparam("source"),
        outputs.c.vout == bindparam("source_vout"),
    )
    .values(spent_by=bindparam("by"), spent_index=bindparam("index"))
)


def _insert(connection: Connection, table: Any, rows: list[Row]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def _resolve_spends(connection: Connection, batch: _Batch) -> list[Row]:
    """Find the older coins that the batch spends; their scripts are touched too."""
    numbers = _numbers_of(connection, {prevout.txid for prevout, _, _ in batch.older})
    keys = [(numbers[prevout.txid], prevout.vout) for prevout, _, _ in batch.older]
    scripts = _script_hashes(connection, keys)
    spends = []
    for (source, vout), (_, number, index) in zip(keys, batch.older, strict=True):
        batch.touches.add((scripts[source, vout], number))
        spends.append({"source": source, "source_vout": vout, "by": number, "index": index})
    return spends


def _numbers_of(connection: Connection, txids: Iterable[bytes]) -> dict[bytes, int]:
    found: dict[bytes, int] = {}
    for chunk in _chunks(sorted(txids)):
        query = (
            select(transactions.c.txid, func.max(transactions.c.number))
            .where(transactions.c.txid.in_(chunk))
            .group_by(transactions.c.txid)
        )
        found.update((txid, number) for txid, number in connection.execute(query))
    return found


def _script_hashes(
    connection: Connection, keys: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], bytes]:
    found: dict[tuple[int, int], bytes] = {}
    pair = tuple_(outputs.c.transaction_number, outputs.c.vout)
    for chunk in _chunks(keys):
        query = select(outputs.c.transaction_number, outputs.c.vout, outputs.c.script_hash).where(
            pair.in_(chunk)
        )
        found.update(((source, vout), script) for source, vout, script in connection.execute(query))
    return found


def _chunks(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]


def next_number(connection: Connection) -> int:
    """Give the number that the next transaction of the chain gets, from 1."""
    query = (
        select(blocks.c.first_transaction + blocks.c.transaction_count)
        .order_by(blocks.c.height.desc())
        .limit(1)
    )
    return connection.execute(query).scalar() or 1


def delete_block(connection: Connection, height: int, first: int) -> None:
    """Take the tip out: its transactions are numbered from `first` to the end."""
    connection.execute(delete(touches).where(touches.c.transaction_number >= first))
    connection.execute(
        update(outputs).where(outputs.c.spent_by >= first).values(spent_by=None, spent_index=None)
    )
    connection.execute(delete(outputs).where(outputs.c.transaction_number >= first))
    connection.execute(delete(transactions).where(transactions.c.number >= first))
    connection.execute(delete(blocks).where(blocks.c.height == height))
