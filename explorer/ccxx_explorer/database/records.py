"""The certificate registry in tables: what the rules ask for, and one block's changes both ways.

Credit and serials are plain columns; permits, certificates and batches keep their whole record as
JSON beside the columns that lists are sorted and searched by. What only the rules ask for lies in
one table of marks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from ccxx_cert.identity import identity_hash
from ccxx_cert.record_json import record_from_json, record_to_json
from ccxx_cert.state import (
    Batch,
    Certificate,
    Change,
    Credit,
    CreditKind,
    Key,
    Permit,
    Record,
    RecordKind,
    SerialUse,
    encode_outpoint,
    key_of,
    watched_script_key,
)
from ccxx_core.hashes import Txid, sha256
from ccxx_core.transaction import OutPoint, Transaction
from ccxx_explorer.database.schema import (
    batches,
    certificates,
    credits,
    journal,
    marks,
    permits,
    serials,
)

TABLES: dict[RecordKind, Table] = {
    RecordKind.CREDIT: credits,
    RecordKind.PERMIT: permits,
    RecordKind.CERTIFICATE: certificates,
    RecordKind.BATCH: batches,
    RecordKind.SERIAL: serials,
}
MARKS = frozenset(RecordKind) - frozenset(TABLES)
TABLES |= dict.fromkeys(MARKS, marks)
_TXID = 32
_SERIAL_PERMIT = 36
_SERIALS_AHEAD = 255
_CHUNK = 10_000

Row = dict[str, Any]


def decode_outpoint(data: bytes) -> OutPoint:
    """Read an outpoint from the 36 bytes it is stored in."""
    return OutPoint(Txid(data[:32]), int.from_bytes(data[32:]))


class RecordTables:
    """The registry as the rules see it, over one open transaction of the database."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[Key, Record | None] = {}
        self._new: frozenset[Txid] = frozenset()

    def get(self, key: Key) -> Record | None:
        """Return the record under a key."""
        if key not in self._known:
            if key.kind is RecordKind.SERIAL:
                self._read_serials(key)
            elif key.id[:_TXID] in self._new:
                # What a new transaction makes cannot be in the tables yet.
                return None
            else:
                self._known[key] = _load(self._connection, key)
        return self._known[key]

    def begin_block(self, transactions: Sequence[Transaction]) -> None:
        """Read at once what a block asks of all its inputs and outputs.

        Most of it is not there, and that is remembered.
        """
        self._new = frozenset(tx.txid for tx in transactions)
        outpoints = (each.prevout for tx in transactions[1:] for each in tx.inputs)
        spent = [encode_outpoint(outpoint) for outpoint in outpoints]
        paid = {output.script_pubkey for tx in transactions for output in tx.outputs}
        self._read_credits(spent)
        self._read_marks(RecordKind.WATCHED_COIN, spent)
        self._read_marks(
            RecordKind.WATCHED_SCRIPT, [watched_script_key(script).id for script in paid]
        )

    def _read_credits(self, wanted: Sequence[bytes]) -> None:
        for start in range(0, len(wanted), _CHUNK):
            chunk = wanted[start : start + _CHUNK]
            absent = (Key(RecordKind.CREDIT, data) for data in chunk)
            found: dict[Key, Record | None] = dict.fromkeys(absent)
            query = select(credits).where(credits.c.outpoint.in_(chunk), credits.c.alive)
            for row in self._connection.execute(query):
                found[Key(RecordKind.CREDIT, row.outpoint)] = read_credit(row)
            # What this transaction has changed already is newer than what the tables say.
            self._known = found | self._known

    def _read_marks(self, kind: RecordKind, asked: Sequence[bytes]) -> None:
        # A miner's script stands in every block: what is known is not asked again.
        wanted = [data for data in asked if Key(kind, data) not in self._known]
        for start in range(0, len(wanted), _CHUNK):
            chunk = wanted[start : start + _CHUNK]
            found: dict[Key, Record | None] = dict.fromkeys(Key(kind, data) for data in chunk)
            query = select(marks).where(marks.c.kind == kind.value, marks.c.key.in_(chunk))
            for row in self._connection.execute(query):
                found[Key(kind, row.key)] = record_from_json(row.record)
            self._known = found | self._known

    def _read_serials(self, key: Key) -> None:
        """Read a run of serials: a batch asks for many in order."""
        permit, first = key.id[:_SERIAL_PERMIT], int.from_bytes(key.id[_SERIAL_PERMIT:], "big")
        last = min(first + _SERIALS_AHEAD, 0xFFFFFFFF)
        query = select(serials).where(
            serials.c.permit == permit, serials.c.serial.between(first, last)
        )
        keys = (
            Key(key.kind, permit + serial.to_bytes(4, "big")) for serial in range(first, last + 1)
        )
        found: dict[Key, Record | None] = dict.fromkeys(keys)
        for row in self._connection.execute(query):
            found[Key(key.kind, permit + row.serial.to_bytes(4, "big"))] = read_serial(row)
        self._known = found | self._known

    def apply(self, height: int, changes: Sequence[Change], numbers: Mapping[Txid, int]) -> None:
        """Write one block's changes and how to take them back."""
        added: dict[RecordKind, list[Row]] = defaultdict(list)
        for change in changes:
            self._known[change.key] = change.after
            if change.before is None and change.after is not None:
                added[change.key.kind].append(_row(change.after, numbers))
        for kind, rows in added.items():
            self._connection.execute(insert(TABLES[kind]), rows)
        for change in changes:
            if change.before is not None:
                _rewrite(self._connection, change.key, change.after)
        lines = [_journal_line(height, *numbered) for numbered in enumerate(changes)]
        if lines:
            self._connection.execute(insert(journal), lines)


