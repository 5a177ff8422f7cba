"""What begins with what was typed: ranges of indexed columns, never a scan."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection

from ccxx_cert.state import Certificate
from ccxx_explorer.database.packing import unpack
from ccxx_explorer.database.records import certificate_query
from ccxx_explorer.database.schema import certificates

Range = tuple[bytes, bytes]


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


def _first(
    connection: Connection, column: ColumnElement[bytes], wanted: Range, limit: int
) -> list[Certificate]:
    query = certificate_query().where(column.between(*wanted)).order_by(column).limit(limit)
    records = (unpack(row.record) for row in connection.execute(query))
    return [record for record in records if isinstance(record, Certificate)]
