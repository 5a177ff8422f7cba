"""Lists of certificates: filtered, in an order, and read on from where a page ended.

A list is read along one index. What else it is filtered by is looked at line by line, so many
lines at most: a page never reads a million of them to find none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, false, func, select, true, tuple_

from ccxx_cert.state import Certificate, encode_outpoint
from ccxx_cert.status import PROVISIONAL_BELOW, Status
from ccxx_explorer.database.filters import CertificateFilter
from ccxx_explorer.database.packing import unpack
from ccxx_explorer.database.schema import (
    blocks,
    certificates,
    issuers,
    permits,
    scripts,
    subjects,
    types,
)
from ccxx_explorer.database.standing import Standing

# So many lines of an index are looked at for one page, and so many are counted.
_LOOKED_AT = 5_000
COUNTED = 10_000
# An index along which nothing is: the thing asked for does not exist.
_NOTHING = -1

_STANDINGS = {
    Status.VALID: Standing.GOOD,
    Status.PROVISIONAL: Standing.GOOD,
    Status.EXPIRED: Standing.EXPIRED,
    Status.NEEDS_NEWER: Standing.NEEDS_NEWER,
    Status.SURRENDERED: Standing.SURRENDERED,
    Status.SUSPENDED: Standing.SUSPENDED,
    Status.REVOKED: Standing.REVOKED,
    Status.DESTROYED: Standing.DESTROYED,
}
CERTIFICATE_STATUSES = tuple(_STANDINGS)
# Which column a list is read along, if it is asked for: those with the fewest lines first.
_LEADERS = ("document_hash", "script", "permit", "standing", "issuer", "type")


class Sorting(StrEnum):
    """How a list is sorted; by serial and by type come with what they are sorted by first."""

    NEWEST = "newest"
    OLDEST = "oldest"
    SERIAL = "serial"
    TYPE = "type"


_KEYS: dict[Sorting, tuple[str, ...]] = {
    Sorting.NEWEST: ("number",),
    Sorting.OLDEST: ("number",),
    Sorting.SERIAL: ("permit", "serial"),
    Sorting.TYPE: ("type", "number"),
}


@dataclass(frozen=True, slots=True)
class CertificatePage:
    """A page of certificates; `after` asks for the next, None at the end."""

    certificates: tuple[Certificate, ...]
    after: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class _Conditions:
    """What rows must have: equal columns, and whether they moved lately; None: it is the same."""

    equal: dict[str, Any]
    deep_below: int | None = None
    is_deep: bool = True

    def met_by(self, row: Any) -> bool:
        if any(getattr(row, name) != value for name, value in self.equal.items()):
            return False
        return self.deep_below is None or (row.moved_height < self.deep_below) is self.is_deep


def list_certificates(
    connection: Connection,
    wanted: CertificateFilter,
    sorting: Sorting,
    after: tuple[int, ...] | None,
    limit: int,
) -> CertificatePage:
    """Give a page of certificates, from behind `after` on."""
    conditions = _conditions(connection, wanted)
    if _NOTHING in conditions.equal.values():
        return CertificatePage((), None)
    query = _along(connection, conditions, sorting)
    if after is not None:
        query = query.where(_behind(sorting, after, conditions))
    found: list[int] = []
    last: tuple[int, ...] | None = None
    looked_at = 0
    for row in connection.execute(query.limit(_LOOKED_AT)):
        looked_at += 1
        if conditions.met_by(row):
            if len(found) == limit:
                return CertificatePage(_records(connection, found), last)
            found.append(row.number)
        if len(found) < limit or found[-1] == row.number:
            last = tuple(getattr(row, name) for name in _KEYS[sorting])
    is_end = looked_at < _LOOKED_AT
    return CertificatePage(_records(connection, found), None if is_end else last)


def count_listed(connection: Connection, wanted: CertificateFilter) -> int | None:
    """Count what a list has, up to `COUNTED` and one more; None where that would take long."""
    conditions = _conditions(connection, wanted)
    if wanted == CertificateFilter():
        query = select(blocks.c.certificates).order_by(blocks.c.height.desc()).limit(1)
        return connection.execute(query).scalar() or 0
    if len(conditions.equal) > 1:
        return None
    columns = certificates.c
    query = select(columns.number)
    for name, value in conditions.equal.items():
        query = query.where(columns[name] == value)
    if conditions.deep_below is not None:
        is_deep = columns.moved_height < conditions.deep_below
        query = query.where(is_deep if conditions.is_deep else ~is_deep)
        if not conditions.is_deep:
            query = query.where(columns.number.in_(_lately(connection)))
    some = query.limit(COUNTED + 1).subquery()
    return connection.execute(select(func.count()).select_from(some)).scalar() or 0


def type_codes(connection: Connection, limit: int) -> tuple[str, ...]:
    """Give the codes of types, the newest first."""
    query = select(types.c.code).order_by(types.c.number.desc()).limit(limit)
    return tuple(connection.execute(query).scalars())


def _along(connection: Connection, conditions: _Conditions, sorting: Sorting) -> Select[Any]:
    """Ask for rows along one index, in the order of the list."""
    columns = certificates.c
    query = select(
        columns.number,
        columns.permit,
        columns.serial,
        columns.issuer,
        columns.type,
        columns.script,
        columns.document_hash,
        columns.standing,
        columns.moved_height,
    )
    if conditions.deep_below is not None and not conditions.is_deep:
        query = query.where(columns.number.in_(_lately(connection)))
    else:
        for leader in _leaders(conditions, sorting):
            query = query.where(columns[leader] == conditions.equal[leader])
    keys = [columns[name] for name in _KEYS[sorting]]
    if sorting is Sorting.NEWEST:
        return query.order_by(keys[0].desc())
    return query.order_by(*keys)


def _leaders(conditions: _Conditions, sorting: Sorting) -> tuple[str, ...]:
    """Choose the column to read along, or the two that have an index together."""
    if sorting in (Sorting.SERIAL, Sorting.TYPE):
        own = _KEYS[sorting][0]
        return (own,) if own in conditions.equal else ()
    good = conditions.equal.get("standing") == Standing.GOOD.value
    # Nearly all are good: every other column leads to fewer.
    names = [name for name in _LEADERS if name in conditions.equal]
    if good and len(names) > 1:
        names.remove("standing")
    if {"issuer", "standing"} <= set(conditions.equal) and names[0] in ("issuer", "standing"):
        return ("issuer", "standing")
    return tuple(names[:1])


def _behind(
    sorting: Sorting, after: tuple[int, ...], conditions: _Conditions
) -> ColumnElement[bool]:
    columns = [certificates.c[name] for name in _KEYS[sorting]]
    first = conditions.equal.get(_KEYS[sorting][0])
    if len(columns) > 1 and first == after[0]:
        # The first is the same for all of them: a pair would be compared for every one before.
        return columns[1] > after[1]
    if len(columns) > 1 and first is not None:
        return true() if first > after[0] else false()
    if sorting is Sorting.NEWEST:
        return columns[0] < after[0]
    if len(columns) == 1:
        return columns[0] > after[0]
    return tuple_(*columns) > tuple_(*after)


def _conditions(connection: Connection, wanted: CertificateFilter) -> _Conditions:
    equal: dict[str, Any] = {}
    permit = wanted.permit_id and encode_outpoint(wanted.permit_id)
    for name, table, column, value in (
        ("permit", permits, permits.c.outpoint, permit),
        ("issuer", issuers, issuers.c.public_key, wanted.issuer_key),
        ("type", types, types.c.code, wanted.type_code),
        ("script", scripts, scripts.c.hash, wanted.holder_script_hash),
    ):
        if value is not None:
            number = connection.execute(select(table.c.number).where(column == value)).scalar()
            equal[name] = _NOTHING if number is None else number
    if wanted.document_hash is not None:
        equal["document_hash"] = wanted.document_hash
    if wanted.status is None:
        return _Conditions(equal)
    equal["standing"] = _STANDINGS.get(wanted.status, _NOTHING)
    if wanted.status not in (Status.VALID, Status.PROVISIONAL):
        return _Conditions(equal)
    deep_below = _first_provisional(connection)
    return _Conditions(equal, deep_below, wanted.status is Status.VALID)


def _first_provisional(connection: Connection) -> int:
    """Return the lowest height of which a station is provisional."""
    tip = connection.execute(select(func.max(blocks.c.height))).scalar() or 0
    return int(tip) - PROVISIONAL_BELOW + 2


def _lately(connection: Connection) -> Select[Any]:
    """Ask for the numbers of certificates that were issued or moved in the last blocks."""
    height = _first_provisional(connection)
    query = select(func.min(blocks.c.first_transaction)).where(blocks.c.height >= height)
    first = connection.execute(query).scalar() or 0
    issued = select(certificates.c.number).where(certificates.c.transaction_number >= first)
    moved = select(subjects.c.subject).where(
        subjects.c.transaction_number >= first, subjects.c.subject > 0
    )
    return issued.union(moved)  # type: ignore[return-value]


def _records(connection: Connection, numbers: Iterable[int]) -> tuple[Certificate, ...]:
    wanted = list(numbers)
    query = select(certificates.c.number, certificates.c.record)
    rows = connection.execute(query.where(certificates.c.number.in_(wanted)))
    found = {row.number: unpack(row.record) for row in rows}
    records = (found[number] for number in wanted)
    return tuple(record for record in records if isinstance(record, Certificate))
