"""The headers of every answer: what a page may do, and who may read an answer from elsewhere."""

from __future__ import annotations

from aiohttp import web

from ccxx_explorer.answers import Freshness
from ccxx_explorer.endpoints import Form
from ccxx_explorer.serving.failures import form_of
from ccxx_explorer.serving.table import TABLE, endpoint_of
from ccxx_explorer.serving.tongues import spoken_to

_EVERY_ANSWER = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
        " img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": Freshness.NOW.value,
}
_VARY_FOR_PEOPLE = "Accept, Accept-Encoding, Accept-Language, Cookie"
_VARY_FOR_PROGRAMS = "Accept, Accept-Encoding"
# Nothing here knows who asks, so any site may read what programs are answered.
_OPEN_ANSWER = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": (
        "Allow, Content-Disposition, Content-Language, ETag, Link, Retry-After"
    ),
}
_PREFLIGHT = {
    "Access-Control-Allow-Headers": "Accept, Accept-Language, Content-Type, If-None-Match",
    "Access-Control-Max-Age": "86400",
}


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Put the same headers on every answer, just before it is sent; what it has itself stays."""
    for name, value in _EVERY_ANSWER.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Language", spoken_to(request).code)
    endpoint = endpoint_of(request)
    if form_of(request) is Form.PAGE if endpoint is None else endpoint.is_page:
        response.headers["Vary"] = _VARY_FOR_PEOPLE
        return
    response.headers["Vary"] = _VARY_FOR_PROGRAMS
    response.headers.update(_OPEN_ANSWER)
    if request.method == "OPTIONS" and endpoint is not None:
        response.headers.update(_PREFLIGHT)
        methods = request.app[TABLE].methods_of(endpoint)
        response.headers["Access-Control-Allow-Methods"] = methods
