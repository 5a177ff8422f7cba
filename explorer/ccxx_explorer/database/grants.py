"""Permits and issuers in the index: lists that are read on from where a page ended, and sums."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from ccxx_cert.state import Permit
from ccxx_explorer.database.packing import unpack
from ccxx_explorer.database.schema import certificates, issuers, permits
from ccxx_explorer.database.standing import Standing

# So many permits are looked at for one page: a filter may let hardly any through.
LOOKED_AT = 5_000


@dataclass(frozen=True, slots=True)
class NumberedPermit:
    """A permit and its number, by which a list goes on."""

    number: int
    permit: Permit


@dataclass(frozen=True, slots=True)
class IssuerRow:
    """An issuer: its number, key, and the transaction that showed it first."""

    number: int
    public_key: bytes
    first_transaction: int


@dataclass(frozen=True, slots=True)
class GrantSums:
    """All permits of one issuer together: how many, certificates issued, credit in satoshis."""

    permits: int = 0
    issued: int = 0
    credit: int = 0


def list_permits(
    connection: Connection, issuer_key: bytes | None, code: str | None, after: int | None
) -> Iterator[NumberedPermit]:
    """Yield permits, newest first, below the number `after`; `LOOKED_AT` at most."""
    query = select(permits.c.number, permits.c.record)
    if issuer_key is not None:
        query = query.where(permits.c.issuer_key == issuer_key)
    if code is not None:
        query = query.where(permits.c.code == code)
    if after is not None:
        query = query.where(permits.c.number < after)
    for row in connection.execute(query.order_by(permits.c.number.desc()).limit(LOOKED_AT)):
        record = unpack(row.record)
        if isinstance(record, Permit):
            yield NumberedPermit(row.number, record)


def permit_page(
    permits_in_order: Iterable[NumberedPermit],
    is_wanted: Callable[[Permit], bool],
    length: int,
    most: int = LOOKED_AT,
) -> tuple[list[Permit], int | None]:
    """Take a page of permits that are wanted, and the number to go on below, None at the end.

    After `most` that were looked at the page ends, however few there are on it.
    """
    found: list[Permit] = []
    last, looked_at = None, 0
    for row in permits_in_order:
        if is_wanted(row.permit):
            if len(found) == length:
                return found, last
            found.append(row.permit)
        last, looked_at = row.number, looked_at + 1
    return found, last if looked_at == most else None


def issuer_of_key(connection: Connection, public_key: bytes) -> IssuerRow | None:
    """Give an issuer by its key."""
    row = connection.execute(select(issuers).where(issuers.c.public_key == public_key)).first()
    return None if row is None else IssuerRow(row.number, row.public_key, row.transaction_number)


def list_issuers(connection: Connection, after: int | None, limit: int) -> list[IssuerRow]:
    """Give issuers, the newest first, below the number `after`."""
    query = select(issuers).order_by(issuers.c.number.desc()).limit(limit)
    if after is not None:
        query = query.where(issuers.c.number < after)
    rows = connection.execute(query)
    return [IssuerRow(row.number, row.public_key, row.transaction_number) for row in rows]


def count_issuers(connection: Connection) -> int:
    """Count the issuers that have issued anything."""
    return connection.execute(select(func.max(issuers.c.number))).scalar() or 0


def sums_of_issuers(
    connection: Connection, public_keys: Iterable[bytes]
) -> Mapping[bytes, GrantSums]:
    """Sum the permits of issuers."""
    query = select(
        permits.c.issuer_key,
        func.count(),
        func.sum(permits.c.issued),
        func.sum(permits.c.credit),
    ).where(permits.c.issuer_key.in_(list(public_keys)))
    rows = connection.execute(query.group_by(permits.c.issuer_key))
    return {key: GrantSums(count, int(issued), int(credit)) for key, count, issued, credit in rows}


def sum_hidden_grants(connection: Connection) -> GrantSums:
    """Sum the permits whose issuer has not shown its key yet."""
    query = select(func.count(), func.sum(permits.c.issued), func.sum(permits.c.credit))
    row = connection.execute(query.where(permits.c.issuer_key.is_(None))).one()
    return GrantSums(row[0], int(row[1] or 0), int(row[2] or 0))


def latest_issue(connection: Connection, issuer: int) -> int | None:
    """Give the transaction that an issuer issued in last, by the issuer's number."""
    newest = select(func.max(certificates.c.number)).where(certificates.c.issuer == issuer)
    query = select(certificates.c.transaction_number)
    found = connection.execute(query.where(certificates.c.number == newest.scalar_subquery()))
    return found.scalar()


def standings_of_issuer(connection: Connection, issuer: int) -> Mapping[Standing, int]:
    """Count the certificates of an issuer by how they stand, by the issuer's number."""
    query = select(certificates.c.standing, func.count()).where(certificates.c.issuer == issuer)
    rows = connection.execute(query.group_by(certificates.c.standing))
    return {Standing(standing): count for standing, count in rows}
