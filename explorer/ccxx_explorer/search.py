"""Find the page that a search text leads to."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from ccxx_cert.identity import format_outpoint
from ccxx_cert.state import CreditKind
from ccxx_core.address import encode_address
from ccxx_core.hashes import Txid, format_hash
from ccxx_core.transaction import OutPoint
from ccxx_explorer.certificate_pages import find_certificate
from ccxx_explorer.database import holdings, reader
from ccxx_explorer.facts import SearchResult
from ccxx_explorer.problems import bad_request, not_found
from ccxx_explorer.site import Site
from ccxx_explorer.views.search import Reading, read_search

_SPELLINGS = (
    "Certificates are found by their id (ccert1…), issuing output (txid:number) or document hash"
    " (64 hex digits), transactions and blocks by 64 hex digits, blocks also by height, and"
    " everything by address. The document hash of a PDF is the SHA-256 of the file; that of a JSON"
    " document is of its canonical form (RFC 8785), not of the file as it stands. The document hash"
    " of a certificate of a batch is not on the chain."
)


def search(site: Site, connection: Connection, text: str) -> SearchResult:
    """Find the page that a search text leads to; raises a page error where there is none."""
    reading = read_search(text, site.network)
    for kind, url in _candidates(site, connection, reading):
        return SearchResult(text, kind, url)
    if reading.problem:
        raise bad_request("This is no id, height, hash or address.", _SPELLINGS)
    raise not_found("What you search for is not known here.", _SPELLINGS)


def _candidates(site: Site, connection: Connection, reading: Reading) -> Iterable[tuple[str, str]]:
    if reading.height is not None and reader.hash_at(connection, reading.height):
        yield "block", f"/block/{reading.height}"
    if (certificate := find_certificate(connection, reading)) is not None:
        yield "certificate", f"/certificate/{format_outpoint(certificate.id)}"
    if reading.outpoint is not None:
        yield from _outpoint_candidates(connection, reading.outpoint)
    if reading.hash is not None:
        text = format_hash(reading.hash)
        if reader.transaction_of_id(connection, reading.hash) is not None:
            yield "transaction", f"/tx/{text}"
        if reader.block_of_hash(connection, reading.hash) is not None:
            yield "block", f"/block/{text}"
        yield from _document_candidates(connection, reading.hash[::-1])
        if site.pending_transaction(Txid(reading.hash)) is not None:
            yield "transaction", f"/tx/{text}"
    if reading.script is not None:
        yield "address", f"/address/{encode_address(reading.script, site.network)}"


def _document_candidates(connection: Connection, digest: bytes) -> Iterable[tuple[str, str]]:
    found = holdings.certificates_of_document(connection, digest, 0, 2)
    if len(found) == 1:
        yield "certificate", f"/certificate/{format_outpoint(found[0].id)}"
    elif found:
        yield "certificates", f"/certificates?document={digest.hex()}"


def _outpoint_candidates(connection: Connection, outpoint: OutPoint) -> Iterable[tuple[str, str]]:
    if holdings.permit(connection, outpoint) is not None:
        yield "permit", f"/permit/{format_outpoint(outpoint)}"
    credit = holdings.credits_at(connection, [outpoint]).get(outpoint)
    if credit is not None and credit.kind is CreditKind.CERTIFICATE and credit.owner:
        yield "certificate", f"/certificate/{format_outpoint(credit.owner)}"
    if reader.transaction_of_id(connection, outpoint.txid) is not None:
        yield "transaction", f"/tx/{format_hash(outpoint.txid)}"
