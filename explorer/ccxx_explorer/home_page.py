"""Load the first page and the state of the explorer."""

from __future__ import annotations

from sqlalchemy import Connection

from ccxx_explorer.certificate_pages import certificate_lines
from ccxx_explorer.database import holdings, reader
from ccxx_explorer.facts import HomeFacts, StatusFacts
from ccxx_explorer.question import Question
from ccxx_explorer.site import Site
from ccxx_explorer.views.block import block_line, transaction_line
from ccxx_explorer.views.permit import permit_line

_HOME = 8


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
