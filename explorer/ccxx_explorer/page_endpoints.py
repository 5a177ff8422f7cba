"""Pages as endpoints: each one as HTML for people and as JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_type_hints

from aiohttp import web

from ccxx_explorer.answers import SETTLED_DEPTH, Freshness, json_answer, page_answer
from ccxx_explorer.endpoints import SITE, Endpoint, Form, Handle, in_thread
from ccxx_explorer.html import render
from ccxx_explorer.pages import Page
from ccxx_explorer.question import Question
from ccxx_explorer.serving.visits import visit_of
from ccxx_explorer.site import Site
from ccxx_explorer.visit import Visit


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
    async def handle(request: web.Request) -> web.StreamResponse:
        facts = await in_thread(request, _load, request.app[SITE], page, question_of(request))
        return json_answer(facts, freshness=_freshness(page, facts))

    return handle


def _page_handler(page: Page) -> Handle:
    async def handle(request: web.Request) -> web.StreamResponse:
        site = request.app[SITE]
        visit = visit_of(request, tuple(table.name for table in page.tables))
        facts, html = await in_thread(request, _draw, site, page, question_of(request), visit)
        return page_answer(html, freshness=_freshness(page, facts))

    return handle


def _load(site: Site, page: Page, question: Question) -> Any:
    with site.database.read() as connection:
        return page.load(site, connection, question)


def _draw(site: Site, page: Page, question: Question, visit: Visit) -> tuple[Any, str]:
    with site.database.read() as connection:
        facts, around = page.load(site, connection, question), site.surroundings(connection)
    return facts, render(page.template, facts, around, visit)


def _freshness(page: Page, facts: Any) -> Freshness:
    settled = page.settles and facts.confirmations >= SETTLED_DEPTH
    return Freshness.SETTLED if settled else Freshness.NOW
