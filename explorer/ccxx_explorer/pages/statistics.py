"""Load the statistics: figures over time, and who issues most."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection

from ccxx_explorer.database import figures, holdings
from ccxx_explorer.database.rows import BlockRow
from ccxx_explorer.facts.statistics import IssuerFigures, StatisticsFacts
from ccxx_explorer.language import say, say_count, say_list
from ccxx_explorer.problems import bad_request
from ccxx_explorer.question import Question
from ccxx_explorer.site import Site
from ccxx_explorer.views.buckets import (
    BUCKETS,
    DAY,
    MOST_BUCKETS,
    boundaries,
    count_at_least,
    fitting_bucket,
)
from ccxx_explorer.views.statistics import bucket_facts, issuer_figures

_DEFAULT_DAYS = 90
_MOST_ISSUERS = 20
# The last instant that a block's 32 bits of time can say.
_LAST_MOMENT = 0xFFFFFFFF


def load_statistics(site: Site, connection: Connection, question: Question) -> StatisticsFacts:
    """Load the figures between two moments, by spans of time."""
    tip = site.tip(connection)
    first = figures.first_height(connection) or 0
    start, end = _range(connection, question, first, tip)
    bucket = _bucket(question, start, end)
    edges = boundaries(start, end, bucket)
    heights = figures.heights_before(connection, edges, first, tip.height)
    anchor = site.database.anchor
    return StatisticsFacts(
        as_of=site.as_of(tip),
        start=edges[0],
        end=edges[-1],
        bucket=bucket,
        buckets=bucket_facts(
            edges,
            heights,
            figures.totals_at(connection, heights),
            figures.median_times(connection, [*heights, min(first + 1, tip.height)]),
            anchor.root_height if anchor else None,
        ),
        issuers=_issuers(site, connection) if anchor else (),
        issuer_count=figures.count_issuers(connection),
    )


def _range(
    connection: Connection, question: Question, first: int, tip: BlockRow
) -> tuple[int, int]:
    """Read from when to when; without an answer the last 90 days that the chain has."""
    end = _moment(question, "to", tip.median_time_past + 1)
    # The first block of a chain may be years older than the second.
    begun = figures.median_times(connection, [min(first + 1, tip.height)])
    oldest = min(begun.values(), default=0)
    start = _moment(question, "from", max(oldest, end - _DEFAULT_DAYS * DAY))
    if start >= end:
        raise bad_request(
            say("from must be before to."), say("They are days (2026-11-20) or unix seconds.")
        )
    return start, end


def _moment(question: Question, name: str, default: int) -> int:
    """Read a moment: a day in UTC, or unix seconds."""
    text = question.parameters.get(name, "")
    if len(text) != len("2026-11-20") or text.isdigit():
        return question.number(name, default, 0, _LAST_MOMENT)
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise bad_request(
            say("%(name)s is no day.", name=name),
            say("They are days (2026-11-20) or unix seconds."),
        ) from error
    return min(max(0, int(day.timestamp())), _LAST_MOMENT)


def _bucket(question: Question, start: int, end: int) -> str:
    bucket = question.parameters.get("bucket") or fitting_bucket(start, end)
    if bucket not in BUCKETS:
        raise bad_request(
            say("bucket is unknown."),
            say("It is one of these: %(words)s.", words=say_list(BUCKETS)),
        )
    if count_at_least(start, end, bucket) > MOST_BUCKETS:
        raise bad_request(
            say("That is too much for one chart."),
            say_count(
                "At most %(count)s span is shown at once: ask for a shorter time or a larger"
                " bucket.",
                "At most %(count)s spans are shown at once: ask for a shorter time or a larger"
                " bucket.",
                MOST_BUCKETS,
            ),
        )
    return bucket


def _issuers(site: Site, connection: Connection) -> tuple[IssuerFigures, ...]:
    rows = holdings.issuer_counts(connection, _MOST_ISSUERS)
    return tuple(issuer_figures(row, _name_of(site, connection, row.issuer_key)) for row in rows)


def _name_of(site: Site, connection: Connection, issuer_key: bytes) -> str | None:
    """Name an issuer as the type definition behind its newest permit does."""
    for permit in holdings.permits_of_issuer(connection, issuer_key, 0, 1):
        definition = site.definition_of(permit)
        return definition.issuer_name if definition is not None else None
    return None
