"""The certificate registry as the rules ask for it, over one open transaction of the database.

Credit and serials are read from plain columns; permits, certificates and batches keep their whole
record beside the columns that lists are sorted and searched by. What only the rules ask for lies in
one table of marks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, select

from ccxx_cert.state import (
    Certificate,
    Credit,
    CreditKind,
    Key,
    Permit,
    Record,
    RecordKind,
    SerialUse,
    certificate_key,
    encode_outpoint,
    key_of,
    permit_key,
    watched_script_key,
)
from ccxx_core.hashes import Txid
from ccxx_core.transaction import OutPoint, Transaction
from ccxx_explorer.database.bulk import select_in
from ccxx_explorer.database.packing import unpack
from ccxx_explorer.database.schema import (
    batches,
    certificates,
    credits,
    marks,
    outputs,
    permits,
    scripts,
    serials,
    transactions,
)

MARKS = frozenset(RecordKind) - {
    RecordKind.CREDIT,
    RecordKind.PERMIT,
    RecordKind.CERTIFICATE,
    RecordKind.BATCH,
    RecordKind.SERIAL,
}
ROOT_OWNER = 0
_TXID = 32
_SERIAL_PERMIT = 36
_SERIALS_AHEAD = 255
_source = transactions.alias("source")
_PERMIT = select(permits.c.record, permits.c.number).where(permits.c.outpoint == bindparam("key"))
_BATCH = select(batches.c.record).where(batches.c.txid == bindparam("key"))


def decode_outpoint(data: bytes) -> OutPoint:
    """Read an outpoint from the 36 bytes it is stored in."""
    return OutPoint(Txid(data[:32]), int.from_bytes(data[32:]))


class RecordTables:
    """The registry's records by key, with what is known of them kept for the whole transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[Key, Record | None] = {}
        self._numbers: dict[Key, int] = {}
        self._new: frozenset[bytes] = frozenset()

    def get(self, key: Key) -> Record | None:
        """Return the record under a key."""
        if key not in self._known:
            if key.kind is RecordKind.SERIAL:
                self._read_serials(key)
            elif key.id[:_TXID] in self._new:
                # What a new transaction makes cannot be in the tables yet.
                return None
            else:
                self._known[key] = self._load(key)
        return self._known[key]

    def put(self, key: Key, record: Record | None) -> None:
        """Remember a record that is about to be written."""
        self._known[key] = record

    def set_number(self, key: Key, number: int) -> None:
        """Remember the number that a new permit or certificate was given."""
        self._numbers[key] = number

    def permit_number(self, permit_id: OutPoint) -> int:
        """Return the number of a permit that is known to the registry."""
        return self._number(permit_key(permit_id))

    def certificate_number(self, certificate_id: OutPoint) -> int:
        """Return the number of a certificate that is known to the registry."""
        return self._number(certificate_key(certificate_id))

    def _number(self, key: Key) -> int:
        if key not in self._numbers:
            self.get(key)
        return self._numbers[key]

    def find_subject(self, outpoint: OutPoint) -> int:
        """Return what a verdict names as a number: a permit's is negative, the root's is 0."""
        key = certificate_key(outpoint)
        if key in self._numbers or self.get(key) is not None:
            return self._number(key)
        key = permit_key(outpoint)
        if key in self._numbers or self.get(key) is not None:
            return -self._number(key)
        return ROOT_OWNER

    def prefetch(self, new: Sequence[Transaction], first: int) -> None:
        """Read at once what new transactions ask of all their inputs and outputs.

        They are in the chain's tables already, numbered from `first`. Most of what the rules look
        for is not there, and that is remembered.
        """
        self._new = frozenset(tx.txid for tx in new)
        spent = [
            encode_outpoint(each.prevout) for tx in new if not tx.is_coinbase for each in tx.inputs
        ]
        paid = {output.script_pubkey for tx in new for output in tx.outputs}
        self._known.update(dict.fromkeys(Key(RecordKind.CREDIT, data) for data in spent))
        self._read_spent_credit(first)
        self._read_marks(RecordKind.WATCHED_COIN, spent)
        self._read_marks(
            RecordKind.WATCHED_SCRIPT, [watched_script_key(script).id for script in paid]
        )

    def _read_spent_credit(self, first: int) -> None:
        """Read the older credit that new transactions spend, with what it belongs to."""
        owners: set[int] = set()
        for row in self._connection.execute(credit_query().where(outputs.c.spent_by >= first)):
            credit = read_credit(row)
            self._known[key_of(credit)] = credit
            owners.add(row.owner_number)
        query = certificate_query()
        for row in select_in(
            self._connection, query, certificates.c.number, (each for each in owners if each > 0)
        ):
            self._take(unpack(row.record), row.number)

    def _take(self, record: Record, number: int) -> Record:
        key = key_of(record)
        self._numbers[key] = number
        return self._known.setdefault(key, record) or record

    def _read_marks(self, kind: RecordKind, wanted: Iterable[bytes]) -> None:
        keys = list(wanted)
        self._known.update(dict.fromkeys(Key(kind, data) for data in keys))
        query = select(marks.c.key, marks.c.record).where(marks.c.kind == kind.value)
        for row in select_in(self._connection, query, marks.c.key, keys):
            self._known[Key(kind, row.key)] = unpack(row.record)

    def _read_serials(self, key: Key) -> None:
        """Read a run of serials: a batch asks for many in order."""
        permit_id, first = key.id[:_SERIAL_PERMIT], int.from_bytes(key.id[_SERIAL_PERMIT:], "big")
        last = min(first + _SERIALS_AHEAD, 0xFFFFFFFF)
        keys = (
            Key(key.kind, permit_id + serial.to_bytes(4, "big"))
            for serial in range(first, last + 1)
        )
        found: dict[Key, Record | None] = dict.fromkeys(keys)
        for use in self._serials_used(decode_outpoint(permit_id), first, last):
            found[key_of(use)] = use
        for each, record in found.items():
            # What this transaction has changed already is newer than what the tables say.
            self._known.setdefault(each, record)

    def _serials_used(self, permit_id: OutPoint, first: int, last: int) -> Iterator[SerialUse]:
        key = permit_key(permit_id)
        # A permit granted in the block at hand is in no table, and neither are its serials.
        if key not in self._numbers and self.get(key) is None:
            return
        for query in (_certificate_serials(), _reserved_serials()):
            serial = query.selected_columns.serial
            of_permit = query.where(permits.c.number == self._number(key))
            for row in self._connection.execute(of_permit.where(serial.between(first, last))):
                yield read_serial(row)

    def _load(self, key: Key) -> Record | None:
        query: Any
        values: dict[str, bytes] = {}
        match key.kind:
            case RecordKind.CREDIT:
                at = decode_outpoint(key.id)
                query = credit_query().where(
                    _source.c.txid == at.txid,
                    credits.c.vout == at.vout,
                    outputs.c.spent_by.is_(None),
                )
                row = self._connection.execute(query).first()
                return read_credit(row) if row is not None else None
            case RecordKind.PERMIT:
                query, values = _PERMIT, {"key": key.id}
            case RecordKind.CERTIFICATE:
                query = certificate_query().where(is_certificate(decode_outpoint(key.id)))
            case RecordKind.BATCH:
                query, values = _BATCH, {"key": key.id}
            case _:
                of_kind = marks.c.kind == key.kind.value
                query = select(marks.c.record, marks.c.kind).where(of_kind, marks.c.key == key.id)
        row = self._connection.execute(query, values).first()
        if row is None:
            return None
        record = unpack(row.record)
        if isinstance(record, Permit | Certificate):
            self._numbers[key] = row.number
        return record


