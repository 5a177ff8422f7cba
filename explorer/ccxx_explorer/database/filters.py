"""Which certificates a list shows and in which order, as conditions on indexed columns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, func, select

from ccxx_cert.state import encode_outpoint
from ccxx_cert.status import PROVISIONAL_BELOW, Status
from ccxx_core.transaction import OutPoint
from ccxx_explorer.database.schema import blocks, certificates, issuers, permits, scripts, types
from ccxx_explorer.database.standing import Standing

ALL = 1 << 31


class Order(StrEnum):
    """What a list of certificates is sorted by."""

    NEWEST = "newest"
    OLDEST = "oldest"
    SERIAL = "serial"
    EXPIRY = "expiry"


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFilter:
    """What certificates must have to be listed; None asks for nothing.

    `status` is one that a certificate can have, as `certificate_status` gives it at the tip;
    `holder_script_hash` is the SHA-256 of the script at which it lies now.
    """

    permit_id: OutPoint | None = None
    issuer_key: bytes | None = None
    type_code: str | None = None
    status: Status | None = None
    holder_script_hash: bytes | None = None
    document_hash: bytes | None = None


_STANDINGS = {
    Status.DESTROYED: Standing.DESTROYED,
    Status.REVOKED: Standing.REVOKED,
    Status.SUSPENDED: Standing.SUSPENDED,
    Status.SURRENDERED: Standing.SURRENDERED,
    Status.NEEDS_NEWER: Standing.NEEDS_NEWER,
    Status.EXPIRED: Standing.EXPIRED,
    Status.PROVISIONAL: Standing.GOOD,
    Status.VALID: Standing.GOOD,
}
_ORDERS: dict[Order, tuple[Any, ...]] = {
    Order.NEWEST: (certificates.c.number.desc(),),
    Order.OLDEST: (certificates.c.number,),
    Order.SERIAL: (certificates.c.permit, certificates.c.serial),
    Order.EXPIRY: (
        certificates.c.expires_time.is_(None),
        certificates.c.expires_time,
        certificates.c.expires_height.is_(None),
        certificates.c.expires_height,
        certificates.c.number,
    ),
}


def in_order(query: Select[Any], order: Order) -> Select[Any]:
    """Sort a question about certificates."""
    return query.order_by(*_ORDERS[order])


def matching(query: Select[Any], wanted: CertificateFilter) -> Select[Any]:
    """Restrict a question about certificates to those wanted."""
    columns = certificates.c
    if wanted.permit_id is not None:
        key = encode_outpoint(wanted.permit_id)
        query = query.where(columns.permit == _number(permits, permits.c.outpoint == key))
    if wanted.issuer_key is not None:
        is_issuer = issuers.c.public_key == wanted.issuer_key
        query = query.where(columns.issuer == _number(issuers, is_issuer))
    if wanted.type_code is not None:
        query = query.where(columns.type == _number(types, types.c.code == wanted.type_code))
    if wanted.holder_script_hash is not None:
        is_script = scripts.c.hash == wanted.holder_script_hash
        query = query.where(columns.script == _number(scripts, is_script))
    if wanted.document_hash is not None:
        query = query.where(columns.document_hash == wanted.document_hash)
    if wanted.status is not None:
        query = query.where(_has_status(wanted.status))
    return query


def _number(table: Any, condition: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(table.c.number).where(condition).scalar_subquery()


def _has_status(status: Status) -> ColumnElement[bool]:
    standing = _STANDINGS.get(status)
    if standing is None:
        return certificates.c.standing < Standing.GOOD.value
    has_standing = certificates.c.standing == standing.value
    # A station at height h has tip - h + 1 confirmations.
    tip = select(func.max(blocks.c.height)).scalar_subquery()
    deep = certificates.c.moved_height <= tip - PROVISIONAL_BELOW + 1
    if status is Status.VALID:
        return and_(has_standing, deep)
    return and_(has_standing, ~deep) if status is Status.PROVISIONAL else has_standing
