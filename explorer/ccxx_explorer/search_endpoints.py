"""Search: people are led to the page or choose one, programs are told where it is."""

from __future__ import annotations

from aiohttp import web

from ccxx_explorer.answers import json_answer, page_answer
from ccxx_explorer.endpoints import SITE, Endpoint, Form, Parameter, Tag, ask, in_thread
from ccxx_explorer.facts import SearchResult, Suggestions
from ccxx_explorer.html import render
from ccxx_explorer.search import search
from ccxx_explorer.serving.visits import visit_of
from ccxx_explorer.site import Site
from ccxx_explorer.suggestions import suggest
from ccxx_explorer.visit import Visit

_LONGEST = 300
_TEXT = Parameter(
    "q",
    "A height, hash, document hash, outpoint, certificate id or address, in any spelling, or words"
    " of the title of a type or the name of an issuer.",
    example="0",
    required=True,
)
_BEGINNING = Parameter("q", "What was typed so far.", example="1", required=True)
_SUMMARY = "Where a search text leads."


def _typed(request: web.Request) -> str:
    return request.query.get("q", "").strip()[:_LONGEST]


async def _tell(request: web.Request) -> web.StreamResponse:
    return json_answer(await ask(request, search, _typed(request)))


async def _lead(request: web.Request) -> web.StreamResponse:
    found = await ask(request, search, _typed(request))
    if "application/json" in request.headers.get("Accept", ""):
        return json_answer(found)
    if len(found.candidates) > 1:
        visit = visit_of(request)
        return page_answer(await in_thread(request, _draw, request.app[SITE], found, visit))
    return web.Response(status=303, headers={"Location": found.url})


def _draw(site: Site, found: SearchResult, visit: Visit) -> str:
    return render("search.html", found, site.surroundings_or_none(), visit)


async def _complete(request: web.Request) -> web.StreamResponse:
    return json_answer(await ask(request, suggest, _typed(request)))


ENDPOINTS = (
    Endpoint(
        "GET",
        "/search.json",
        _tell,
        _SUMMARY,
        Tag.CHAIN,
        (_TEXT,),
        answer=SearchResult,
        statuses=(404,),
    ),
    Endpoint(
        "GET",
        "/search",
        _lead,
        _SUMMARY,
        Tag.CHAIN,
        (_TEXT,),
        media="text/html",
        form=Form.PAGE,
        statuses=(303, 404),
    ),
    Endpoint(
        "GET",
        "/suggest.json",
        _complete,
        "Up to eight things that a text may become, for completion while it is typed.",
        Tag.CHAIN,
        (_BEGINNING,),
        answer=Suggestions,
    ),
)
