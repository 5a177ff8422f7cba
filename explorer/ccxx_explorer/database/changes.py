"""One block's changes of the registry, written and taken back.

What a block adds is known by the numbers of its transactions, so the journal keeps only what was
there before, and which marks are new.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Table,
    and_,
    bindparam,
    delete,
    func,
    select,
    update,
)

from ccxx_cert.identity import identity_hash
from ccxx_cert.state import (
    Batch,
    BlockChanges,
    Certificate,
    Change,
    Credit,
    CreditKind,
    Key,
    Permit,
    Record,
    RecordKind,
    SerialUse,
    certificate_key,
    encode_outpoint,
    get_permit,
)
from ccxx_cert.status import is_expired
from ccxx_core.hashes import Txid, sha256
from ccxx_explorer.database.bulk import Row, insert_rows
from ccxx_explorer.database.packing import pack, unpack
from ccxx_explorer.database.records import MARKS, ROOT_OWNER, RecordTables
from ccxx_explorer.database.rows import IndexedBlock
from ccxx_explorer.database.schema import (
    batches,
    certificates,
    credits,
    issuers,
    journal,
    marks,
    permits,
    serials,
    types,
)
from ccxx_explorer.database.scripts import script_number
from ccxx_explorer.database.standing import (
    Clock,
    by_revocation,
    own_standing,
    restate,
    standing_of,
)

_PERMIT_COLUMNS = ("issuer_key", "issued", "credit", "record")
_CERTIFICATE_COLUMNS = ("script", "moved_height", "own_standing", "standing", "record")
_BATCH_COLUMNS = ("standing", "record")


class ChangeWriter:
    """Writes the changes of blocks in a row, inside one transaction of the database."""

    def __init__(self, connection: Connection, tables: RecordTables) -> None:
        self._connection = connection
        self._tables = tables
        self._scripts: Mapping[bytes, int] = {}
        self._permits = _next(connection, permits.c.number)
        self._certificates = _next(connection, certificates.c.number)
        self._issuers = _Names(connection, issuers, issuers.c.public_key)
        self._types = _Names(connection, types, types.c.code)

    def write(self, block: IndexedBlock, found: BlockChanges) -> None:
        """Write one block's changes and how to take them back."""
        self._scripts, changes = block.scripts, found.changes
        for change in changes:
            self._tables.put(change.key, change.after)
            if change.before is None:
                self._give_number(change.key)
        clock = Clock(block.new.height, block.new.median_time_past)
        self._add(block, changes, clock)
        passing = [self._credit_row(block, credit) for credit in found.passing]
        insert_rows(self._connection, credits, passing)
        old = [change for change in changes if change.before is not None]
        self._rewrite([(change.key, change.after) for change in old], clock)
        lines = (_journal_line(change) for change in changes)
        rows = [
            {"height": block.new.height, "ordinal": ordinal, **line}
            for ordinal, line in enumerate(each for each in lines if each is not None)
        ]
        insert_rows(self._connection, journal, rows)
        self._restate([change for change in old if _is_revoked_anew(change)], clock)

    def undo(self, height: int, first: int, clock: Clock) -> None:
        """Play a block's journal back, and drop it; `clock` is that of the block before."""
        query = select(journal).where(journal.c.height == height).order_by(journal.c.ordinal.desc())
        restored: list[tuple[Key, Record | None]] = []
        changes: list[Change] = []
        for line in self._connection.execute(query).all():
            key = Key(RecordKind(line.kind), line.key)
            before = None if line.before is None else unpack(line.before)
            after = self._tables.get(key) if before is not None else None
            changes.append(Change(key, after, before))
            restored.append((key, before))
        self._delete_new(first)
        for key, record in restored:
            self._tables.put(key, record)
        self._rewrite(restored, clock)
        self._restate([change for change in changes if _is_revoked_anew(change)], clock)
        self._connection.execute(delete(journal).where(journal.c.height == height))

    def _give_number(self, key: Key) -> None:
        if key.kind is RecordKind.PERMIT:
            self._tables.set_number(key, self._permits)
            self._permits += 1
        elif key.kind is RecordKind.CERTIFICATE:
            self._tables.set_number(key, self._certificates)
            self._certificates += 1

    def _add(self, block: IndexedBlock, changes: Iterable[Change], clock: Clock) -> None:
        rows: dict[Table, list[Row]] = defaultdict(list)
        for change in changes:
            record = change.after
            if change.before is not None or record is None:
                continue
            match record:
                case Credit():
                    rows[credits].append(self._credit_row(block, record))
                case Permit():
                    rows[permits].append(self._permit_row(block, record))
                case Certificate():
                    rows[certificates].append(self._certificate_row(block, record, clock))
                case Batch():
                    number = block.numbers[record.txid]
                    row = {"transaction_number": number, "txid": record.txid}
                    row["permit"] = self._tables.permit_number(record.permit_id)
                    row["merkle_root"] = record.message.merkle_root
                    rows[batches].append(row | _batch_update(record))
                case SerialUse():
                    if self._tables.get(certificate_key(record.taken_by)) is None:
                        rows[serials].append(self._serial_row(block, record))
                case _:
                    kind, key = change.key.kind.value, change.key.id
                    rows[marks].append({"kind": kind, "key": key, "record": pack(record)})
        for table, found in rows.items():
            insert_rows(self._connection, table, found)

    def _credit_row(self, block: IndexedBlock, record: Credit) -> Row:
        owner = ROOT_OWNER
        if record.owner is not None and record.kind is CreditKind.PERMIT:
            owner = -self._tables.permit_number(record.owner)
        elif record.owner is not None:
            owner = self._tables.certificate_number(record.owner)
        return {
            "transaction_number": block.numbers[record.outpoint.txid],
            "vout": record.outpoint.vout,
            "script": self._script(record.script_pubkey),
            "owner": owner,
        }

    def _permit_row(self, block: IndexedBlock, record: Permit) -> Row:
        return {
            "number": self._tables.permit_number(record.id),
            "outpoint": encode_outpoint(record.id),
            "transaction_number": block.numbers[record.id.txid],
            "code": record.message.code,
            **_permit_update(record),
        }

    def _certificate_row(self, block: IndexedBlock, record: Certificate, clock: Clock) -> Row:
        number = block.numbers[record.id.txid]
        permit = get_permit(self._tables, record.permit_id)
        code = permit.message.code if permit is not None else ""
        return {
            "number": self._tables.certificate_number(record.id),
            "transaction_number": number,
            "vout": record.id.vout,
            "identity": identity_hash(record.id)[:20],
            "permit": self._tables.permit_number(record.permit_id),
            "serial": record.serial,
            "issuer": self._issuers.number(record.issuer_key, number),
            "type": self._types.number(code, number),
            "batch": self._batch_number(block, record),
            "document_hash": record.doc_hash,
            "expires_height": record.expires_height,
            "expires_time": record.expires_time,
            **self._certificate_update(record, clock),
        }

    def _batch_number(self, block: IndexedBlock, record: Certificate) -> int | None:
        if record.batch is None:
            return None
        return block.numbers.get(record.batch) or self._number_of_batch(record.batch)

    def _number_of_batch(self, txid: Txid) -> int | None:
        query = select(batches.c.transaction_number).where(batches.c.txid == txid)
        return self._connection.execute(query).scalar()

    def _certificate_update(self, record: Certificate, clock: Clock) -> Row:
        expired = is_expired(record, clock.height, clock.median_time_past)
        return {
            "script": self._script(record.script_pubkey),
            "moved_height": record.holding.moment.height,
            "own_standing": own_standing(record).value,
            "standing": standing_of(self._tables, record, expired).value,
            "record": pack(record),
        }

    def _serial_row(self, block: IndexedBlock, record: SerialUse) -> Row:
        return {
            "permit": self._tables.permit_number(record.permit_id),
            "serial": record.serial,
            "batch": block.numbers[record.taken_by.txid],
            "leaf": record.taken_by.vout,
        }

    def _script(self, script_pubkey: bytes) -> int:
        found = self._scripts.get(script_pubkey)
        if found is None:
            found = script_number(self._connection, sha256(script_pubkey))
        assert found is not None, "a certificate lies at a script that no output has"
        return found

    def _rewrite(self, records: Iterable[tuple[Key, Record | None]], clock: Clock) -> None:
        """Set records that have, or had, a row already."""
        rows: dict[Table, list[Row]] = defaultdict(list)
        gone: list[Key] = []
        for key, record in records:
            if key.kind in MARKS:
                # Marks leave the table when they end, so undoing brings a row back.
                gone.append(key)
            match record:
                case Permit():
                    number = self._tables.permit_number(record.id)
                    rows[permits].append({"key": number, **_permit_update(record)})
                case Certificate():
                    number = self._tables.certificate_number(record.id)
                    update_row = self._certificate_update(record, clock)
                    rows[certificates].append({"key": number, **update_row})
                case Batch():
                    rows[batches].append({"key": record.txid, **_batch_update(record)})
                case None | Credit() | SerialUse():
                    # Spent credit keeps its row for the history, and serials are taken for ever.
                    continue
                case _:
                    row = {"kind": key.kind.value, "key": key.id, "record": pack(record)}
                    rows[marks].append(row)
        self._delete_marks(gone)
        insert_rows(self._connection, marks, rows[marks])
        _update(self._connection, permits.c.number, _PERMIT_COLUMNS, rows[permits])
        _update(self._connection, certificates.c.number, _CERTIFICATE_COLUMNS, rows[certificates])
        _update(self._connection, batches.c.txid, _BATCH_COLUMNS, rows[batches])

    def _delete_marks(self, gone: Sequence[Key]) -> None:
        if gone:
            matches = and_(
                marks.c.kind == bindparam("key_kind"), marks.c.key == bindparam("key_id")
            )
            rows = [{"key_kind": key.kind.value, "key_id": key.id} for key in gone]
            self._connection.execute(delete(marks).where(matches), rows)

    def _delete_new(self, first: int) -> None:
        """Delete what transactions from a number on made."""
        query = select(batches).where(batches.c.transaction_number >= first)
        for row in self._connection.execute(query).all():
            batch = unpack(row.record)
            if isinstance(batch, Batch) and batch.message.deferred:
                start = batch.message.serial_start
                last = start + batch.message.count - 1
                self._connection.execute(
                    delete(serials).where(
                        serials.c.permit == row.permit, serials.c.serial.between(start, last)
                    )
                )
        for table in (credits, certificates, permits, batches, issuers, types):
            self._connection.execute(delete(table).where(table.c.transaction_number >= first))

    def _restate(self, changes: Iterable[Change], clock: Clock) -> None:
        """Let revoked and released permits and batches stand in their certificates."""
        for change in changes:
            record, batch = change.after, None
            if isinstance(record, Batch):
                batch = self._number_of_batch(record.txid)
                record = get_permit(self._tables, record.permit_id)
            if isinstance(record, Permit):
                permit = (self._tables.permit_number(record.id), record)
                restate(self._connection, permit, batch, clock)


