"""The index as a whole: one writer, any number of readers, and every block all or nothing.

Readers open their own connections and see the last committed block.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from ccxx_cert.records import Op
from ccxx_cert.registry import apply_block
from ccxx_cert.state import BlockChanges, ObservedBlock, Verdict
from ccxx_cert.trust import TrustAnchor
from ccxx_core.hashes import BlockHash, Txid, format_hash
from ccxx_core.network import Network
from ccxx_explorer.database import reader
from ccxx_explorer.database.anchors import earlier_anchor, first_judged_otherwise
from ccxx_explorer.database.bulk import Row, insert_rows
from ccxx_explorer.database.chain import delete_block, insert_blocks
from ccxx_explorer.database.changes import ChangeWriter
from ccxx_explorer.database.connections import (
    name_of,
    open_engine,
    parse_database,
    writer_lock,
)
from ccxx_explorer.database.migrate import check_schema, upgrade_schema
from ccxx_explorer.database.pdf_messages import insert_pdf_messages
from ccxx_explorer.database.pieces import insert_pieces
from ccxx_explorer.database.records import RecordTables
from ccxx_explorer.database.rows import BlockRow, IndexedBlock, NewBlock
from ccxx_explorer.database.schema import (
    meta,
    pdf_messages,
    pieces,
    subjects,
    verdicts,
    words,
)
from ccxx_explorer.database.standing import Clock, pass_deadlines, restore_deadlines
from ccxx_explorer.database.totals import RunningTotals
from ccxx_explorer.database.words import insert_words
from ccxx_explorer.problems import ExplorerError

_ISSUING = frozenset({Op.ISSUE, Op.BATCH, Op.CLAIM})
_TWO_WRITERS = "Two processes may write to one index: let one index, and the others serve only"


class Database:
    """The explorer's index of one network, judged by one trust anchor or by none."""

    def __init__(
        self, engine: Engine, network: Network, anchor: TrustAnchor | None, is_writer: bool
    ) -> None:
        self._engine = engine
        self.network = network
        self.anchor = anchor
        self.is_writer = is_writer
        self._lock = writer_lock(engine)
        self._writing = threading.Lock()
        self._away_since: int | None = None

    @classmethod
    def open(
        cls,
        where: str | Path,
        network: Network,
        anchor: TrustAnchor | None,
        *,
        is_writer: bool = True,
    ) -> Database:
        """Open the index in a file or at a URL of PostgreSQL.

        The writer makes the tables or brings them up to date; there is one at a time. Raises
        ExplorerError if the index belongs to another setup, is not there to be read, or another
        process writes to it.
        """
        url = parse_database(where)
        if not is_writer and url.get_backend_name() == "sqlite":
            _check_file(Path(url.database or ""))
        database = cls(open_engine(url), network, anchor, is_writer)
        try:
            database._prepare()
        except BaseException:
            database.close()
            raise
        return database

    @property
    def name(self) -> str:
        """The file, or the URL without its password."""
        return name_of(self._engine.url)

    @property
    def away_since(self) -> int | None:
        """Since when the index cannot be read (unix time), None while it can."""
        return self._away_since

    def close(self) -> None:
        """Close all connections, and let another process write."""
        self._lock.release()
        self._engine.dispose()

    def _prepare(self) -> None:
        if self.is_writer:
            self._lock.hold()
            with self._engine.begin() as connection:
                upgrade_schema(connection, self.name)
            self._learn_roots()
            with self._engine.begin() as connection:
                self._check_meta(connection)
        else:
            with self.read() as connection:
                check_schema(connection, self.name)
                self._check_meta(connection)

    def _learn_roots(self) -> None:
        """Go on with an anchor that has learned of later roots, from where it judges otherwise."""
        with self.read() as connection:
            found = connection.execute(select(meta.c.value).where(meta.c.name == "anchor")).scalar()
            earlier = earlier_anchor(self.anchor, found) if self.anchor and found else None
            if self.anchor is None or earlier is None:
                return
            height = first_judged_otherwise(connection, earlier, self.anchor)
        # Block by block: cut short, it begins again at what is left.
        while height is not None and (tip := self.tip()) is not None and tip[0] >= height:
            self.disconnect_tip(tip[1])
        with self._write() as connection:
            learned = update(meta).where(meta.c.name == "anchor")
            connection.execute(learned.values(value=self.anchor.anchor_id.hex()))

    def _check_meta(self, connection: Connection) -> None:
        wanted = {
            "network": self.network.chain,
            "anchor": self.anchor.anchor_id.hex() if self.anchor else "none",
        }
        found = {row.name: row.value for row in connection.execute(select(meta))}
        if not found and self.is_writer:
            rows = [{"name": name, "value": value} for name, value in wanted.items()]
            connection.execute(insert(meta), rows)
            return
        for name, value in wanted.items():
            if found.get(name) != value:
                raise ExplorerError(
                    f"the index {self.name} was made with {name} {found.get(name)}, wanted {value}:"
                    " give the --anchor or --network that it was made with, or another --database,"
                    " or delete it and let it be made again"
                )

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a connection that sees one state of the index for as long as it is used."""
        try:
            with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError:
            self._away_since = self._away_since or int(time.time())
            raise
        self._away_since = None

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        """Open the one transaction that writes; all of it counts, or nothing."""
        if not self.is_writer:
            raise ExplorerError("this process only reads the index")
        with self._writing:
            self._lock.hold()
            with self._engine.begin() as connection:
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
        with self._write() as connection:
            tip = reader.tip(connection)
            _check_next(tip, new_blocks)
            indexed = insert_blocks(connection, self.network, new_blocks)
            insert_pdf_messages(connection, indexed)
            if self.anchor is not None:
                _judge(connection, self.anchor, indexed)
                pass_deadlines(connection, _clock(tip), _clock(new_blocks[-1]))

    def disconnect_tip(self, expected: BlockHash) -> None:
        """Take the last block out, with all it meant, in one transaction.

        Raises ExplorerError, and writes nothing, where another block is the last.
        """
        with self._write() as connection:
            tip = reader.tip(connection)
            if tip is None or tip.hash != expected:
                raise ExplorerError(
                    f"{format_hash(expected)} is not the last block. {_TWO_WRITERS}"
                )
            below = _clock(reader.block_at(connection, tip.height - 1))
            first = tip.first_transaction
            ChangeWriter(connection, RecordTables(connection)).undo(tip.height, first, below)
            restore_deadlines(connection, below, _clock(tip))
            for table in (verdicts, subjects, pieces, pdf_messages, words):
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


def _check_file(path: Path) -> None:
    if not path.exists():
        raise ExplorerError(f"there is no index in {path} yet: run `ccxx-explorer index` first")


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
        writer.write(block, found)
        totals.add(found)
        _insert_verdicts(connection, tables, found, block.numbers)
        insert_pieces(connection, found.verdicts, transactions, block.numbers)
        insert_words(connection, found.changes, block.numbers)
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
        # What a transaction issued is known by its number, and batches are large.
        if verdict.op in _ISSUING and subject.txid == verdict.txid:
            continue
        yield {
            "subject": tables.find_subject(subject),
            "transaction_number": number,
            "destroyed": subject in destroyed,
        }
