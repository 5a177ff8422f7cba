"""The page of a certificate, and its line in lists."""

from __future__ import annotations

from ccxx_cert.identity import certificate_id, format_outpoint
from ccxx_cert.state import Certificate, Permit
from ccxx_cert.status import Status
from ccxx_core.address import encode_address
from ccxx_core.hashes import format_hash
from ccxx_core.network import Network
from ccxx_explorer.facts import (
    AnchorFacts,
    AsOf,
    BatchFacts,
    CertificateFacts,
    CertificateLine,
)
from ccxx_explorer.views.checks import (
    CertificateRows,
    certificate_checks,
    depth_of,
    toned,
)
from ccxx_explorer.views.commands import certificate_commands
from ccxx_explorer.views.definition import definition_facts
from ccxx_explorer.views.expiry import expiry_facts
from ccxx_explorer.views.life import life_steps
from ccxx_explorer.views.revocation import revocation_facts
from ccxx_explorer.views.standing import certificate_verdict, dated, tone_of_status
from ccxx_explorer.wording import printable


def certificate_line(
    certificate: Certificate, permit: Permit, status: Status, network: Network
) -> CertificateLine:
    """Build one line of a list of certificates."""
    return CertificateLine(
        id=format_outpoint(certificate.id),
        certificate_id=certificate_id(certificate.id),
        permit_id=format_outpoint(certificate.permit_id),
        code=printable(permit.message.code),
        title=printable(permit.message.title),
        serial=certificate.serial,
        summary=printable(certificate.text),
        status=status,
        tone=tone_of_status(status),
        height=certificate.issued.height,
        time=certificate.issued.time,
        address=encode_address(certificate.script_pubkey, network),
    )


def certificate_facts(
    rows: CertificateRows, root: AnchorFacts, network: Network, as_of: AsOf
) -> CertificateFacts:
    """Build the page of a certificate."""
    certificate, permit = rows.certificate, rows.permit
    holding = certificate.holding
    verdict = certificate_verdict(certificate, rows.status, rows.revocation, depth_of(rows))
    return CertificateFacts(
        id=format_outpoint(certificate.id),
        as_of=as_of,
        certificate_id=certificate_id(certificate.id),
        verdict=dated(verdict, as_of),
        status=rows.status,
        checks=tuple(toned(certificate_checks(rows), is_valid=as_of.online)),
        confirmations=depth_of(rows),
        serial=certificate.serial,
        summary=printable(certificate.text),
        document_hash=certificate.doc_hash.hex() if certificate.doc_hash else None,
        document_url=rows.document.url if rows.document else None,
        document=rows.document,
        batch=_batch_facts(rows),
        revocation=revocation_facts(rows.revocation),
        expiry=expiry_facts(certificate.expires_time, certificate.expires_height),
        transferable=permit.message.transferable,
        custody=certificate.policy.label,
        holder_key=holding.holder_key.hex() if holding.holder_key else None,
        address=encode_address(certificate.script_pubkey, network),
        pending_txid=format_hash(rows.spender) if rows.spender else None,
        location=format_outpoint(certificate.location) if certificate.location else None,
        issued_txid=format_hash(certificate.id.txid),
        issued_height=certificate.issued.height,
        issued_time=certificate.issued.time,
        permit=rows.permit_line,
        definition=definition_facts(rows.definition),
        issuer_key=certificate.issuer_key.hex() or None,
        root=root,
        life=life_steps(rows),
        grant=rows.grant,
        history=rows.events,
        before=rows.earlier,
        commands=certificate_commands(rows, network),
    )


def _batch_facts(rows: CertificateRows) -> BatchFacts | None:
    if rows.batch is None or rows.certificate.leaf is None:
        return None
    message = rows.batch.message
    return BatchFacts(
        txid=format_hash(rows.batch.txid),
        merkle_root=message.merkle_root.hex(),
        leaf=rows.certificate.leaf,
        count=message.count,
        text=printable(message.text),
    )