class _Names:
    """The numbers of issuers or types, each given at its first certificate."""

    def __init__(self, connection: Connection, table: Table, column: Column[Any]) -> None:
        self._connection = connection
        self._table = table
        self._column = column
        self._known: dict[Any, int] = {}

    def number(self, name: bytes | str, transaction_number: int) -> int:
        """Return the number of a name; a new one is written."""
        if name not in self._known:
            query = select(self._table.c.number).where(self._column == name)
            found = self._connection.execute(query).scalar()
            if found is None:
                found = _next(self._connection, self._table.c.number)
                row = {"number": found, "transaction_number": transaction_number}
                insert_rows(self._connection, self._table, [row | {self._column.name: name}])
            self._known[name] = found
        return self._known[name]


def _next(connection: Connection, column: Column[Any]) -> int:
    return (connection.execute(select(func.max(column))).scalar() or 0) + 1


def _update(
    connection: Connection, key: Column[Any], columns: Sequence[str], rows: Sequence[Row]
) -> None:
    if rows:
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in columns}
        statement = update(key.table).where(key == bindparam("old_key")).values(values)
        named = [
            {"old_key": row["key"], **{f"new_{name}": row[name] for name in columns}}
            for row in rows
        ]
        connection.execute(statement, named)


def _permit_update(record: Permit) -> Row:
    return {
        "issuer_key": record.issuer_key,
        "issued": record.issued,
        "credit": record.credit,
        "record": pack(record),
    }


def _batch_update(record: Batch) -> Row:
    return {"standing": by_revocation(record.revocation).value, "record": pack(record)}


def _journal_line(change: Change) -> Row | None:
    """Note what undoing cannot know from the numbers of transactions."""
    kind, before = change.key.kind, change.before
    if kind in (RecordKind.CREDIT, RecordKind.SERIAL) or (before is None and kind not in MARKS):
        return None
    packed = None if before is None else pack(before)
    return {"kind": kind.value, "key": change.key.id, "before": packed}


def _is_revoked_anew(change: Change) -> bool:
    before, after = change.before, change.after
    return (
        isinstance(before, Permit | Batch)
        and isinstance(after, Permit | Batch)
        and before.revocation != after.revocation
    )
