"""Questions about permits, certificates and credit, answered from the registry's tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Select, func, select

from ccxx_cert.record_json import record_from_json
from ccxx_cert.state import (
    Batch,
    Certificate,
    CreditKind,
    Permit,
    encode_outpoint,
)
from ccxx_core.transaction import OutPoint
from ccxx_explorer.database.reader import verdicts_of
from ccxx_explorer.database.records import decode_outpoint
from ccxx_explorer.database.rows import CreditRow, CreditSums, VerdictRow
from ccxx_explorer.database.schema import (
    batches,
    certificates,
    credits,
    permits,
    subjects,
    verdicts,
)

_CHUNK = 10_000


def permit(connection: Connection, permit_id: OutPoint) -> Permit | None:
    """Give a permit by its outpoint."""
    query = select(permits.c.record).where(permits.c.outpoint == encode_outpoint(permit_id))
    return _permits(connection, query).get(permit_id)


def permits_of(connection: Connection, permit_ids: Iterable[OutPoint]) -> dict[OutPoint, Permit]:
    """Give permits by their outpoints."""
    keys = [encode_outpoint(permit_id) for permit_id in set(permit_ids)]
    return _permits(connection, select(permits.c.record).where(permits.c.outpoint.in_(keys)))


def latest_permits(connection: Connection, offset: int, limit: int) -> list[Permit]:
    """Give permits, newest first."""
    query = select(permits.c.record).order_by(
        permits.c.transaction_number.desc(), permits.c.outpoint.desc()
    )
    return list(_permits(connection, query.offset(offset).limit(limit)).values())


def certificate(connection: Connection, certificate_id: OutPoint) -> Certificate | None:
    """Give a certificate by its issuing outpoint."""
    key = encode_outpoint(certificate_id)
    query = select(certificates.c.record).where(certificates.c.outpoint == key)
    found = _certificates(connection, query)
    return found[0] if found else None


def certificate_of_identity(connection: Connection, identity: bytes) -> Certificate | None:
    """Give a certificate by the 20 bytes of its printable id."""
    query = select(certificates.c.record).where(certificates.c.identity == identity)
    found = _certificates(connection, query.limit(1))
    return found[0] if found else None


def latest_certificates(
    connection: Connection, permit_id: OutPoint | None, offset: int, limit: int
) -> list[Certificate]:
    """Give certificates, newest first, of all permits or of one."""
    query = select(certificates.c.record).order_by(
        certificates.c.transaction_number.desc(), certificates.c.outpoint
    )
    if permit_id is not None:
        query = query.where(certificates.c.permit == encode_outpoint(permit_id))
    return _certificates(connection, query.offset(offset).limit(limit))


def certificates_of_document(
    connection: Connection, document_hash: bytes, offset: int, limit: int
) -> list[Certificate]:
    """Give the certificates about one document, newest first."""
    query = (
        select(certificates.c.record)
        .where(certificates.c.document_hash == document_hash)
        .order_by(certificates.c.transaction_number.desc(), certificates.c.outpoint)
    )
    return _certificates(connection, query.offset(offset).limit(limit))


def count_certificates_of_document(connection: Connection, document_hash: bytes) -> int:
    """Count the certificates about one document."""
    query = select(func.count()).select_from(certificates)
    query = query.where(certificates.c.document_hash == document_hash)
    return connection.execute(query).scalar() or 0


def certificates_at(connection: Connection, script_hash: bytes, limit: int) -> list[Certificate]:
    """Give the certificates that lie at a script or ever did, newest first."""
    query = (
        select(certificates.c.record)
        .where(certificates.c.outpoint.in_(_owners_at(script_hash, CreditKind.CERTIFICATE)))
        .order_by(certificates.c.transaction_number.desc(), certificates.c.outpoint)
    )
    return _certificates(connection, query.limit(limit))


def count_certificates_at(connection: Connection, script_hash: bytes) -> int:
    """Count the certificates that lie at a script or ever did."""
    owners = _owners_at(script_hash, CreditKind.CERTIFICATE)
    query = select(func.count()).select_from(certificates)
    return connection.execute(query.where(certificates.c.outpoint.in_(owners))).scalar() or 0


def roles_at(connection: Connection, script_hash: bytes) -> set[CreditKind]:
    """Tell what kinds of credit a script holds or ever held."""
    query = select(credits.c.kind).distinct().where(credits.c.script_hash == script_hash)
    return {CreditKind(kind) for kind in connection.execute(query).scalars()}


def permits_at(connection: Connection, script_hash: bytes, limit: int) -> list[Permit]:
    """Give the permits whose credit lies at a script or ever did."""
    owners = _owners_at(script_hash, CreditKind.PERMIT)
    query = select(permits.c.record).where(permits.c.outpoint.in_(owners))
    ordered = query.order_by(permits.c.transaction_number.desc()).limit(limit)
    return list(_permits(connection, ordered).values())


def certificates_of_transaction(
    connection: Connection, number: int, limit: int
) -> list[Certificate]:
    """Give the certificates that one transaction issued."""
    query = select(certificates.c.record).where(certificates.c.transaction_number == number)
    return _certificates(connection, query.order_by(certificates.c.outpoint).limit(limit))


def credits_at(connection: Connection, outpoints: Iterable[OutPoint]) -> dict[OutPoint, CreditRow]:
    """Give what some coins are or were to the protocol; plain coins are left out."""
    keys = [encode_outpoint(outpoint) for outpoint in outpoints]
    found: dict[OutPoint, CreditRow] = {}
    for start in range(0, len(keys), _CHUNK):
        query = select(credits).where(credits.c.outpoint.in_(keys[start : start + _CHUNK]))
        for row in connection.execute(query):
            credit = _credit(row)
            found[credit.outpoint] = credit
    return found


def history_of(connection: Connection, subject: OutPoint, limit: int) -> list[VerdictRow]:
    """Give the verdicts that concern a permit or certificate, oldest first."""
    query = (
        select(subjects.c.transaction_number)
        .where(subjects.c.subject == encode_outpoint(subject))
        .order_by(subjects.c.transaction_number)
        .limit(limit)
    )
    numbers = list(connection.execute(query).scalars())
    found = verdicts_of(connection, numbers)
    return [found[number] for number in numbers if number in found]


def subjects_of(connection: Connection, number: int, limit: int) -> list[OutPoint]:
    """Give the permits and certificates that a transaction concerns."""
    query = (
        select(subjects.c.subject)
        .where(subjects.c.transaction_number == number)
        .order_by(subjects.c.subject)
        .limit(limit)
    )
    return [decode_outpoint(key) for key in connection.execute(query).scalars()]


def batch(connection: Connection, txid: bytes) -> Batch | None:
    """Give a batch by the transaction that issued it."""
    text = connection.execute(select(batches.c.record).where(batches.c.txid == txid)).scalar()
    record = record_from_json(text) if text is not None else None
    return record if isinstance(record, Batch) else None


def has_root_coin(connection: Connection, root_outpoint: OutPoint) -> bool:
    """Tell whether the registry ever took a coin for the root coin: spent credit is kept too."""
    key = encode_outpoint(root_outpoint)
    query = select(func.count()).select_from(credits).where(credits.c.outpoint == key)
    return bool(connection.execute(query).scalar())


def sum_credit(connection: Connection) -> CreditSums:
    """Sum the credit that is alive, by what it stands for."""
    query = select(credits.c.kind, func.sum(credits.c.value)).where(credits.c.alive)
    sums = {kind: total for kind, total in connection.execute(query.group_by(credits.c.kind))}
    return CreditSums(
        root=sums.get(CreditKind.ROOT.value, 0),
        permits=sums.get(CreditKind.PERMIT.value, 0),
        certificates=sums.get(CreditKind.CERTIFICATE.value, 0),
    )


def count_permits(connection: Connection) -> int:
    """Count all permits ever granted."""
    return connection.execute(select(func.count()).select_from(permits)).scalar() or 0


def count_certificates(connection: Connection, permit_id: OutPoint | None = None) -> int:
    """Count all certificates ever issued, by all permits or by one."""
    query = select(func.count()).select_from(certificates)
    if permit_id is not None:
        query = query.where(certificates.c.permit == encode_outpoint(permit_id))
    return connection.execute(query).scalar() or 0


def count_refused(connection: Connection) -> int:
    """Count the messages and spends that do not count."""
    query = select(func.count()).select_from(verdicts).where(~verdicts.c.accepted)
    return connection.execute(query).scalar() or 0


def _permits(connection: Connection, query: Select[Any]) -> dict[OutPoint, Permit]:
    records = (record_from_json(text) for text in connection.execute(query).scalars())
    return {record.id: record for record in records if isinstance(record, Permit)}


def _certificates(connection: Connection, query: Select[Any]) -> list[Certificate]:
    records = (record_from_json(text) for text in connection.execute(query).scalars())
    return [record for record in records if isinstance(record, Certificate)]


def _owners_at(script_hash: bytes, kind: CreditKind) -> Select[Any]:
    return select(credits.c.owner).where(
        credits.c.script_hash == script_hash, credits.c.kind == kind.value
    )


def _credit(row: Any) -> CreditRow:
    return CreditRow(
        outpoint=decode_outpoint(row.outpoint),
        value=row.value,
        kind=CreditKind(row.kind),
        owner=None if row.owner is None else decode_outpoint(row.owner),
    )