def is_certificate(certificate_id: OutPoint) -> Any:
    """Make the condition that a row of certificates is the one issued by an outpoint."""
    number = select(transactions.c.number).where(transactions.c.txid == certificate_id.txid)
    return and_(
        certificates.c.transaction_number.in_(number), certificates.c.vout == certificate_id.vout
    )


def certificate_query() -> Select[Any]:
    """Ask for the records of certificates."""
    return select(certificates.c.record, certificates.c.number)


@cache
def credit_query() -> Select[Any]:
    """Ask for credit with its coin and its owner; conditions on `outputs` tell which is alive."""
    owner_permit, owner_certificate = permits.alias(), certificates.alias()
    issued = transactions.alias()
    return (
        select(
            _source.c.txid,
            credits.c.vout,
            credits.c.owner.label("owner_number"),
            outputs.c.value,
            outputs.c.spent_by,
            scripts.c.script_pubkey,
            owner_permit.c.outpoint.label("permit_outpoint"),
            issued.c.txid.label("owner_txid"),
            owner_certificate.c.vout.label("owner_vout"),
        )
        .select_from(credits)
        .join(
            outputs,
            and_(
                outputs.c.transaction_number == credits.c.transaction_number,
                outputs.c.vout == credits.c.vout,
            ),
        )
        .join(_source, _source.c.number == credits.c.transaction_number)
        .join(scripts, scripts.c.number == credits.c.script)
        .outerjoin(owner_permit, owner_permit.c.number == -credits.c.owner)
        .outerjoin(owner_certificate, owner_certificate.c.number == credits.c.owner)
        .outerjoin(issued, issued.c.number == owner_certificate.c.transaction_number)
    )


