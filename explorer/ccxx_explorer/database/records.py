"""The certificate registry in tables: what the rules ask for, and one block's changes both ways.

Credit and serials are plain columns; permits, certificates and batches keep their whole record as
JSON beside the columns that lists are sorted and searched by.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
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
)
from ccxx_core.hashes import Txid, sha256
from ccxx_core.transaction import OutPoint
from ccxx_explorer.database.schema import (
    batches,
    certificates,
    credits,
    journal,
    permits,
    serials,
)

_TABLES: dict[RecordKind, Table] = {
    RecordKind.CREDIT: credits,
    RecordKind.PERMIT: permits,
    RecordKind.CERTIFICATE: certificates,
    RecordKind.BATCH: batches,
    RecordKind.SERIAL: serials,
}
_SERIAL_PERMIT = 36
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

    def get(self, key: Key) -> Record | None:
        """Return the record under a key."""
        if key not in self._known:
            self._known[key] = _load(self._connection, key)
        return self._known[key]

    def prefetch_credit(self, outpoints: Iterable[OutPoint]) -> None:
        """Read the credit at many outpoints at once: most are none, and that is remembered."""
        wanted = [encode_outpoint(outpoint) for outpoint in outpoints]
        for start in range(0, len(wanted), _CHUNK):
            chunk = wanted[start : start + _CHUNK]
            absent = (Key(RecordKind.CREDIT, data) for data in chunk)
            found: dict[Key, Record | None] = dict.fromkeys(absent)
            query = select(credits).where(credits.c.outpoint.in_(chunk), credits.c.alive)
            for row in self._connection.execute(query):
                found[Key(RecordKind.CREDIT, row.outpoint)] = _credit(row)
            # What this transaction has changed already is newer than what the tables say.
            self._known = found | self._known

    def apply(self, height: int, changes: Sequence[Change], numbers: Mapping[Txid, int]) -> None:
        """Write one block's changes and how to take them back."""
        added: dict[RecordKind, list[Row]] = defaultdict(list)
        for change in changes:
            self._known[change.key] = change.after
            if change.before is None and change.after is not None:
                added[change.key.kind].append(_row(change.after, numbers))
        for kind, rows in added.items():
            self._connection.execute(insert(_TABLES[kind]), rows)
        for change in changes:
            if change.before is not None:
                _rewrite(self._connection, change.key, change.after)
        lines = [_journal_line(height, *numbered) for numbered in enumerate(changes)]
        if lines:
            self._connection.execute(insert(journal), lines)


def undo_changes(connection: Connection, height: int) -> None:
    """Play a block's journal back, and drop it."""
    query = select(journal).where(journal.c.height == height).order_by(journal.c.ordinal.desc())
    for line in connection.execute(query).all():
        key = Key(RecordKind(line.kind), line.key)
        if line.before is None:
            connection.execute(delete(_TABLES[key.kind]).where(_where(key)))
        else:
            _rewrite(connection, key, record_from_json(line.before))
    connection.execute(delete(journal).where(journal.c.height == height))


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
    table = _TABLES[key.kind]
    if key.kind is RecordKind.CREDIT:
        connection.execute(update(table).where(_where(key)).values(alive=record is not None))
    elif record is None:
        connection.execute(delete(table).where(_where(key)))
    elif key.kind is not RecordKind.SERIAL:
        text = record_to_json(record)
        connection.execute(update(table).where(_where(key)).values(record=text))


def _where(key: Key) -> ColumnElement[bool]:
    if key.kind is RecordKind.SERIAL:
        permit, serial = key.id[:_SERIAL_PERMIT], int.from_bytes(key.id[_SERIAL_PERMIT:])
        return and_(serials.c.permit == permit, serials.c.serial == serial)
    table = _TABLES[key.kind]
    column = table.c.txid if key.kind is RecordKind.BATCH else table.c.outpoint
    return column == key.id


def _load(connection: Connection, key: Key) -> Record | None:
    row = connection.execute(select(_TABLES[key.kind]).where(_where(key))).first()
    if row is None:
        return None
    if key.kind is RecordKind.CREDIT:
        return _credit(row) if row.alive else None
    if key.kind is RecordKind.SERIAL:
        return SerialUse(decode_outpoint(row.permit), row.serial, decode_outpoint(row.certificate))
    return record_from_json(row.record)


def _credit(row: Any) -> Credit:
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
                "certificate": encode_outpoint(record.certificate_id),
            }


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
