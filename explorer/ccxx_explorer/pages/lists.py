"""Load the lists of certificates and permits, and the page of a permit."""

from __future__ import annotations

from sqlalchemy import Connection

from ccxx_cert.state import Permit
from ccxx_cert.status import Status, permit_status
from ccxx_explorer.database import holdings
from ccxx_explorer.database.filters import CertificateFilter
from ccxx_explorer.database.grants import list_permits, permit_page
from ccxx_explorer.database.listings import (
    COUNTED,
    Sorting,
    count_listed,
    list_certificates,
    type_codes,
)
from ccxx_explorer.database.records import RecordTables
from ccxx_explorer.facts import CertificateList, PermitFacts, PermitList
from ccxx_explorer.filters import (
    PERMIT_STATUSES,
    filters_of,
    read_choice,
    read_code,
    read_cursor,
    read_key,
    read_wish,
    simple_filters,
    write_cursor,
)
from ccxx_explorer.happenings import load_life, permit_roles
from ccxx_explorer.language import say
from ccxx_explorer.pages.certificates import certificate_lines
from ccxx_explorer.pages.pool import check_not_pending
from ccxx_explorer.problems import not_found
from ccxx_explorer.question import LIST_LENGTH, Question
from ccxx_explorer.site import Site
from ccxx_explorer.views.history import history_event
from ccxx_explorer.views.permit import PermitRows, permit_facts, permit_line
from ccxx_explorer.views.search import read_search
from ccxx_explorer.views.signatures import anchor_roles

_FEW = 8
_CODES = 100
_LAST_NUMBER = 1 << 53


def load_certificates(site: Site, connection: Connection, question: Question) -> CertificateList:
    """Load a list of certificates, filtered and sorted."""
    site.check_anchor(connection)
    tip = site.tip(connection)
    wish = read_wish(question, site.network)
    page = list_certificates(connection, wish.wanted, wish.sorting, wish.after, LIST_LENGTH)
    total = count_listed(connection, wish.wanted)
    is_filtered = wish.wanted != CertificateFilter()
    is_least = is_filtered and total is not None and total > COUNTED
    return CertificateList(
        as_of=site.as_of(tip),
        certificates=certificate_lines(site, connection, page.certificates, tip),
        total=COUNTED if is_least else total,
        total_is_least=is_least,
        sort=wish.sorting,
        filters=filters_of(wish, site.network),
        codes=type_codes(connection, _CODES),
        after=write_cursor(page.after),
    )


def load_permits(site: Site, connection: Connection, question: Question) -> PermitList:
    """Load a list of permits, filtered."""
    site.check_anchor(connection)
    tip = site.tip(connection)
    issuer, code = read_key(question.parameters.get("issuer", "")), read_code(question)
    wanted = read_choice(question, "status", PERMIT_STATUSES)
    status = None if wanted is None else Status(wanted)
    after = read_cursor(question, 1)
    rows = list_permits(connection, issuer, code, after[0] if after else None)

    def is_wanted(permit: Permit) -> bool:
        return status in (None, permit_status(permit, tip.height, tip.median_time_past))

    shown, following = permit_page(rows, is_wanted, LIST_LENGTH)
    filters = tuple(simple_filters(issuer, code, status))
    return PermitList(
        as_of=site.as_of(tip),
        permits=tuple(permit_line(permit, tip) for permit in shown),
        total=None if filters else holdings.count_permits(connection),
        filters=filters,
        after=None if following is None else str(following),
    )


def load_permit(site: Site, connection: Connection, question: Question) -> PermitFacts:
    """Load one permit by its outpoint."""
    site.check_anchor(connection)
    tip = site.tip(connection)
    reading = read_search(question.id, site.network)
    permit = holdings.permit(connection, reading.outpoint) if reading.outpoint else None
    if permit is None:
        check_not_pending(site, connection, reading)
        raise not_found(
            say("This permit is not known here."),
            say("A permit is named by its first output: txid:0."),
        )
    before = question.number("before", 0, 1, _LAST_NUMBER) or None
    wanted = CertificateFilter(permit_id=permit.id)
    latest = list_certificates(connection, wanted, Sorting.NEWEST, None, _FEW)
    roles = anchor_roles(site.anchor()) | permit_roles(permit)
    subject = RecordTables(connection).find_subject(permit.id)
    life, earlier = load_life(connection, subject, before, roles)
    rows = PermitRows(
        permit=permit,
        tip=tip,
        definition=site.definition_of(permit),
        certificates=certificate_lines(site, connection, latest.certificates, tip),
        events=tuple(map(history_event, life)),
        earlier=earlier,
    )
    return permit_facts(rows, site.root_facts(), site.network, site.as_of(tip))
