"""Load the first page and the pages of blocks and addresses from the index."""

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
from ccxx_explorer.facts import (
    AddressFacts,
    BlockFacts,
    BlockList,
    HomeFacts,
    StatusFacts,
    TransactionLine,
)
from ccxx_explorer.problems import bad_request, not_found
from ccxx_explorer.question import LIST_LENGTH, Question
from ccxx_explorer.site import Site
from ccxx_explorer.views.block import (
    TRANSACTIONS_PER_PAGE,
    BlockPageRows,
    block_facts,
    block_line,
    transaction_line,
)
from ccxx_explorer.views.permit import permit_line
from ccxx_explorer.views.search import read_search

_HOME = 8
_LAST_HEIGHT = 2_000_000_000
_LAST_NUMBER = 1 << 53


def load_home(site: Site, connection: Connection, _question: Question) -> HomeFacts:
    """Load the first page."""
    tip = reader.tip(connection)
    verdicts = reader.latest_verdicts(connection, _HOME)
    rows = reader.transactions_numbered(connection, list(verdicts))
    times = reader.times_of(connection, (row.height for row in rows.values()))
    events = tuple(
        transaction_line(rows[number], times[rows[number].height], verdicts[number])
        for number in sorted(rows, reverse=True)
    )
    permits = holdings.latest_permits(connection, 0, _HOME)
    certificates = holdings.latest_certificates(connection, None, 0, _HOME)
    return HomeFacts(
        status=site.status(connection),
        as_of=site.as_of(tip) if tip else None,
        certificates=certificate_lines(site, connection, certificates, tip),
        permits=tuple(permit_line(permit, tip) for permit in permits if tip),
        events=events,
        blocks=tuple(block_line(row) for row in reader.latest_blocks(connection, None, _HOME)),
    )


def load_status(site: Site, connection: Connection, _question: Question) -> StatusFacts:
    """Load the state of the explorer."""
    return site.status(connection)


def load_blocks(_site: Site, connection: Connection, question: Question) -> BlockList:
    """Load a list of blocks."""
    below = question.number("below", 0, 1, _LAST_HEIGHT) or None
    rows = reader.latest_blocks(connection, below, LIST_LENGTH)
    more = rows[-1].height if rows and rows[-1].height else None
    return BlockList(tuple(block_line(row) for row in rows), more)


def load_block(site: Site, connection: Connection, question: Question) -> BlockFacts:
    """Load one block by height or hash."""
    tip = site.tip(connection)
    reading = read_search(question.id, site.network)
    row = None
    if reading.height is not None:
        row = reader.block_at(connection, reading.height)
    elif reading.hash is not None:
        row = reader.block_of_hash(connection, reading.hash)
    if row is None:
        raise not_found(
            "This block is not known here.",
            f"The best chain has blocks 0 to {tip.height}, by height or by hash.",
        )
    pages = -(-row.transaction_count // TRANSACTIONS_PER_PAGE)
    page = question.number("page", 1, 1, pages)
    skipped = (page - 1) * TRANSACTIONS_PER_PAGE
    count = min(TRANSACTIONS_PER_PAGE, row.transaction_count - skipped)
    rows = reader.transactions_between(connection, row.first_transaction + skipped, count)
    verdicts = reader.verdicts_of(connection, (each.number for each in rows))
    next_hash = reader.hash_at(connection, row.height + 1)
    return block_facts(BlockPageRows(row, tip, next_hash, page, rows, verdicts))


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
