"""Load the page of an issuer, the list of issuers, and the page of the root."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

from sqlalchemy import Connection

from ccxx_cert.state import Permit, get_root
from ccxx_core.address import encode_address
from ccxx_core.hashes import format_hash, hash160, sha256
from ccxx_core.script import p2wpkh_script
from ccxx_explorer.database import grants, reader
from ccxx_explorer.database.filters import CertificateFilter
from ccxx_explorer.database.grants import GrantSums, IssuerRow
from ccxx_explorer.database.listings import Sorting, list_certificates
from ccxx_explorer.database.records import RecordTables
from ccxx_explorer.database.rows import TransactionRow
from ccxx_explorer.database.standing import Standing
from ccxx_explorer.facts import IssuerFacts, IssuerLine, IssuerList, RootFacts, TransactionLine
from ccxx_explorer.filters import read_cursor, read_key
from ccxx_explorer.language import say
from ccxx_explorer.pages.certificates import certificate_lines
from ccxx_explorer.problems import not_found
from ccxx_explorer.question import LIST_LENGTH, Question
from ccxx_explorer.site import Site
from ccxx_explorer.views.block import transaction_line
from ccxx_explorer.views.issuer import (
    Seen,
    issuer_line,
    root_terms,
    shares_of_credit,
    status_counts,
)
from ccxx_explorer.views.permit import permit_line
from ccxx_explorer.wording import printable

_FEW = 8
_PERMITS = 50
_MESSAGES = 20
# A stranger may pay to the root's address: so many payments are looked through for messages.
_LOOKED_THROUGH = 100
ANCHOR_URL = "/root/anchor.json"


def load_issuers(site: Site, connection: Connection, question: Question) -> IssuerList:
    """Load a list of issuers, the newest first."""
    site.check_anchor(connection)
    tip = site.tip(connection)
    after = read_cursor(question, 1)
    rows = grants.list_issuers(connection, after[0] if after else None, LIST_LENGTH + 1)
    shown = rows[:LIST_LENGTH]
    return IssuerList(
        as_of=site.as_of(tip),
        issuers=_lines(site, connection, shown),
        total=grants.count_issuers(connection),
        after=str(shown[-1].number) if len(rows) > LIST_LENGTH else None,
    )


def load_issuer(site: Site, connection: Connection, question: Question) -> IssuerFacts:
    """Load one issuer by its public key."""
    site.check_anchor(connection)
    tip = site.tip(connection)
    key = read_key(question.id)
    row = grants.issuer_of_key(connection, key) if key else None
    if row is None:
        raise not_found(
            say("This issuer is not known here."),
            say("A key is known as an issuer's from the first certificate that it issued."),
        )
    sums = grants.sums_of_issuers(connection, [row.public_key]).get(row.public_key, GrantSums())
    permits = _permits(connection, row.public_key, _PERMITS)
    wanted = CertificateFilter(issuer_key=row.public_key)
    latest = list_certificates(connection, wanted, Sorting.NEWEST, None, _FEW)
    last = grants.latest_issue(connection, row.number) or row.first_transaction
    seen = _seen(connection, [row.first_transaction, last])
    first, newest = seen[row.first_transaction], seen[last]
    return IssuerFacts(
        as_of=site.as_of(tip),
        key=row.public_key.hex(),
        names=_names(site, permits),
        address=encode_address(p2wpkh_script(hash160(row.public_key)), site.network),
        permit_count=sums.permits,
        issued=sums.issued,
        credit=sums.credit,
        statuses=status_counts(_standings(site, connection, row.number)),
        first_txid=first.txid,
        first_height=first.height,
        first_time=first.time,
        last_txid=newest.txid,
        last_height=newest.height,
        last_time=newest.time,
        permits=tuple(permit_line(permit, tip) for permit in permits),
        certificates=certificate_lines(site, connection, latest.certificates, tip),
    )


def load_root(site: Site, connection: Connection, _question: Question) -> RootFacts:
    """Load the root: the trust anchor, where its credit lies, and whom it granted what."""
    site.check_anchor(connection)
    tip = site.tip(connection)
    credit = site.credit(connection)
    rows = grants.list_issuers(connection, None, LIST_LENGTH)
    return RootFacts(
        as_of=site.as_of(tip),
        anchor=site.root_facts(),
        anchor_url=ANCHOR_URL,
        credit=credit,
        shares=shares_of_credit(credit),
        terms=root_terms(site.anchor(), get_root(RecordTables(connection)), site.network),
        issuers=_lines(site, connection, rows),
        hidden_permits=grants.sum_hidden_grants(connection).permits,
        messages=_root_messages(site, connection),
    )


def _standings(site: Site, connection: Connection, issuer: int) -> Mapping[Standing, int]:
    def count(here: Connection) -> Mapping[Standing, int]:
        return grants.standings_of_issuer(here, issuer)

    # Whoever issued a million is counted once a block, and not for every visitor.
    return site.sum_at_tip(connection, ("standings", issuer), count)


def _lines(site: Site, connection: Connection, rows: Sequence[IssuerRow]) -> tuple[IssuerLine, ...]:
    sums = grants.sums_of_issuers(connection, (row.public_key for row in rows))
    seen = _seen(connection, [row.first_transaction for row in rows])
    return tuple(
        issuer_line(
            row.public_key,
            _names(site, _permits(connection, row.public_key, _FEW)),
            sums.get(row.public_key, GrantSums()),
            seen[row.first_transaction],
        )
        for row in rows
    )


def _permits(connection: Connection, public_key: bytes, limit: int) -> list[Permit]:
    rows = grants.list_permits(connection, public_key, None, None)
    return [row.permit for row in islice(rows, limit)]


def _names(site: Site, permits: Sequence[Permit]) -> tuple[str, ...]:
    """Name an issuer as the type definitions of its permits do, each name once."""
    found = (site.definition_of(permit) for permit in permits)
    return tuple(dict.fromkeys(printable(each.issuer_name) for each in found if each is not None))


def _seen(connection: Connection, numbers: Sequence[int]) -> Mapping[int, Seen]:
    rows = reader.places_numbered(connection, numbers)
    times = reader.times_of(connection, (row.height for row in rows))
    return {row.number: Seen(format_hash(row.txid), row.height, times[row.height]) for row in rows}


def _root_messages(site: Site, connection: Connection) -> tuple[TransactionLine, ...]:
    """Give the newest messages that spend or return root credit, of every root."""
    found: dict[int, TransactionRow] = {}
    for script in {root.script for root in site.anchor().roots}:
        found |= {row.number: row for row in _payments(connection, script)}
    verdicts = reader.verdicts_of(connection, found)
    numbers = sorted(verdicts, reverse=True)[:_MESSAGES]
    times = reader.times_of(connection, (found[number].height for number in numbers))
    return tuple(
        transaction_line(found[number], times[found[number].height], verdicts[number])
        for number in numbers
    )


def _payments(connection: Connection, script: bytes) -> list[TransactionRow]:
    return reader.history_of_script(connection, sha256(script), None, _LOOKED_THROUGH)
