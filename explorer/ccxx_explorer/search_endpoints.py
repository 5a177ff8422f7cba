"""Search: people are led to the page, programs are told where it is."""

from __future__ import annotations

from aiohttp import web

from ccxx_explorer.answers import json_answer
from ccxx_explorer.endpoints import Endpoint, Form, Parameter, Tag, ask
from ccxx_explorer.facts import SearchResult
from ccxx_explorer.search import search

_LONGEST = 300
_TEXT = Parameter(
    "q",
    "A height, hash, document hash, outpoint, certificate id or address, in any spelling.",
    example="0",
    required=True,
)
_SUMMARY = "Where a search text leads."


async def _find(request: web.Request) -> SearchResult:
    return await ask(request, search, request.query.get("q", "").strip()[:_LONGEST])


async def _tell(request: web.Request) -> web.StreamResponse:
    return json_answer(await _find(request))


async def _lead(request: web.Request) -> web.StreamResponse:
    found = await _find(request)
    if "application/json" in request.headers.get("Accept", ""):
        return json_answer(found)
    return web.Response(status=303, headers={"Location": found.url})


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
)