def credit_order() -> tuple[Any, ...]:
    """Give the order of credit by its outpoint."""
    return (_source.c.txid, credits.c.vout)


def kind_of_owner(number: int) -> CreditKind:
    """Tell what credit stands for by the number of its owner."""
    if number == ROOT_OWNER:
        return CreditKind.ROOT
    return CreditKind.CERTIFICATE if number > ROOT_OWNER else CreditKind.PERMIT


def owner_of(row: Any) -> OutPoint | None:
    """Read the owner of credit from its row."""
    if row.owner_txid is not None:
        return OutPoint(Txid(row.owner_txid), row.owner_vout)
    return None if row.permit_outpoint is None else decode_outpoint(row.permit_outpoint)


def read_credit(row: Any) -> Credit:
    """Read a coloured coin from its row."""
    return Credit(
        outpoint=OutPoint(Txid(row.txid), row.vout),
        value=row.value,
        script_pubkey=row.script_pubkey,
        kind=kind_of_owner(row.owner_number),
        owner=owner_of(row),
    )


def _certificate_serials() -> Select[Any]:
    """Ask for the serials that certificates took themselves: those claimed have their batch's."""
    is_claimed = and_(
        certificates.c.batch.is_not(None),
        certificates.c.batch != certificates.c.transaction_number,
    )
    return (
        select(
            permits.c.outpoint,
            certificates.c.serial,
            transactions.c.txid,
            certificates.c.vout,
        )
        .join(permits, permits.c.number == certificates.c.permit)
        .join(transactions, transactions.c.number == certificates.c.transaction_number)
        .where(~is_claimed)
    )


def _reserved_serials() -> Select[Any]:
    """Ask for the serials that deferred batches took."""
    return (
        select(
            permits.c.outpoint, serials.c.serial, transactions.c.txid, serials.c.leaf.label("vout")
        )
        .join(permits, permits.c.number == serials.c.permit)
        .join(transactions, transactions.c.number == serials.c.batch)
    )


def serial_query() -> Select[Any]:
    """Ask for all serials that are taken, in the order of their keys."""
    every = _certificate_serials().union_all(_reserved_serials()).subquery()
    return select(every).order_by(every.c.outpoint, every.c.serial)


def read_serial(row: Any) -> SerialUse:
    """Read a serial that is taken from its row."""
    taken_by = OutPoint(Txid(row.txid), row.vout)
    return SerialUse(decode_outpoint(row.outpoint), row.serial, taken_by)
