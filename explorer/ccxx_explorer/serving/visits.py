"""Where a visitor is, as pages write their own address."""

from __future__ import annotations

import re

from aiohttp import web

from ccxx_explorer.serving.settings import SERVING
from ccxx_explorer.visit import Visit

_HOST = re.compile(r"(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


def visit_of(request: web.Request, tables: tuple[str, ...] = ()) -> Visit:
    """Tell where a visitor is; the address of this site is as configured, else as it was asked."""
    origin = request.app[SERVING].origin or _origin_of(request)
    url = request.rel_url
    # Two slashes would lead to another site, and `*` or a host is no path at all.
    path = "/" + url.raw_path.lstrip("/*") if url.raw_path[:1] in ("/", "*") else "/"
    return Visit(path, url.raw_query_string, origin, tables)


def _origin_of(request: web.Request) -> str:
    # Pages write it into links: what is no host name is not repeated, and links stay relative.
    return f"{request.scheme}://{request.host}" if _HOST.fullmatch(request.host) else ""
