"""What machines ask any site for: how it is, what may be crawled, its icon."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web
from sqlalchemy import Connection

from ccxx_explorer.answers import Freshness, json_answer, text_answer
from ccxx_explorer.endpoints import Endpoint, Form, Tag, ask
from ccxx_explorer.site import Site
from ccxx_explorer.static_files import send_static

_ROBOTS = """\
User-agent: *
Disallow: /api/
Disallow: /search
Disallow: /*.csv
Disallow: /*.json
"""


@dataclass(frozen=True, slots=True)
class HealthFacts:
    """The index can be read, up to this block, and whether the node answers."""

    height: int
    online: bool


async def _tell_health(request: web.Request) -> web.StreamResponse:
    return json_answer(await ask(request, _health), freshness=Freshness.NEVER)


def _health(site: Site, connection: Connection) -> HealthFacts:
    as_of = site.as_of(site.tip(connection))
    return HealthFacts(as_of.height, as_of.online)


async def _tell_robots(_request: web.Request) -> web.StreamResponse:
    return text_answer(_ROBOTS)


async def _send_icon(_request: web.Request) -> web.StreamResponse:
    return send_static("icon.svg")


ENDPOINTS = (
    Endpoint(
        "GET",
        "/healthz",
        _tell_health,
        "Whether this process can answer: 503 while its index is empty or cannot be read.",
        Tag.SITE,
        answer=HealthFacts,
        cost=0,
    ),
    Endpoint(
        "GET",
        "/robots.txt",
        _tell_robots,
        "What crawlers should leave alone.",
        Tag.SITE,
        media="text/plain",
        form=Form.PAGE,
    ),
    Endpoint(
        "GET",
        "/favicon.ico",
        _send_icon,
        "The icon.",
        Tag.SITE,
        media="image/svg+xml",
        form=Form.PAGE,
    ),
)
