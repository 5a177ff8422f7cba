"""Load the pages of permits and certificates from the index."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from ccxx_cert.holders import is_key_reused
from ccxx_cert.identity import format_outpoint
from ccxx_cert.state import Certificate
from ccxx_cert.status import certificate_status, revocation_of
from ccxx_core.transaction import OutPoint
from ccxx_explorer.database import holdings, reader
from ccxx_explorer.database.pieces import published_document
from ccxx_explorer.database.records import RecordTables
from ccxx_explorer.database.rows import BlockRow
from ccxx_explorer.facts import (
    CertificateFacts,
    CertificateLine,
    CertificateList,
    PermitFacts,
    PermitList,
)
from ccxx_explorer.problems import bad_request, not_found
from ccxx_explorer.question import LIST_LENGTH, Question
from ccxx_explorer.site import Site
from ccxx_explorer.views.certificate import certificate_facts, certificate_line
from ccxx_explorer.views.checks import CertificateRows
from ccxx_explorer.views.permit import PermitRows, permit_facts, permit_line
from ccxx_explorer.views.search import Reading, read_search

_FEW = 8
_HISTORY = 500


def load_permits(site: Site, connection: Connection, question: Question) -> PermitList:
    """Load a list of permits."""
    site.check_anchor(connection)
    tip = site.tip(connection)
    total = holdings.count_permits(connection)
    page, pages = question.page(total)
    rows = holdings.latest_permits(connection, (page - 1) * LIST_LENGTH, LIST_LENGTH)
    lines = tuple(permit_line(row, tip) for row in rows)
    return PermitList(site.as_of(tip), lines, total, page, pages)


def load_permit(site: Site, connection: Connection, question: Question) -> PermitFacts:
    """Load one permit by its outpoint."""
    site.check_anchor(connection)
    tip = site.tip(connection)
    reading = read_search(question.id, site.network)
    permit = holdings.permit(connection, reading.outpoint) if reading.outpoint else None
    if permit is None:
        raise not_found(
            "This permit is not known here.", "A permit is named by its first output: txid:0."
        )
    certificates = holdings.latest_certificates(connection, permit.id, 0, _FEW)
    verdicts = holdings.history_of(connection, permit.id, _HISTORY)
    times = reader.times_of(connection, (verdict.height for verdict in verdicts))
    lines = certificate_lines(site, connection, certificates, tip)
    rows = PermitRows(permit, tip, site.definition_of(permit), lines, verdicts, times)
    return permit_facts(rows, site.root_facts(), site.network, site.as_of(tip))


def load_certificates(site: Site, connection: Connection, question: Question) -> CertificateList:
    """Load a list of certificates: of all permits, of one, or about one document."""
    site.check_anchor(connection)
    tip = site.tip(connection)
    permit_id, document = _wanted_permit(site, question), _wanted_document(site, question)
    if document is None:
        total = holdings.count_certificates(connection, permit_id)
    else:
        total = holdings.count_certificates_of_document(connection, document)
    page, pages = question.page(total)
    skipped = (page - 1) * LIST_LENGTH
    if document is None:
        rows = holdings.latest_certificates(connection, permit_id, skipped, LIST_LENGTH)
    else:
        rows = holdings.certificates_of_document(connection, document, skipped, LIST_LENGTH)
    return CertificateList(
        as_of=site.as_of(tip),
        certificates=certificate_lines(site, connection, rows, tip),
        total=total,
        page=page,
        pages=pages,
        permit=format_outpoint(permit_id) if permit_id else None,
        document=document.hex() if document else None,
    )


def _wanted_permit(site: Site, question: Question) -> OutPoint | None:
    wanted = question.parameters.get("permit")
    permit_id = read_search(wanted, site.network).outpoint if wanted else None
    if wanted and permit_id is None:
        raise bad_request("permit must be an outpoint.", "It is written txid:0.")
    return permit_id


def _wanted_document(site: Site, question: Question) -> bytes | None:
    wanted = question.parameters.get("document")
    document = read_search(wanted, site.network).document_hash if wanted else None
    if wanted and document is None:
        raise bad_request("document must be a document hash.", "It is written as 64 hex digits.")
    if document is not None and question.parameters.get("permit"):
        raise bad_request("permit and document exclude each other.", "Ask for one of them.")
    return document


def load_certificate(site: Site, connection: Connection, question: Question) -> CertificateFacts:
    """Load one certificate by its issuing outpoint or its printable id."""
    site.check_anchor(connection)
    tip = site.tip(connection)
    certificate = _named_certificate(site, connection, question)
    permit = holdings.permit(connection, certificate.permit_id)
    if permit is None:
        raise not_found(
            "The permit of this certificate is not known here.",
            "The index is incomplete: rebuild it.",
        )
    verdicts = holdings.history_of(connection, certificate.id, _HISTORY)
    tables = RecordTables(connection)
    rows = CertificateRows(
        certificate=certificate,
        permit=permit,
        permit_line=permit_line(permit, tip),
        status=certificate_status(tables, certificate, tip.height, tip.median_time_past),
        revocation=revocation_of(tables, certificate),
        is_key_reused=is_key_reused(tables, certificate),
        tip=tip,
        batch=holdings.batch(connection, certificate.batch) if certificate.batch else None,
        definition=site.definition_of(permit),
        verdicts=verdicts,
        times=reader.times_of(connection, (verdict.height for verdict in verdicts)),
        has_document=published_document(connection, certificate) is not None,
    )
    return certificate_facts(rows, site.root_facts(), site.network, site.as_of(tip))


def load_document(site: Site, connection: Connection, question: Question) -> bytes:
    """Load the document of a certificate, where its issuer put it on the chain."""
    site.check_anchor(connection)
    certificate = _named_certificate(site, connection, question)
    document = published_document(connection, certificate)
    if document is None:
        raise not_found(
            "The document of this certificate is not known here.",
            "It is not on the chain, or not whole. Its owner or issuer has it; whether it is the"
            " right one, its hash says.",
        )
    return document


def _named_certificate(site: Site, connection: Connection, question: Question) -> Certificate:
    certificate = find_certificate(connection, read_search(question.id, site.network))
    if certificate is None:
        raise not_found(
            "This certificate is not known here.",
            "It is named by the output that issued it (txid:number) or by its id (ccert1…)."
            " If it was issued a moment ago, its transaction may not be in a block yet.",
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
