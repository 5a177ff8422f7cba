"""Find the page that a search text leads to, or all pages that it may mean."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from sqlalchemy import Connection

from ccxx_cert.identity import format_outpoint
from ccxx_cert.state import CreditKind
from ccxx_core.address import encode_address
from ccxx_core.hashes import Txid, format_hash
from ccxx_core.transaction import OutPoint
from ccxx_explorer.candidates import (
    address_candidate,
    block_candidate,
    certificate_candidate,
    issuer_candidates,
    pending_candidate,
    permit_candidate,
    transaction_candidate,
)
from ccxx_explorer.database import holdings, reader
from ccxx_explorer.database.completion import certificates_with_serial
from ccxx_explorer.database.words import permits_with
from ccxx_explorer.facts.search import Candidate, SearchResult
from ccxx_explorer.language import say
from ccxx_explorer.pages.certificates import find_certificate
from ccxx_explorer.pages.pool import pending_outpoint
from ccxx_explorer.problems import PageError, bad_request, not_found
from ccxx_explorer.site import Site
from ccxx_explorer.views.search import Reading, problem_words, read_search

_MOST = 50


def search(site: Site, connection: Connection, text: str) -> SearchResult:
    """Find what a search text leads to; raises a page error where there is nothing."""
    reading = read_search(text, site.network)
    exact = next(named_candidates(site, connection, reading), None)
    if exact is not None:
        return SearchResult(text, exact.kind, exact.url, (exact,))
    worded = worded_candidates(site, connection, text, _MOST)
    found = (*serial_candidates(site, connection, reading, _MOST), *worded)
    if not found:
        raise _nothing(site, text, reading)
    if len(found) == 1:
        return SearchResult(text, found[0].kind, found[0].url, found)
    return SearchResult(text, "several", f"/search?q={quote(text)}", found)


def named_candidates(site: Site, connection: Connection, reading: Reading) -> Iterator[Candidate]:
    """Give what a text names by id, height, hash or address, the most telling first."""
    if reading.height is not None and (block := reader.block_at(connection, reading.height)):
        yield block_candidate(block)
    if (certificate := find_certificate(connection, reading)) is not None:
        yield certificate_candidate(site, connection, certificate)
    if reading.outpoint is not None:
        yield from _of_outpoint(site, connection, reading.outpoint)
    if reading.hash is not None:
        yield from _of_hash(site, connection, reading.hash)
    if reading.script is not None:
        yield address_candidate(encode_address(reading.script, site.network) or "")
    if (waiting := pending_outpoint(site, connection, reading)) is not None:
        yield pending_candidate(waiting)


def serial_candidates(
    site: Site, connection: Connection, reading: Reading, limit: int
) -> Iterator[Candidate]:
    """Give the certificates that have a number as their serial."""
    if reading.height is not None:
        for certificate in certificates_with_serial(connection, reading.height, limit):
            yield certificate_candidate(site, connection, certificate)


def worded_candidates(
    site: Site, connection: Connection, text: str, limit: int
) -> Iterator[Candidate]:
    """Give the types and issuers that are called so, each word as the beginning of one."""
    yield from issuer_candidates(site, connection, text, limit)
    for permit in permits_with(connection, text, limit):
        yield permit_candidate(site, permit)


def _of_hash(site: Site, connection: Connection, digest: bytes) -> Iterator[Candidate]:
    if reader.transaction_of_id(connection, digest) is not None:
        yield transaction_candidate(digest)
    if (block := reader.block_of_hash(connection, digest)) is not None:
        yield block_candidate(block)
    yield from _of_document(site, connection, digest[::-1])
    if site.pending_transaction(Txid(digest)) is not None:
        yield transaction_candidate(digest)


def _of_document(site: Site, connection: Connection, digest: bytes) -> Iterator[Candidate]:
    found = holdings.certificates_of_document(connection, digest, 0, 2)
    if len(found) == 1:
        yield certificate_candidate(site, connection, found[0])
    elif found:
        yield Candidate(
            "certificates",
            say("All certificates about one document"),
            digest.hex(),
            f"/certificates?document={digest.hex()}",
        )


def _of_outpoint(site: Site, connection: Connection, outpoint: OutPoint) -> Iterator[Candidate]:
    permit = holdings.permit(connection, outpoint)
    if permit is not None:
        yield permit_candidate(site, permit)
    credit = holdings.credits_at(connection, [outpoint]).get(outpoint)
    if credit is not None and credit.kind is CreditKind.CERTIFICATE and credit.owner:
        certificate = holdings.certificate(connection, credit.owner)
        if certificate is not None:
            yield certificate_candidate(site, connection, certificate)
    if reader.transaction_of_id(connection, outpoint.txid) is not None:
        yield transaction_candidate(outpoint.txid)


def _nothing(site: Site, text: str, reading: Reading) -> PageError:
    spellings = say(
        "Certificates are found by their id (ccert1…), issuing output (txid:number) or document"
        " hash (64 hex digits), transactions and blocks by 64 hex digits, blocks also by height,"
        " types by the words of their title, and everything by address. The document hash of a PDF"
        " is the SHA-256 of the file; that of a JSON document is of its canonical form (RFC 8785),"
        " not of the file as it stands. The document hash of a certificate of a batch is not on"
        " the chain."
    )
    if reading.problem:
        return bad_request(problem_words(text, reading, site.network), spellings)
    if reading.outpoint is not None:
        named = format_outpoint(reading.outpoint)
        return not_found(say("The output %(id)s is not known here.", id=named), spellings)
    if reading.hash is not None:
        named = format_hash(reading.hash)
        return not_found(
            say("No transaction, block or document has the hash %(hash)s.", hash=named), spellings
        )
    if reading.height is not None:
        return not_found(
            say("There is no block %(height)s yet.", height=reading.height),
            say(
                "A serial alone names no certificate: every permit counts its own. Look for the"
                " title of its type, and sort the certificates of that type by serial."
            ),
        )
    return not_found(say("What you search for is not known here."), spellings)
