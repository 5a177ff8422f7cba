"""The site's own files: kept in memory, and named by what is in them.

`/static/<version>/NAME` may be kept for ever, since another version has another address; modules
that import each other by `./NAME.js` stay within theirs. `/static/NAME` is asked for each time.
"""

from __future__ import annotations

import mimetypes
from functools import cache
from pathlib import Path

from aiohttp import web

from ccxx_core.hashes import sha256
from ccxx_explorer.answers import Freshness, bytes_answer
from ccxx_explorer.endpoints import FILE, Endpoint, Form, Tag

_FOLDER = Path(__file__).parent / "static"
_MEDIA = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}


@cache
def _files() -> dict[str, bytes]:
    paths = sorted(path for path in _FOLDER.rglob("*") if path.is_file())
    return {path.relative_to(_FOLDER).as_posix(): path.read_bytes() for path in paths}


@cache
def _version() -> str:
    parts = (f"{name}\n".encode() + sha256(body) for name, body in _files().items())
    return sha256(b"".join(parts)).hex()[:12]


def static_url(name: str) -> str:
    """Give the address of one of the site's files; raises KeyError where there is none."""
    if name not in _files():
        raise KeyError(f"there is no file {name} in static/")
    return f"/static/{_version()}/{name}"


def static_body(name: str) -> bytes:
    """Give one of the site's files as it is; raises KeyError where there is none."""
    return _files()[name]


def send_static(name: str, version: str | None = None) -> web.Response:
    """Answer with one of the site's files; raises 404 where there is none."""
    body = _files().get(name)
    if body is None:
        raise web.HTTPNotFound
    # An old page may still ask for its own version: it gets this one, and does not keep it.
    fresh = Freshness.FOREVER if version == _version() else Freshness.NOW
    return bytes_answer(body, _media_of(name), freshness=fresh)


async def _send_file(request: web.Request) -> web.StreamResponse:
    return send_static(request.match_info["name"], request.match_info.get("version"))


def _media_of(name: str) -> str:
    ending = Path(name).suffix
    return _MEDIA.get(ending) or mimetypes.types_map.get(ending, "application/octet-stream")


def _static(path: str) -> Endpoint:
    summary = "A style sheet, script or picture of the pages."
    return Endpoint("GET", path, _send_file, summary, Tag.SITE, media=FILE, form=Form.PAGE, cost=0)


ENDPOINTS = (
    _static("/static/{version:[0-9a-f]{12}}/{name:.+}"),
    _static("/static/{name:.+}"),
)
