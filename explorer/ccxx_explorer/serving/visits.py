"""Where a visitor is, as pages write their own address."""

from __future__ import annotations

from aiohttp import web

from ccxx_explorer.serving.settings import SERVING
from ccxx_explorer.visit import Visit


def visit_of(request: web.Request, tables: tuple[str, ...] = ()) -> Visit:
    """Tell where a visitor is; the address of this site is as configured, else as it was asked."""
    origin = request.app[SERVING].origin or f"{request.scheme}://{request.host}"
    url = request.rel_url
    return Visit(url.raw_path, url.raw_query_string, origin, tables)
