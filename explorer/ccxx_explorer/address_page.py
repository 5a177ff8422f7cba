"""Load the page of an address; an old address of a certificate leads to it still."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from ccxx_cert.state import CreditKind
from ccxx_core.address import decode_address, encode_address
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import sha256
from ccxx_core.script import solve_script
from ccxx_explorer.certificate_pages import certificate_lines
from ccxx_explorer.database import holdings, reader
from ccxx_explorer.database.rows import TransactionRow
from ccxx_explorer.facts import AddressFacts, TransactionLine
from ccxx_explorer.problems import bad_request
from ccxx_explorer.question import LIST_LENGTH, Question
from ccxx_explorer.site import Site
from ccxx_explorer.views.block import transaction_line
from ccxx_explorer.views.permit import permit_line

_LAST_NUMBER = 1 << 53


def load_address(site: Site, connection: Connection, question: Question) -> AddressFacts:
    """Load one address; an old address of a certificate leads to it still."""
    try:
        script = decode_address(question.id, site.network)
    except DecodeError as error:
        raise bad_request("This is not an address of this network.", f"{error}.") from error
    tip, script_hash = site.tip(connection), sha256(script)
    below = question.number("below", 0, 1, _LAST_NUMBER) or None
    summary = reader.summary_of_script(connection, script_hash)
    rows = reader.history_of_script(connection, script_hash, below, LIST_LENGTH)
    certificates = holdings.certificates_at(connection, script_hash, LIST_LENGTH)
    permits = holdings.permits_at(connection, script_hash, LIST_LENGTH)
    return AddressFacts(
        address=encode_address(script, site.network) or question.id,
        as_of=site.as_of(tip),
        kind=solve_script(script).kind.value,
        script_pubkey=script.hex(),
        script_hash=script_hash.hex(),
        roles=_address_roles(site, connection, script, script_hash),
        received=summary.received,
        unspent=summary.unspent,
        transaction_count=summary.transaction_count,
        certificates=certificate_lines(site, connection, certificates, tip),
        certificate_count=holdings.count_certificates_at(connection, script_hash),
        permits=tuple(permit_line(permit, tip) for permit in permits),
        transactions=_transaction_lines(connection, rows),
        below=rows[-1].number if len(rows) == LIST_LENGTH else None,
    )


def _address_roles(
    site: Site, connection: Connection, script: bytes, script_hash: bytes
) -> tuple[str, ...]:
    words = {
        CreditKind.ROOT: "root credit",
        CreditKind.PERMIT: "permit",
        CreditKind.CERTIFICATE: "certificate",
    }
    kinds = holdings.roles_at(connection, script_hash)
    anchor = site.database.anchor
    if anchor is not None and anchor.root_script == script:
        kinds.add(CreditKind.ROOT)
    return tuple(words[kind] for kind in CreditKind if kind in kinds)


def _transaction_lines(
    connection: Connection, rows: Sequence[TransactionRow]
) -> tuple[TransactionLine, ...]:
    verdicts = reader.verdicts_of(connection, (row.number for row in rows))
    times = reader.times_of(connection, (row.height for row in rows))
    return tuple(transaction_line(row, times[row.height], verdicts.get(row.number)) for row in rows)
