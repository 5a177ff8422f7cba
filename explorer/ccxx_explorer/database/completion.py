"""What begins with what was typed: ranges of indexed columns, never a scan."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select

from ccxx_cert.state import Certificate
from ccxx_explorer.database.packing import unpack
from ccxx_explorer.database.records import certificate_query
from ccxx_explorer.database.schema import certificates, permits

Range = tuple[bytes, bytes]
# A serial is looked up in each permit apart: in so many of them, the newest.
_PERMITS = 200


def certificates_by_identity(
    connection: Connection, identities: Range, limit: int
) -> list[Certificate]:
    """Give the certificates whose identity (20 bytes) lies in a range, ends included."""
    return _first(connection, certificates.c.identity, identities, limit)


def certificates_by_document(
    connection: Connection, digests: Range, limit: int
) -> list[Certificate]:
    """Give the certificates whose document hash (32 bytes) lies in a range, ends included."""
    return _first(connection, certificates.c.document_hash, digests, limit)


def certificates_with_serial(connection: Connection, serial: int, limit: int) -> list[Certificate]:
    """Give certificates with a serial, newest permit first: every permit counts its own."""
    newest = select(permits.c.number).order_by(permits.c.number.desc()).limit(_PERMITS).subquery()
    query = certificate_query().where(
        certificates.c.permit.in_(select(newest)), certificates.c.serial == serial
    )
    ordered = query.order_by(certificates.c.permit.desc(), certificates.c.number.desc())
    return _records(connection, ordered.limit(limit))


def _first(
    connection: Connection, column: ColumnElement[bytes], wanted: Range, limit: int
) -> list[Certificate]:
    query = certificate_query().where(column.between(*wanted)).order_by(column).limit(limit)
    return _records(connection, query)


def _records(connection: Connection, query: Select[Any]) -> list[Certificate]:
    records = (unpack(row.record) for row in connection.execute(query))
    return [record for record in records if isinstance(record, Certificate)]
