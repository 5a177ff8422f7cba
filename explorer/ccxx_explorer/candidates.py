"""What a search may lead to, each with the words that tell it apart."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from ccxx_cert.identity import certificate_id, format_outpoint
from ccxx_cert.state import Certificate, Permit
from ccxx_core.hashes import format_hash
from ccxx_core.transaction import OutPoint
from ccxx_explorer.database import holdings
from ccxx_explorer.database.rows import BlockRow
from ccxx_explorer.facts.search import Candidate
from ccxx_explorer.language import say
from ccxx_explorer.site import Site
from ccxx_explorer.wording import format_time, printable


def certificate_candidate(
    site: Site, connection: Connection, certificate: Certificate
) -> Candidate:
    """Lead to a certificate: by its type, serial and printable id."""
    permit = holdings.permit(connection, certificate.permit_id)
    title = _title(site, permit) if permit is not None else certificate_id(certificate.id)
    return Candidate(
        "certificate",
        say("%(title)s, no. %(serial)s", title=title, serial=certificate.serial),
        certificate_id(certificate.id),
        f"/certificate/{format_outpoint(certificate.id)}",
    )


def permit_candidate(site: Site, permit: Permit) -> Candidate:
    """Lead to a permit: by the title of its type, with its code and when it was granted."""
    note = say(
        "permit for %(code)s, granted %(time)s",
        code=printable(permit.message.code),
        time=format_time(permit.granted.time),
    )
    return Candidate("permit", _title(site, permit), note, f"/permit/{format_outpoint(permit.id)}")


def issuer_candidates(
    site: Site, connection: Connection, text: str, limit: int
) -> Iterator[Candidate]:
    """Lead to issuers whose name in a type definition has the words; only to those on the chain."""
    for definition in site.definitions_with(text)[:limit]:
        for permit in holdings.permits_of_issuer(connection, definition.issuer_key, 0, 1):
            if site.definition_of(permit) is not None:
                key = definition.issuer_key.hex()
                yield Candidate("issuer", printable(definition.issuer_name), key, f"/issuer/{key}")


def block_candidate(row: BlockRow) -> Candidate:
    """Lead to a block."""
    title = say("Block %(height)s", height=row.height)
    return Candidate("block", title, format_time(row.header.time), f"/block/{row.height}")


def transaction_candidate(txid: bytes) -> Candidate:
    """Lead to a transaction."""
    text = format_hash(txid)
    return Candidate("transaction", say("Transaction"), text, f"/tx/{text}")


def pending_candidate(outpoint: OutPoint) -> Candidate:
    """Lead to what a waiting transaction would make."""
    text = format_outpoint(outpoint)
    return Candidate("pending", say("Not in a block yet"), text, f"/pending/{text}")


def address_candidate(address: str) -> Candidate:
    """Lead to an address."""
    return Candidate("address", say("Address"), address, f"/address/{address}")


def _title(site: Site, permit: Permit) -> str:
    definition = site.definition_of(permit)
    message = permit.message
    return printable(definition.title if definition else message.title or message.code)
