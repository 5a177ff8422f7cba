"""Load the pages of blocks from the index."""

from __future__ import annotations

from sqlalchemy import Connection

from ccxx_explorer.database import reader, slices
from ccxx_explorer.database.rows import BlockRow
from ccxx_explorer.facts import BlockFacts, BlockList
from ccxx_explorer.language import say
from ccxx_explorer.problems import not_found
from ccxx_explorer.question import LIST_LENGTH, Question
from ccxx_explorer.site import Site
from ccxx_explorer.views.block import (
    TRANSACTIONS_PER_PAGE,
    BlockPageRows,
    block_facts,
    block_line,
)
from ccxx_explorer.views.search import read_search

_LAST_HEIGHT = 2_000_000_000


def load_blocks(site: Site, connection: Connection, question: Question) -> BlockList:
    """Load a list of blocks."""
    below = question.number("below", 0, 1, _LAST_HEIGHT) or None
    tip = site.tip_or_none(connection)
    rows = reader.latest_blocks(connection, below, LIST_LENGTH)
    more = rows[-1].height if rows and rows[-1].height else None
    newer = None
    if rows and tip is not None and rows[0].height < tip.height:
        newer = min(rows[0].height + LIST_LENGTH, tip.height) + 1
    return BlockList(tuple(block_line(row) for row in rows), more, newer)


def load_block(site: Site, connection: Connection, question: Question) -> BlockFacts:
    """Load one block by height or hash."""
    tip = site.tip(connection)
    row = _named_block(site, connection, question, tip)
    pages = -(-row.transaction_count // TRANSACTIONS_PER_PAGE)
    page = question.number("page", 1, 1, pages)
    skipped = (page - 1) * TRANSACTIONS_PER_PAGE
    count = min(TRANSACTIONS_PER_PAGE, row.transaction_count - skipped)
    rows = reader.transactions_between(connection, row.first_transaction + skipped, count)
    judged = slices.judged_between(
        connection, row.first_transaction, row.transaction_count, LIST_LENGTH
    )
    messages = reader.transactions_numbered(connection, judged.numbers)
    numbers = {each.number for each in rows} | set(judged.numbers)
    (coinbase,) = reader.transactions_between(connection, row.first_transaction, 1)
    facts = BlockPageRows(
        block=row,
        tip=tip,
        previous=reader.block_at(connection, row.height - 1),
        next_hash=reader.hash_at(connection, row.height + 1),
        page=page,
        coinbase=coinbase,
        transactions=rows,
        messages=[messages[number] for number in judged.numbers],
        message_count=judged.count,
        verdicts=reader.verdicts_of(connection, numbers),
    )
    return block_facts(facts, site.network)


def _named_block(site: Site, connection: Connection, question: Question, tip: BlockRow) -> BlockRow:
    reading = read_search(question.id, site.network)
    row = None
    if reading.height is not None:
        row = reader.block_at(connection, reading.height)
    elif reading.hash is not None:
        row = reader.block_of_hash(connection, reading.hash)
    if row is None:
        raise not_found(
            say("This block is not known here."),
            say(
                "The best chain has blocks 0 to %(height)s, by height or by hash.",
                height=tip.height,
            ),
        )
    return row
