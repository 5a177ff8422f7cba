"""The web server: addresses to questions, facts to HTML or JSON, problems to helpful pages.

Every page has a twin with `.json` at the end of its path that says the same. Pages are read-only,
need no JavaScript and fetch nothing from anywhere else.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from ccxx_cert.document import Media, guess_media
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import sha256
from ccxx_explorer.certificate_pages import load_document
from ccxx_explorer.facts import Problem
from ccxx_explorer.html import render
from ccxx_explorer.pages import PAGES, Page
from ccxx_explorer.problems import PageError
from ccxx_explorer.question import Question
from ccxx_explorer.search import search
from ccxx_explorer.site import Site
from ccxx_explorer.visit import Visit

_LOG = logging.getLogger(__name__)
_STATIC = Path(__file__).parent / "static"
_SITE: web.AppKey[Site] = web.AppKey("site", Site)
_QUERY_LIMIT = 300

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
        " img-src 'self' data:; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
_UNKNOWN_PATH = Problem(
    "no-such-page",
    404,
    "There is no page at this address.",
    "Start from the first page, or search for a certificate, transaction, block or address.",
)
_WRONG_METHOD = Problem(
    "method-not-allowed", 405, "This explorer only answers GET.", "Ask with GET."
)
_BROKEN = Problem(
    "internal-error",
    500,
    "Something went wrong on our side.",
    "It was written to the log of the explorer. Please try again later.",
)
_BUSY = Problem(
    "index-unavailable",
    503,
    "The index cannot be read right now.",
    "It is asked again with every page: please reload in a moment.",
)

_MEDIA: Mapping[Media | None, tuple[str, str]] = {
    Media.CREDENTIAL: (Media.CREDENTIAL, "json"),
    Media.PDF: (Media.PDF, "pdf"),
    Media.X509: (Media.X509, "der"),
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def create_app(site: Site) -> web.Application:
    """Build the application for one index."""
    app = web.Application(middlewares=[_guard], client_max_size=64 * 1024)
    app[_SITE] = site
    for page in PAGES:
        # The JSON twin first: a name in the path may end in anything.
        app.router.add_get(page.json_path, _handler(page, as_json=True))
        app.router.add_get(page.path, _handler(page, as_json=False))
    app.router.add_get("/certificate/{id:[^/]+}/document", _document)
    app.router.add_get("/search", _search)
    app.router.add_get("/search.json", _search)
    app.router.add_static("/static", _STATIC)
    return app


def _handler(page: Page, *, as_json: bool) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        site = request.app[_SITE]
        question = Question(request.match_info.get("id", ""), dict(request.query))
        facts, around = await asyncio.to_thread(_answer, site, page, question)
        if as_json:
            return _json(facts)
        return _html(render(page.template, facts, around, _visit(request)))

    return handle


def _answer(site: Site, page: Page, question: Question) -> tuple[Any, Any]:
    with site.database.read() as connection:
        return page.load(site, connection, question), site.surroundings(connection)


async def _document(request: web.Request) -> web.StreamResponse:
    """Hand out a document that is on the chain: as a file, never as a page of this site."""
    question = Question(request.match_info["id"], {})
    body = await asyncio.to_thread(_load_document, request.app[_SITE], question)
    kind, ending = _MEDIA.get(_media_of(body), ("application/octet-stream", "bin"))
    name = f"document-{sha256(body).hex()[:8]}.{ending}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(body=body, content_type=kind, headers=headers)


def _load_document(site: Site, question: Question) -> bytes:
    with site.database.read() as connection:
        return load_document(site, connection, question)


def _media_of(body: bytes) -> Media | None:
    try:
        return guess_media(body)
    except DecodeError:
        return None


async def _search(request: web.Request) -> web.StreamResponse:
    text = request.query.get("q", "").strip()[:_QUERY_LIMIT]
    site = request.app[_SITE]
    as_json = _wants_json(request)
    result = await asyncio.to_thread(_look_up, site, text)
    if as_json:
        return _json(result)
    return web.Response(status=303, headers={"Location": result.url})


def _look_up(site: Site, text: str) -> Any:
    with site.database.read() as connection:
        return search(site, connection, text)


@web.middleware
async def _guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every failure into a page that helps, and put the same headers on every answer."""
    try:
        response = await handler(request)
    except PageError as error:
        problem = Problem(error.code, error.status, error.message, error.hint)
        response = await _problem(request, problem)
    except web.HTTPNotFound:
        response = await _problem(request, _UNKNOWN_PATH)
    except web.HTTPMethodNotAllowed as error:
        response = await _problem(request, _WRONG_METHOD)
        response.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
    except web.HTTPException as error:
        if error.status < 400:
            raise
        problem = Problem("bad-request", error.status, f"{error.reason}.", "Check the address.")
        response = await _problem(request, problem)
    except SQLAlchemyError:
        _LOG.exception("index not readable path=%s", request.rel_url.raw_path)
        response = await _problem(request, _BUSY)
    except Exception:
        # The visitor gets a sentence, the log gets the traceback.
        _LOG.exception("page failed path=%s", request.rel_url.raw_path)
        response = await _problem(request, _BROKEN)
    response.headers.update(_HEADERS)
    if request.path.endswith(".json"):
        response.headers["Access-Control-Allow-Origin"] = "*"
    return response


async def _problem(request: web.Request, problem: Problem) -> web.StreamResponse:
    if _wants_json(request):
        return _json({"error": problem}, problem.status)
    around = await asyncio.to_thread(request.app[_SITE].surroundings_or_none)
    return _html(render("problem.html", problem, around, _visit(request)), problem.status)


def _visit(request: web.Request) -> Visit:
    return Visit(request.rel_url.raw_path, request.rel_url.raw_query_string)


def _wants_json(request: web.Request) -> bool:
    return request.path.endswith(".json") or (
        "application/json" in request.headers.get("Accept", "")
    )


def _json(facts: Any, status: int = 200) -> web.Response:
    body = orjson.dumps(facts, option=orjson.OPT_INDENT_2)
    return web.Response(body=body, status=status, content_type="application/json")


def _html(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html")
