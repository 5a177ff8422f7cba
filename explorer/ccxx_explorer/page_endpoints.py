"""Pages as endpoints: each one as HTML for people and as JSON for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, get_type_hints

from aiohttp import web
from sqlalchemy import Connection

from ccxx_explorer.answers import (
    HTML,
    JSON,
    SETTLED_DEPTH,
    Freshness,
    bytes_answer,
    json_bytes,
)
from ccxx_explorer.endpoints import SITE, Endpoint, Form, Handle, in_thread
from ccxx_explorer.html import render
from ccxx_explorer.moment import moment_of
from ccxx_explorer.page_table import Page
from ccxx_explorer.question import Question
from ccxx_explorer.serving.remembering import REMEMBERED, Drawn
from ccxx_explorer.serving.tongues import spoken_to
from ccxx_explorer.serving.visits import visit_of
from ccxx_explorer.site import Site
from ccxx_explorer.visit import Visit

Draw = Callable[[Any, Site, Connection, Visit], bytes]


def endpoints_of(page: Page) -> Iterator[Endpoint]:
    """Give a page's two endpoints, the JSON first: a name in the path may end in anything."""
    answer = get_type_hints(page.load)["return"]
    # A permit and its certificates are unknown where there is no trust anchor.
    yield Endpoint(
        "GET",
        page.json_path,
        _json_handler(page),
        page.summary,
        page.tag,
        page.parameters,
        answer=answer,
        statuses=(404,),
    )
    yield Endpoint(
        "GET",
        page.path,
        _page_handler(page),
        page.summary,
        page.tag,
        page.parameters,
        media="text/html",
        form=Form.PAGE,
        statuses=(404,),
    )


def question_of(request: web.Request) -> Question:
    """Read what a visitor asks."""
    return Question(request.match_info.get("id", ""), dict(request.query))


def _json_handler(page: Page) -> Handle:
    return _handler(page, JSON, lambda facts, _site, _connection, _visit: json_bytes(facts))


def _page_handler(page: Page) -> Handle:
    def draw(facts: Any, site: Site, connection: Connection, visit: Visit) -> bytes:
        return render(page.template, facts, site.surroundings(connection), visit).encode()

    return _handler(page, HTML, draw)


def _handler(page: Page, media: str, draw: Draw) -> Handle:
    tables = tuple(table.name for table in page.tables)

    async def handle(request: web.Request) -> web.StreamResponse:
        site, visit, question = request.app[SITE], visit_of(request, tables), question_of(request)
        name = (request.rel_url.raw_path_qs, visit.origin, spoken_to(request).code)

        async def answer() -> Drawn:
            return await in_thread(request, _draw, site, page, question, visit, draw)

        drawn = await request.app[REMEMBERED].get(name, answer)
        return bytes_answer(drawn.body, media, freshness=drawn.freshness)

    return handle


def _draw(site: Site, page: Page, question: Question, visit: Visit, draw: Draw) -> Drawn:
    with site.database.read() as connection:
        before = moment_of(site, connection)
        facts = page.load(site, connection, question)
        body = draw(facts, site, connection, visit)
        # The connection sees one state of the index, but the node and the pool go on.
        moment = before if moment_of(site, connection) == before else None
    return Drawn(body, _freshness(page, facts), moment)


def _freshness(page: Page, facts: Any) -> Freshness:
    settled = page.settles and facts.confirmations >= SETTLED_DEPTH
    return Freshness.SETTLED if settled else Freshness.NOW
