"""Questions about permits, certificates and credit, answered from the registry's tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Select, func, select, tuple_

from ccxx_cert.state import Batch, Certificate, CreditKind, Permit, batch_key, encode_outpoint
from ccxx_core.hashes import Txid
from ccxx_core.transaction import OutPoint
from ccxx_explorer.database.bulk import select_in
from ccxx_explorer.database.chain import numbers_of
from ccxx_explorer.database.packing import unpack
from ccxx_explorer.database.reader import totals
from ccxx_explorer.database.records import (
    ROOT_OWNER,
    RecordTables,
    certificate_query,
    credit_query,
    decode_outpoint,
    is_certificate,
    kind_of_owner,
    owner_of,
)
from ccxx_explorer.database.rows import CreditRow, IssuerCount
from ccxx_explorer.database.schema import (
    batches,
    certificates,
    credits,
    permits,
    scripts,
    subjects,
    transactions,
)


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
    query = select(permits.c.record).order_by(permits.c.number.desc())
    return list(_permits(connection, query.offset(offset).limit(limit)).values())


def certificate(connection: Connection, certificate_id: OutPoint) -> Certificate | None:
    """Give a certificate by its issuing outpoint."""
    found = _certificates(connection, certificate_query().where(is_certificate(certificate_id)))
    return found[-1] if found else None


def certificate_of_identity(connection: Connection, identity: bytes) -> Certificate | None:
    """Give a certificate by the 20 bytes of its printable id."""
    query = certificate_query().where(certificates.c.identity == identity)
    found = _certificates(connection, query.limit(1))
    return found[0] if found else None


def latest_certificates(
    connection: Connection, permit_id: OutPoint | None, offset: int, limit: int
) -> list[Certificate]:
    """Give certificates, newest first, of all permits or of one."""
    query = certificate_query().order_by(certificates.c.number.desc())
    if permit_id is not None:
        key = encode_outpoint(permit_id)
        number = select(permits.c.number).where(permits.c.outpoint == key).scalar_subquery()
        query = query.where(certificates.c.permit == number)
    return _certificates(connection, query.offset(offset).limit(limit))


def certificates_of_document(
    connection: Connection, document_hash: bytes, offset: int, limit: int
) -> list[Certificate]:
    """Give the certificates about one document, newest first."""
    query = certificate_query().where(certificates.c.document_hash == document_hash)
    ordered = query.order_by(certificates.c.number.desc())
    return _certificates(connection, ordered.offset(offset).limit(limit))


def certificates_at(connection: Connection, script_hash: bytes, limit: int) -> list[Certificate]:
    """Give the certificates that lie at a script or ever did, newest first."""
    owners = _owners_at(script_hash).where(credits.c.owner > ROOT_OWNER)
    newest = owners.order_by(credits.c.owner.desc()).limit(limit).subquery()
    query = certificate_query().where(certificates.c.number.in_(select(newest)))
    return _certificates(connection, query.order_by(certificates.c.number.desc()))


def count_certificates_at(connection: Connection, script_hash: bytes) -> int:
    """Count the certificates that lie at a script or ever did."""
    owners = _owners_at(script_hash).where(credits.c.owner > ROOT_OWNER)
    return connection.execute(select(func.count()).select_from(owners.subquery())).scalar() or 0


def roles_at(connection: Connection, script_hash: bytes) -> set[CreditKind]:
    """Tell what kinds of credit a script holds or ever held."""
    owner = credits.c.owner
    kinds = {
        CreditKind.PERMIT: owner < ROOT_OWNER,
        CreditKind.ROOT: owner == ROOT_OWNER,
        CreditKind.CERTIFICATE: owner > ROOT_OWNER,
    }
    return {
        kind
        for kind, condition in kinds.items()
        if connection.execute(_owners_at(script_hash).where(condition).limit(1)).first()
    }


def permits_at(connection: Connection, script_hash: bytes, limit: int) -> list[Permit]:
    """Give the permits whose credit lies at a script or ever did."""
    owners = _owners_at(script_hash).where(credits.c.owner < ROOT_OWNER)
    # The newest permit has the least number below zero.
    newest = connection.execute(owners.order_by(credits.c.owner).limit(limit)).scalars()
    numbers = [-owner for owner in newest]
    query = select(permits.c.record).where(permits.c.number.in_(numbers))
    return list(_permits(connection, query.order_by(permits.c.number.desc())).values())


def credits_at(connection: Connection, outpoints: Iterable[OutPoint]) -> dict[OutPoint, CreditRow]:
    """Give what some coins are or were to the protocol; plain coins are left out."""
    wanted = list(outpoints)
    numbers = numbers_of(connection, {outpoint.txid for outpoint in wanted})
    pairs = [(numbers[at.txid], at.vout) for at in wanted if at.txid in numbers]
    pair = tuple_(credits.c.transaction_number, credits.c.vout)
    found = (_credit(row) for row in select_in(connection, credit_query(), pair, pairs))
    return {credit.outpoint: credit for credit in found}


def subjects_of(connection: Connection, number: int, limit: int) -> list[OutPoint]:
    """Give the permits and certificates that a transaction concerns, and the root coin it made."""
    query = select(subjects.c.subject).where(subjects.c.transaction_number == number)
    moved = list(connection.execute(query.order_by(subjects.c.subject).limit(limit)).scalars())
    found = [
        *_permit_ids(connection, [-each for each in moved if each < ROOT_OWNER]),
        *(_root_coins(connection, number) if ROOT_OWNER in moved else ()),
        *_certificate_ids(connection, certificates.c.transaction_number == number, limit),
        *_certificate_ids(connection, certificates.c.number.in_(moved), limit),
    ]
    return found[:limit]


def _permit_ids(connection: Connection, numbers: Sequence[int]) -> list[OutPoint]:
    query = select(permits.c.outpoint).where(permits.c.number.in_(numbers))
    ordered = query.order_by(permits.c.number)
    return [decode_outpoint(key) for key in connection.execute(ordered).scalars()]


def _root_coins(connection: Connection, number: int) -> list[OutPoint]:
    query = credit_query().where(
        credits.c.transaction_number == number, credits.c.owner == ROOT_OWNER
    )
    return [OutPoint(Txid(row.txid), row.vout) for row in connection.execute(query.limit(1))]


def _certificate_ids(connection: Connection, condition: Any, limit: int) -> list[OutPoint]:
    issued = transactions.c.number == certificates.c.transaction_number
    query = select(transactions.c.txid, certificates.c.vout).join(certificates, issued)
    ordered = query.where(condition).order_by(certificates.c.number).limit(limit)
    return [OutPoint(Txid(txid), vout) for txid, vout in connection.execute(ordered)]


def batch(connection: Connection, txid: bytes) -> Batch | None:
    """Give a batch by the transaction that issued it."""
    record = RecordTables(connection).get(batch_key(Txid(txid)))
    return record if isinstance(record, Batch) else None


def batches_of_root(connection: Connection, merkle_root: bytes, limit: int) -> list[Batch]:
    """Give the batches whose documents have a Merkle root, oldest first."""
    query = select(batches.c.record).where(batches.c.merkle_root == merkle_root)
    ordered = query.order_by(batches.c.transaction_number).limit(limit)
    records = (unpack(data) for data in connection.execute(ordered).scalars())
    return [record for record in records if isinstance(record, Batch)]


def has_root_coin(connection: Connection, root_outpoint: OutPoint) -> bool:
    """Tell whether the registry ever took a coin for the root coin: spent credit is kept too."""
    query = (
        select(credits.c.owner)
        .join(transactions, transactions.c.number == credits.c.transaction_number)
        .where(transactions.c.txid == root_outpoint.txid, credits.c.vout == root_outpoint.vout)
    )
    return connection.execute(query.limit(1)).first() is not None


def count_permits(connection: Connection) -> int:
    """Count all permits ever granted."""
    now = totals(connection)
    return now.permits if now else 0


def issuer_counts(connection: Connection, limit: int) -> list[IssuerCount]:
    """Give the issuers with the most certificates: by permit, under the key that holds it now."""
    issued = func.sum(permits.c.issued)
    query = (
        select(permits.c.issuer_key, func.count().label("permits"), issued.label("certificates"))
        .where(permits.c.issuer_key.is_not(None))
        .group_by(permits.c.issuer_key)
        .order_by(issued.desc(), permits.c.issuer_key)
        .limit(limit)
    )
    return [
        IssuerCount(row.issuer_key, row.permits, int(row.certificates))
        for row in connection.execute(query)
    ]


def permits_of_issuer(
    connection: Connection, issuer_key: bytes, offset: int, limit: int
) -> list[Permit]:
    """Give the permits that an issuer's key holds now, newest first."""
    query = select(permits.c.record).where(permits.c.issuer_key == issuer_key)
    ordered = query.order_by(permits.c.number.desc()).offset(offset).limit(limit)
    return list(_permits(connection, ordered).values())


def _permits(connection: Connection, query: Select[Any]) -> dict[OutPoint, Permit]:
    records = (unpack(data) for data in connection.execute(query).scalars())
    return {record.id: record for record in records if isinstance(record, Permit)}


def _certificates(connection: Connection, query: Select[Any]) -> list[Certificate]:
    records = (unpack(row.record) for row in connection.execute(query))
    return [record for record in records if isinstance(record, Certificate)]


def _owners_at(script_hash: bytes) -> Select[Any]:
    script = select(scripts.c.number).where(scripts.c.hash == script_hash).scalar_subquery()
    return select(credits.c.owner).distinct().where(credits.c.script == script)


def _credit(row: Any) -> CreditRow:
    return CreditRow(
        outpoint=OutPoint(Txid(row.txid), row.vout),
        value=row.value,
        kind=kind_of_owner(row.owner_number),
        owner=owner_of(row),
    )
