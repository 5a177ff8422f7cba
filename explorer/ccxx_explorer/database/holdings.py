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
from ccxx_explorer.database.filters import ALL, CertificateFilter, Order, in_order, matching
from ccxx_explorer.database.packing import unpack
from ccxx_explorer.database.reader import totals, verdicts_of
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
from ccxx_explorer.database.rows import CreditRow, IssuerCount, VerdictRow
from ccxx_explorer.database.schema import (
    batches,
    certificates,
    credits,
    permits,
    scripts,
    subjects,
    transactions,
    types,
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


def find_certificates(
    connection: Connection, wanted: CertificateFilter, order: Order, offset: int, limit: int
) -> list[Certificate]:
    """Give the certificates that match, in an order."""
    query = in_order(matching(certificate_query(), wanted), order)
    return _certificates(connection, query.offset(offset).limit(limit))


def count_matching(connection: Connection, wanted: CertificateFilter, at_most: int = ALL) -> int:
    """Count the certificates that match, no further than `at_most`."""
    if wanted == CertificateFilter():
        return min(count_certificates(connection), at_most)
    query = matching(select(certificates.c.number), wanted).limit(at_most)
    return connection.execute(select(func.count()).select_from(query.subquery())).scalar() or 0


def latest_certificates(
    connection: Connection, permit_id: OutPoint | None, offset: int, limit: int
) -> list[Certificate]:
    """Give certificates, newest first, of all permits or of one."""
    wanted = CertificateFilter(permit_id=permit_id)
    return find_certificates(connection, wanted, Order.NEWEST, offset, limit)


def certificates_of_document(
    connection: Connection, document_hash: bytes, offset: int, limit: int
) -> list[Certificate]:
    """Give the certificates about one document, newest first."""
    wanted = CertificateFilter(document_hash=document_hash)
    return find_certificates(connection, wanted, Order.NEWEST, offset, limit)


def count_certificates_of_document(connection: Connection, document_hash: bytes) -> int:
    """Count the certificates about one document."""
    return count_matching(connection, CertificateFilter(document_hash=document_hash))


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
    newest = owners.order_by(credits.c.owner).limit(limit).subquery()
    query = select(permits.c.record).where((-permits.c.number).in_(select(newest)))
    return list(_permits(connection, query.order_by(permits.c.number.desc())).values())


def certificates_of_transaction(
    connection: Connection, number: int, limit: int, offset: int = 0
) -> list[Certificate]:
    """Give the certificates that one transaction issued, in the order of its outputs."""
    query = certificate_query().where(certificates.c.transaction_number == number)
    ordered = query.order_by(certificates.c.vout)
    return _certificates(connection, ordered.offset(offset).limit(limit))


def credits_at(connection: Connection, outpoints: Iterable[OutPoint]) -> dict[OutPoint, CreditRow]:
    """Give what some coins are or were to the protocol; plain coins are left out."""
    wanted = list(outpoints)
    numbers = numbers_of(connection, {outpoint.txid for outpoint in wanted})
    pairs = [(numbers[at.txid], at.vout) for at in wanted if at.txid in numbers]
    pair = tuple_(credits.c.transaction_number, credits.c.vout)
    found = (_credit(row) for row in select_in(connection, credit_query(), pair, pairs))
    return {credit.outpoint: credit for credit in found}


def history_of(connection: Connection, subject: OutPoint, limit: int) -> list[VerdictRow]:
    """Give the verdicts that concern a permit or certificate, oldest first."""
    tables = RecordTables(connection)
    number = tables.find_subject(subject)
    if number == ROOT_OWNER:
        return []
    query = (
        select(subjects.c.transaction_number)
        .where(subjects.c.subject == number)
        .order_by(subjects.c.transaction_number)
        .limit(limit)
    )
    numbers = list(connection.execute(query).scalars())
    if number > ROOT_OWNER:
        issued = select(certificates.c.transaction_number).where(certificates.c.number == number)
        numbers = [*connection.execute(issued).scalars(), *numbers][:limit]
    return _verdicts_in_order(connection, numbers)


def history_of_root(connection: Connection, limit: int) -> list[VerdictRow]:
    """Give the verdicts that made or rotated the root, newest first."""
    query = select(subjects.c.transaction_number).where(subjects.c.subject == ROOT_OWNER)
    ordered = query.order_by(subjects.c.transaction_number.desc()).limit(limit)
    return _verdicts_in_order(connection, list(connection.execute(ordered).scalars()))


def _verdicts_in_order(connection: Connection, numbers: Sequence[int]) -> list[VerdictRow]:
    found = verdicts_of(connection, numbers)
    return [found[number] for number in numbers if number in found]


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
    return root_outpoint in credits_at(connection, [root_outpoint])


def count_permits(connection: Connection) -> int:
    """Count all permits ever granted."""
    now = totals(connection)
    return now.permits if now else 0


def count_certificates(connection: Connection, permit_id: OutPoint | None = None) -> int:
    """Count all certificates ever issued, by all permits or by one."""
    if permit_id is not None:
        found = permit(connection, permit_id)
        return found.issued if found else 0
    now = totals(connection)
    return now.certificates if now else 0


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


def type_codes(connection: Connection, limit: int) -> list[str]:
    """Give the codes of all types that certificates were issued of, in their order."""
    query = select(types.c.code).order_by(types.c.code).limit(limit)
    return list(connection.execute(query).scalars())


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