def undo_changes(connection: Connection, height: int) -> None:
    """Play a block's journal back, and drop it."""
    query = select(journal).where(journal.c.height == height).order_by(journal.c.ordinal.desc())
    added: dict[RecordKind, list[Row]] = defaultdict(list)
    for line in connection.execute(query).all():
        key = Key(RecordKind(line.kind), line.key)
        if line.before is None:
            added[key.kind].append(_key_row(key))
        else:
            _rewrite(connection, key, record_from_json(line.before))
    for kind, rows in added.items():
        _delete(connection, TABLES[kind], rows)
    connection.execute(delete(journal).where(journal.c.height == height))


def _delete(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    matches = and_(*(column == bindparam(f"key_{column.name}") for column in table.primary_key))
    named = [{f"key_{name}": value for name, value in row.items()} for row in rows]
    connection.execute(delete(table).where(matches), named)


def _journal_line(height: int, ordinal: int, change: Change) -> Row:
    return {
        "height": height,
        "ordinal": ordinal,
        "kind": change.key.kind.value,
        "key": change.key.id,
        "before": None if change.before is None else record_to_json(change.before),
    }


def _rewrite(connection: Connection, key: Key, record: Record | None) -> None:
    """Set a record that has a row already; spent credit keeps its row for the history."""
    table = TABLES[key.kind]
    if key.kind is RecordKind.CREDIT:
        connection.execute(update(table).where(_where(key)).values(alive=record is not None))
    elif key.kind in MARKS or record is None:
        # Marks leave the table when they end, so undoing brings a row back.
        connection.execute(delete(table).where(_where(key)))
        if record is not None:
            row = {**_key_row(key), "record": record_to_json(record)}
            connection.execute(insert(table).values(row))
    elif key.kind is not RecordKind.SERIAL:
        text = record_to_json(record)
        connection.execute(update(table).where(_where(key)).values(record=text))


def _where(key: Key) -> ColumnElement[bool]:
    columns = TABLES[key.kind].c
    return and_(*(columns[name] == value for name, value in _key_row(key).items()))


def _key_row(key: Key) -> Row:
    """Name the columns of a key, which are the primary key of its table."""
    if key.kind is RecordKind.SERIAL:
        serial = int.from_bytes(key.id[_SERIAL_PERMIT:], "big")
        return {"permit": key.id[:_SERIAL_PERMIT], "serial": serial}
    if key.kind in MARKS:
        return {"kind": key.kind.value, "key": key.id}
    return {"txid" if key.kind is RecordKind.BATCH else "outpoint": key.id}


def _load(connection: Connection, key: Key) -> Record | None:
    row = connection.execute(select(TABLES[key.kind]).where(_where(key))).first()
    if row is None:
        return None
    if key.kind is RecordKind.CREDIT:
        return read_credit(row) if row.alive else None
    if key.kind is RecordKind.SERIAL:
        return read_serial(row)
    return record_from_json(row.record)


def read_serial(row: Any) -> SerialUse:
    """Read a serial that is taken from its row."""
    return SerialUse(decode_outpoint(row.permit), row.serial, decode_outpoint(row.certificate))


def read_credit(row: Any) -> Credit:
    """Read a coloured coin from its row."""
    return Credit(
        outpoint=decode_outpoint(row.outpoint),
        value=row.value,
        script_pubkey=row.script_pubkey,
        kind=CreditKind(row.kind),
        owner=None if row.owner is None else decode_outpoint(row.owner),
    )


def _row(record: Record, numbers: Mapping[Txid, int]) -> Row:
    match record:
        case Credit():
            return _credit_row(record, numbers)
        case Permit():
            return {
                "outpoint": encode_outpoint(record.id),
                "transaction_number": numbers[record.id.txid],
                "code": record.message.code,
                "title": record.message.title,
                "record": record_to_json(record),
            }
        case Certificate():
            return {
                "outpoint": encode_outpoint(record.id),
                "identity": identity_hash(record.id)[:20],
                "permit": encode_outpoint(record.permit_id),
                "serial": record.serial,
                "document_hash": record.doc_hash or None,
                "transaction_number": numbers[record.id.txid],
                "record": record_to_json(record),
            }
        case Batch():
            return {
                "txid": record.txid,
                "transaction_number": numbers[record.txid],
                "record": record_to_json(record),
            }
        case SerialUse():
            return {
                "permit": encode_outpoint(record.permit_id),
                "serial": record.serial,
                "certificate": encode_outpoint(record.taken_by),
            }
        case _:
            return {**_key_row(key_of(record)), "record": record_to_json(record)}


def _credit_row(record: Credit, numbers: Mapping[Txid, int]) -> Row:
    return {
        "outpoint": encode_outpoint(record.outpoint),
        "transaction_number": numbers[record.outpoint.txid],
        "vout": record.outpoint.vout,
        "value": record.value,
        "script_pubkey": record.script_pubkey,
        "script_hash": sha256(record.script_pubkey),
        "kind": record.kind.value,
        "owner": None if record.owner is None else encode_outpoint(record.owner),
        "alive": True,
    }
