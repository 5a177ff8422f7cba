"""Load the first page and the state of the explorer."""

from __future__ import annotations

from sqlalchemy import Connection

from ccxx_core.hashes import format_hash
from ccxx_core.transaction import OutPoint
from ccxx_explorer.candidates import certificate_candidate, permit_candidate
from ccxx_explorer.database import holdings, reader
from ccxx_explorer.database.rows import VerdictRow
from ccxx_explorer.facts import Candidate, EventLine, HomeFacts, StatusFacts
from ccxx_explorer.pages.certificates import certificate_lines
from ccxx_explorer.question import Question
from ccxx_explorer.site import Site
from ccxx_explorer.views.block import block_line
from ccxx_explorer.views.issuer import shares_of_credit
from ccxx_explorer.views.permit import permit_line
from ccxx_explorer.views.verdicts import title_of_verdict, tone_of_verdict, words_of_verdict

_HOME = 8
# Subjects that an event names, and how far they are counted.
_NAMED = 2
_COUNTED = 10_000


def load_home(site: Site, connection: Connection, _question: Question) -> HomeFacts:
    """Load the first page."""
    tip = site.tip_or_none(connection)
    permits = holdings.latest_permits(connection, 0, _HOME)
    certificates = holdings.latest_certificates(connection, None, 0, _HOME)
    status = site.status(connection)
    return HomeFacts(
        status=status,
        as_of=site.as_of(tip) if tip else None,
        shares=shares_of_credit(status.credit) if status.credit else (),
        certificates=certificate_lines(site, connection, certificates, tip),
        permits=tuple(permit_line(permit, tip) for permit in permits if tip),
        events=_events(site, connection),
        blocks=tuple(block_line(row) for row in reader.latest_blocks(connection, None, _HOME)),
    )


def _events(site: Site, connection: Connection) -> tuple[EventLine, ...]:
    verdicts = reader.latest_verdicts(connection, _HOME)
    times = reader.times_of(connection, (row.height for row in verdicts.values()))
    newest = sorted(verdicts.items(), reverse=True)
    return tuple(_event(site, connection, number, row, times[row.height]) for number, row in newest)


def _event(
    site: Site, connection: Connection, number: int, row: VerdictRow, time: int
) -> EventLine:
    subjects = holdings.subjects_of(connection, number, _COUNTED)
    found = [_subject(site, connection, subject) for subject in subjects[: _NAMED + 1]]
    named = [candidate for candidate in found if candidate is not None]
    # An issued certificate tells more than the permit that it came from.
    certificates = [candidate for candidate in named if candidate.kind == "certificate"]
    left_out = len(named) - len(certificates) if certificates else 0
    return EventLine(
        txid=format_hash(row.txid),
        height=row.height,
        time=time,
        operation=row.operation,
        accepted=row.accepted,
        title=title_of_verdict(row),
        words=words_of_verdict(row),
        tone=tone_of_verdict(row),
        subjects=tuple((certificates or named)[:_NAMED]),
        subject_count=len(subjects) - left_out,
    )


def _subject(site: Site, connection: Connection, subject: OutPoint) -> Candidate | None:
    certificate = holdings.certificate(connection, subject)
    if certificate is not None:
        return certificate_candidate(site, connection, certificate)
    permit = holdings.permit(connection, subject)
    return permit_candidate(site, permit) if permit is not None else None


def load_status(site: Site, connection: Connection, _question: Question) -> StatusFacts:
    """Load the state of the explorer."""
    return site.status(connection)
