"""Write blocks into the chain tables, and take them out again, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, bindparam, delete, func, select, tuple_, update

from ccxx_core.network import Network
from ccxx_core.script import is_unspendable
from ccxx_core.transaction import OutPoint, Transaction
from ccxx_explorer.database.bulk import Row, insert_rows, portions, select_in
from ccxx_explorer.database.histories import Movement, delete_touches, insert_touches
from ccxx_explorer.database.rows import IndexedBlock, NewBlock
from ccxx_explorer.database.schema import blocks, outputs, transactions
from ccxx_explorer.database.scripts import delete_scripts, number_scripts
from ccxx_explorer.database.totals import COLUMNS

_MARK_SPENT = (
    update(outputs)
    .where(
        outputs.c.transaction_number == bindparam("source"),
        outputs.c.vout == bindparam("source_vout"),
    )
    .values(spent_by=bindparam("by"), spent_index=bindparam("index"))
)
_NO_TOTALS = dict.fromkeys(COLUMNS, 0)


class _Batch:
    """The rows of some blocks in a row, gathered before they are written together."""

    def __init__(self, next_number: int, scripts: dict[bytes, int], next_script: int) -> None:
        self.number = next_number
        self._scripts = scripts
        self._next_script = next_script
        self.blocks: list[Row] = []
        self.transactions: list[Row] = []
        self.outputs: dict[tuple[int, int], Row] = {}
        self.movements: list[Movement] = []
        self.numbers: dict[bytes, int] = {}
        # (prevout, spending transaction's number, input index) of coins older than the batch
        self.older: list[tuple[OutPoint, int, int]] = []

    def add(self, new: NewBlock) -> None:
        """Gather one block."""
        block, first, first_script = new.block, self.number, self._next_script
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
                "first_script": first_script,
                **_NO_TOTALS,
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
            script = self._scripts[output.script_pubkey]
            self._next_script = max(self._next_script, script + 1)
            self.outputs[number, vout] = {
                "transaction_number": number,
                "vout": vout,
                "value": output.value,
                "script": script,
                "spent_by": None,
                "spent_index": None,
            }
            if not is_unspendable(output.script_pubkey):
                self.movements.append(Movement(number, script, output.value, False))

    def _add_spend(self, prevout: OutPoint, number: int, index: int) -> None:
        source = self.numbers.get(prevout.txid)
        if source is None:
            self.older.append((prevout, number, index))
            return
        row = self.outputs[source, prevout.vout]
        row["spent_by"], row["spent_index"] = number, index
        self.movements.append(Movement(number, row["script"], row["value"], True))


def insert_blocks(
    connection: Connection, network: Network, new_blocks: Sequence[NewBlock]
) -> list[IndexedBlock]:
    """Write blocks on top of the index; gives each with the numbers of what is in it."""
    transactions_in_order = [tx for new in new_blocks for tx in new.block.transactions]
    scripts, first_script = number_scripts(
        connection,
        network,
        (output.script_pubkey for tx in transactions_in_order for output in tx.outputs),
    )
    batch = _Batch(next_number(connection), scripts, first_script)
    indexed = []
    for new in new_blocks:
        first = batch.number
        batch.add(new)
        numbers = {tx.txid: batch.numbers[tx.txid] for tx in new.block.transactions}
        indexed.append(IndexedBlock(new, first, numbers, scripts))
    spends = _resolve_spends(connection, batch)
    insert_rows(connection, blocks, batch.blocks)
    insert_rows(connection, transactions, batch.transactions)
    insert_rows(connection, outputs, list(batch.outputs.values()))
    if spends:
        connection.execute(_MARK_SPENT, spends)
    insert_touches(connection, batch.movements, first_script)
    return indexed


def _resolve_spends(connection: Connection, batch: _Batch) -> list[Row]:
    """Find the older coins that the batch spends; their scripts are touched too."""
    numbers = numbers_of(connection, {prevout.txid for prevout, _, _ in batch.older})
    keys = [(numbers[prevout.txid], prevout.vout) for prevout, _, _ in batch.older]
    coins = _coins(connection, keys)
    spends = []
    for (source, vout), (_, number, index) in zip(keys, batch.older, strict=True):
        script, value = coins[source, vout]
        batch.movements.append(Movement(number, script, value, True))
        spends.append({"source": source, "source_vout": vout, "by": number, "index": index})
    return spends


def numbers_of(connection: Connection, txids: Iterable[bytes]) -> dict[bytes, int]:
    """Return the numbers of confirmed transactions; of two equal ids the later."""
    query = select(transactions.c.txid, func.max(transactions.c.number))
    grouped = query.group_by(transactions.c.txid)
    found = select_in(connection, grouped, transactions.c.txid, sorted(txids))
    return {row[0]: row[1] for row in found}


def _coins(
    connection: Connection, keys: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], tuple[int, int]]:
    """Return script and value of outputs by transaction's number and place."""
    found: dict[tuple[int, int], tuple[int, int]] = {}
    pair = tuple_(outputs.c.transaction_number, outputs.c.vout)
    columns = (outputs.c.transaction_number, outputs.c.vout, outputs.c.script, outputs.c.value)
    for portion in portions(keys):
        for source, vout, script, value in connection.execute(
            select(*columns).where(pair.in_(portion))
        ):
            found[source, vout] = script, value
    return found


def next_number(connection: Connection) -> int:
    """Give the number that the next transaction of the chain gets, from 1."""
    query = (
        select(blocks.c.first_transaction + blocks.c.transaction_count)
        .order_by(blocks.c.height.desc())
        .limit(1)
    )
    return connection.execute(query).scalar() or 1


def delete_block(connection: Connection, network: Network, height: int) -> None:
    """Take the tip out, with all transactions and scripts that came with it."""
    query = select(blocks.c.first_transaction, blocks.c.first_script)
    first, first_script = connection.execute(query.where(blocks.c.height == height)).one()
    delete_touches(connection, first)
    connection.execute(
        update(outputs).where(outputs.c.spent_by >= first).values(spent_by=None, spent_index=None)
    )
    connection.execute(delete(outputs).where(outputs.c.transaction_number >= first))
    connection.execute(delete(transactions).where(transactions.c.number >= first))
    connection.execute(delete(blocks).where(blocks.c.height == height))
    delete_scripts(connection, network, first_script)
