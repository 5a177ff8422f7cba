"""Load the page of a certificate, its document, and its line in lists."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from ccxx_cert.holders import is_key_reused
from ccxx_cert.state import Certificate, get_batch, get_permit
from ccxx_cert.status import certificate_status, revocation_of
from ccxx_core.hashes import Txid
from ccxx_explorer.database import holdings, reader
from ccxx_explorer.database.pieces import published_document
from ccxx_explorer.database.records import RecordTables
from ccxx_explorer.database.rows import BlockRow
from ccxx_explorer.documents import with_document
from ccxx_explorer.facts import CertificateFacts, CertificateLine
from ccxx_explorer.happenings import certificate_roles, load_grant, load_life
from ccxx_explorer.language import say
from ccxx_explorer.pages.pool import check_not_pending
from ccxx_explorer.problems import bad_request, not_found
from ccxx_explorer.question import Question
from ccxx_explorer.site import Site
from ccxx_explorer.views.certificate import certificate_facts, certificate_line
from ccxx_explorer.views.checks import CertificateRows
from ccxx_explorer.views.history import certificate_event
from ccxx_explorer.views.permit import permit_line
from ccxx_explorer.views.search import (
    Reading,
    is_certificate_id,
    problem_words,
    read_search,
)
from ccxx_explorer.views.signatures import anchor_roles

_LAST_NUMBER = 1 << 53


def load_certificate(site: Site, connection: Connection, question: Question) -> CertificateFacts:
    """Load one certificate by its issuing outpoint or its printable id."""
    site.check_anchor(connection)
    tip = site.tip(connection)
    certificate = named_certificate(site, connection, question.id)
    rows = _rows(site, connection, certificate, tip, question.number("before", 0, 1, _LAST_NUMBER))
    return certificate_facts(rows, site.root_facts(), site.network, site.as_of(tip))


def _rows(
    site: Site, connection: Connection, certificate: Certificate, tip: BlockRow, before: int
) -> CertificateRows:
    tables = RecordTables(connection)
    permit = get_permit(tables, certificate.permit_id)
    if permit is None:
        raise not_found(
            say("The permit of this certificate is not known here."),
            say("The index is incomplete: rebuild it."),
        )
    batch = get_batch(tables, certificate.batch) if certificate.batch else None
    roles = anchor_roles(site.anchor()) | certificate_roles(certificate, permit)
    subject = tables.find_subject(certificate.id)
    life, earlier = load_life(connection, subject, before or None, roles)
    publication = site.documents.find(connection, certificate, batch)
    return CertificateRows(
        certificate=certificate,
        permit=permit,
        permit_line=permit_line(permit, tip),
        status=certificate_status(tables, certificate, tip.height, tip.median_time_past),
        tip=tip,
        issue_block=reader.hash_at(connection, certificate.issued.height) or b"",
        batch=batch,
        revocation=revocation_of(tables, certificate),
        is_key_reused=is_key_reused(tables, certificate),
        definition=site.definition_of(permit),
        grant=load_grant(connection, permit, roles),
        events=tuple(certificate_event(each, certificate, site.network) for each in life),
        earlier=earlier,
        document=publication.document,
        is_published=publication.has_pieces,
        spender=_spender(site, certificate),
    )


def _spender(site: Site, certificate: Certificate) -> Txid | None:
    """Find the unconfirmed transaction that spends a certificate."""
    at = certificate.location
    spend = site.pool().spends.get(at) if at is not None else None
    return None if spend is None else spend.txid


def load_document(site: Site, connection: Connection, question: Question) -> bytes:
    """Load the document of a certificate, where its issuer put it on the chain."""
    site.check_anchor(connection)
    certificate = named_certificate(site, connection, question.id)
    batch = holdings.batch(connection, certificate.batch) if certificate.batch else None
    document = published_document(connection, with_document(certificate, batch))
    if document is None:
        raise not_found(
            say("The document of this certificate is not known here."),
            say(
                "It is not on the chain, or not whole. Its owner or issuer has it; whether it is"
                " the right one, its hash says."
            ),
        )
    return document


def named_certificate(site: Site, connection: Connection, text: str) -> Certificate:
    """Find the certificate that a text names; raises PageError where it names none."""
    reading = read_search(text, site.network)
    certificate = find_certificate(connection, reading)
    if certificate is None:
        if reading.problem and is_certificate_id(text):
            raise bad_request(
                problem_words(text, reading, site.network),
                say("Copy the whole id again from where you have it."),
            )
        check_not_pending(site, connection, reading)
        raise not_found(
            say("This certificate is not known here."),
            say(
                "It is named by the output that issued it (txid:number) or by its id (ccert1…)."
                " If it was issued a moment ago, its transaction may not be in a block yet."
            ),
        )
    return certificate


def find_certificate(connection: Connection, reading: Reading) -> Certificate | None:
    """Find the certificate that a text names, by its issuing outpoint or its id."""
    if reading.outpoint is not None:
        return holdings.certificate(connection, reading.outpoint)
    if reading.identity is not None:
        return holdings.certificate_of_identity(connection, reading.identity)
    return None


def certificate_lines(
    site: Site, connection: Connection, rows: Sequence[Certificate], tip: BlockRow | None
) -> tuple[CertificateLine, ...]:
    """Build the lines of a list of certificates, each with its status at the tip."""
    if tip is None:
        return ()
    permits = holdings.permits_of(connection, (row.permit_id for row in rows))
    view = RecordTables(connection)
    return tuple(
        certificate_line(
            row,
            permits[row.permit_id],
            certificate_status(view, row, tip.height, tip.median_time_past),
            site.network,
        )
        for row in rows
        if row.permit_id in permits
    )
