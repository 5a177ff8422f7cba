"""What each certificate is worth, kept in a column that lists are filtered by.

It follows heights and times: every block puts those behind their deadline that it brings there,
and takes them back when it is undone. A batch or permit that is revoked stands in all its
certificates.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    false,
    func,
    not_,
    or_,
    select,
    update,
)

from ccxx_cert.standing import LEAST_SINCE_TIME, Moment, Revocation
from ccxx_cert.state import Certificate, Permit, RegistryView
from ccxx_cert.status import revocation_of
from ccxx_explorer.database.schema import batches, blocks, certificates

# What a revocation of a permit does not void here, it voids nowhere.
_LAST = Moment(1 << 62, 1 << 62, 1 << 62)


class Standing(IntEnum):
    """How a certificate stands, the gravest last; how deep it lies is not in it."""

    GOOD = 0
    EXPIRED = 1
    NEEDS_NEWER = 2
    SURRENDERED = 3
    SUSPENDED = 4
    REVOKED = 5
    DESTROYED = 6


def by_revocation(revocation: Revocation | None) -> Standing:
    """Return how something stands by what revokes or suspends it."""
    if revocation is None:
        return Standing.GOOD
    return Standing.SUSPENDED if revocation.is_hold else Standing.REVOKED


def own_standing(certificate: Certificate) -> Standing:
    """Return how a certificate stands by its own record, its deadline apart."""
    if certificate.ended is not None:
        return Standing.DESTROYED
    if certificate.revocation is not None:
        return by_revocation(certificate.revocation)
    if certificate.surrendered is not None:
        return Standing.SURRENDERED
    return Standing.NEEDS_NEWER if certificate.needs_newer else Standing.GOOD


def standing_of(view: RegistryView, certificate: Certificate, expired: bool) -> Standing:
    """Return how a certificate stands by all that is known."""
    inherited = by_revocation(revocation_of(view, certificate))
    return max(own_standing(certificate), inherited, Standing(expired))


class Clock(NamedTuple):
    """What deadlines are compared with; before the first block nothing has passed."""

    height: int = -1
    median_time_past: int = -1


def pass_deadlines(connection: Connection, old: Clock, new: Clock) -> None:
    """Mark what has expired between two tips."""
    for passed in _passed(old, new):
        connection.execute(
            update(certificates)
            .where(certificates.c.standing == Standing.GOOD.value, passed)
            .values(standing=Standing.EXPIRED.value)
        )


def restore_deadlines(connection: Connection, old: Clock, new: Clock) -> None:
    """Take back what `pass_deadlines` marked, as the tip is the old one again."""
    for passed in _passed(old, new):
        connection.execute(
            update(certificates)
            .where(
                certificates.c.standing == Standing.EXPIRED.value, passed, not_(_is_expired(old))
            )
            .values(standing=Standing.GOOD.value)
        )


def _passed(old: Clock, new: Clock) -> Iterator[ColumnElement[bool]]:
    for column, (first, end) in zip(
        (certificates.c.expires_height, certificates.c.expires_time),
        zip(old, new, strict=True),
        strict=True,
    ):
        yield and_(column >= first, column < end)


def _is_expired(tip: Clock) -> ColumnElement[bool]:
    return or_(
        func.coalesce(certificates.c.expires_height < tip.height, false()),
        func.coalesce(certificates.c.expires_time < tip.median_time_past, false()),
    )


def restate(
    connection: Connection,
    permit: tuple[int, Permit],
    batch: int | None,
    tip: Clock,
) -> None:
    """Work out anew how the certificates of a permit stand, or only those of one batch.

    `permit` is its number and record as they are now, `batch` the number of a batch's transaction,
    `tip` what deadlines are compared with.
    """
    number, record = permit
    concerned = [certificates.c.permit == number]
    if batch is not None:
        concerned.append(certificates.c.batch == batch)
    own = certificates.c.own_standing
    has_expired = and_(own == Standing.GOOD.value, _is_expired(tip))
    plain = case((has_expired, Standing.EXPIRED.value), else_=own)
    connection.execute(update(certificates).where(*concerned).values(standing=plain))
    query = select(batches.c.transaction_number, batches.c.standing).where(
        batches.c.permit == number, batches.c.standing != Standing.GOOD.value
    )
    for source, standing in connection.execute(query).all():
        of_batch = (*concerned, certificates.c.batch == source)
        _raise_to(connection, of_batch, Standing(standing))
    if record.revocation is not None and record.revocation.voids(_LAST):
        first = _first_voided(connection, record.revocation)
        if first is not None:
            voided = (*concerned, certificates.c.transaction_number >= first)
            _raise_to(connection, voided, Standing.REVOKED)


def _raise_to(connection: Connection, concerned: tuple[Any, ...], standing: Standing) -> None:
    is_less = certificates.c.standing < standing.value
    connection.execute(
        update(certificates).where(*concerned, is_less).values(standing=standing.value)
    )


def _first_voided(connection: Connection, revocation: Revocation) -> int | None:
    """Return the first transaction whose certificates the revocation of a permit voids."""
    query = select(blocks.c.first_transaction)
    since = revocation.since or revocation.moment.height
    if since >= LEAST_SINCE_TIME:
        query = query.where(blocks.c.median_time_past >= since)
    else:
        query = query.where(blocks.c.height >= since)
    return connection.execute(query.order_by(blocks.c.height).limit(1)).scalar()
