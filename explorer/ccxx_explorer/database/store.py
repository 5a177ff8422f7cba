"""The index as a whole: one file, one writer, and every block all or nothing.

Readers open their own connections and see the last committed block (SQLite's write-ahead log).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, delete, event, insert, select

from ccxx_cert.registry import apply_block
from ccxx_cert.state import BlockChanges, ObservedBlock, Verdict
from ccxx_cert.trust import TrustAnchor
from ccxx_core.hashes import BlockHash, Txid, format_hash
from ccxx_core.network import Network
from ccxx_explorer.database import reader
from ccxx_explorer.database.bulk import Row, insert_rows
from ccxx_explorer.database.chain import delete_block, insert_blocks
from ccxx_explorer.database.changes import ChangeWriter
from ccxx_explorer.database.pieces import insert_pieces
from ccxx_explorer.database.records import ROOT_OWNER, RecordTables
from ccxx_explorer.database.rows import BlockRow, IndexedBlock, NewBlock
from ccxx_explorer.database.schema import METADATA, meta, pieces, subjects, verdicts
from ccxx_explorer.database.standing import Clock, pass_deadlines, restore_deadlines
from ccxx_explorer.database.totals import RunningTotals
from ccxx_explorer.problems import ExplorerError

_TWO_WRITERS = "Two processes may write to one index: let one index, and the others serve only"


class Database:
    """The explorer's index of one network, judged by one trust anchor or by none."""

    def __init__(self, engine: Engine, network: Network, anchor: TrustAnchor | None) -> None:
        self._engine = engine
        self.network = network
        self.anchor = anchor
        self._writing = threading.Lock()

    @classmethod
    def open(cls, path: Path, network: Network, anchor: TrustAnchor | None) -> Database:
        """Open or make the index in a file; raises ExplorerError if it belongs to another setup."""
        path.parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(f"sqlite:///{path}")
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        METADATA.create_all(engine)
        database = cls(engine, network, anchor)
        database._check_meta(path)
        return database

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _check_meta(self, path: Path) -> None:
        wanted = {
            "schema": "5",
            "network": self.network.chain,
            "anchor": self.anchor.anchor_id.hex() if self.anchor else "none",
        }
        with self._engine.begin() as connection:
            found = {row.name: row.value for row in connection.execute(select(meta))}
            if not found:
                rows = [{"name": name, "value": value} for name, value in wanted.items()]
                connection.execute(insert(meta), rows)
                return
        for name, value in wanted.items():
            if found.get(name) != value:
                raise ExplorerError(
                    f"the index {path} was made with {name} {found.get(name)}, wanted {value}:"
                    " give another --database, or delete the file and let it be made again"
                )

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a connection that sees one state of the index for as long as it is used."""
        with self._engine.connect() as connection:
            yield connection

    def tip(self) -> tuple[int, BlockHash] | None:
        """Return height and hash of the last block indexed, or None while it is empty."""
        with self.read() as connection:
            row = reader.tip(connection)
        return (row.height, row.hash) if row else None

    def hash_at(self, height: int) -> BlockHash | None:
        """Return the hash of the indexed block at a height."""
        with self.read() as connection:
            return reader.hash_at(connection, height)

    def connect_blocks(self, new_blocks: Sequence[NewBlock]) -> None:
        """Write blocks on top of the tip, with all they mean, in one transaction.

        Raises ExplorerError, and writes nothing, where they do not stand on the tip.
        """
        with self._writing, self._engine.begin() as connection:
            tip = reader.tip(connection)
            _check_next(tip, new_blocks)
            indexed = insert_blocks(connection, self.network, new_blocks)
            if self.anchor is not None:
                _judge(connection, self.anchor, indexed)
                pass_deadlines(connection, _clock(tip), _clock(new_blocks[-1]))

    def disconnect_tip(self, expected: BlockHash) -> None:
        """Take the last block out, with all it meant, in one transaction.

        Raises ExplorerError, and writes nothing, where another block is the last.
        """
        with self._writing, self._engine.begin() as connection:
            tip = reader.tip(connection)
            if tip is None or tip.hash != expected:
                raise ExplorerError(
                    f"{format_hash(expected)} is not the last block. {_TWO_WRITERS}"
                )
            below = _clock(reader.block_at(connection, tip.height - 1))
            first = tip.first_transaction
            ChangeWriter(connection, RecordTables(connection)).undo(tip.height, first, below)
            restore_deadlines(connection, below, _clock(tip))
            for table in (verdicts, subjects, pieces):
                connection.execute(delete(table).where(table.c.transaction_number >= first))
            delete_block(connection, self.network, tip.height)


def _check_next(tip: BlockRow | None, new_blocks: Sequence[NewBlock]) -> None:
    """Check that blocks stand on the tip, which another process may have moved."""
    below = (tip.height, tip.hash) if tip is not None else None
    for new in new_blocks:
        # An empty index may begin at any block.
        if below not in (None, (new.height - 1, new.block.header.prev_hash)):
            raise ExplorerError(f"block {new.height} does not stand on the last. {_TWO_WRITERS}")
        below = (new.height, new.hash)


def _begin_sqlite(connection: Connection) -> None:
    # Python's driver begins only before it writes: a page would see several states of the index.
    connection.exec_driver_sql("BEGIN")


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # With a write-ahead log NORMAL may lose the last blocks, never integrity: they are read again.
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA busy_timeout=5000")
    cursor.close()


def _clock(block: BlockRow | NewBlock | None) -> Clock:
    return Clock() if block is None else Clock(block.height, block.median_time_past)


def _judge(connection: Connection, anchor: TrustAnchor, indexed: Sequence[IndexedBlock]) -> None:
    """Let the rules judge blocks in a row and write what they say."""
    tables = RecordTables(connection)
    every = [tx for block in indexed for tx in block.new.block.transactions]
    tables.prefetch(every, indexed[0].first_transaction)
    writer = ChangeWriter(connection, tables)
    totals = RunningTotals(connection, indexed[0].new.height, anchor.root_value)
    for block in indexed:
        new, transactions = block.new, block.new.block.transactions
        observed = ObservedBlock(
            new.height, new.hash, new.block.header.time, new.median_time_past, transactions
        )
        found = apply_block(tables, anchor, observed)
        writer.write(block, found.changes)
        totals.add(found)
        _insert_verdicts(connection, tables, found, block.numbers)
        insert_pieces(connection, found.verdicts, transactions, block.numbers)
    totals.write()


def _insert_verdicts(
    connection: Connection, tables: RecordTables, found: BlockChanges, numbers: Mapping[Txid, int]
) -> None:
    rows = [_verdict_row(verdict, numbers[verdict.txid]) for verdict in found.verdicts]
    insert_rows(connection, verdicts, rows)
    named = [
        row
        for verdict in found.verdicts
        for row in _subject_rows(tables, verdict, numbers[verdict.txid])
    ]
    insert_rows(connection, subjects, named)


def _verdict_row(verdict: Verdict, number: int) -> Row:
    return {
        "transaction_number": number,
        "operation": verdict.op.name if verdict.op is not None else None,
        "accepted": verdict.accepted,
        "refusal": verdict.refusal.value if verdict.refusal is not None else None,
        "detail": verdict.detail,
        "lost": verdict.lost,
    }


def _subject_rows(tables: RecordTables, verdict: Verdict, number: int) -> Iterator[Row]:
    destroyed = frozenset(verdict.destroyed)
    for subject in dict.fromkeys((*verdict.subjects, *verdict.destroyed)):
        found = tables.find_subject(subject)
        # What a transaction issued is known by its number, and batches are large.
        if found > ROOT_OWNER and subject.txid == verdict.txid:
            continue
        yield {
            "subject": found,
            "transaction_number": number,
            "destroyed": subject in destroyed,
        }
