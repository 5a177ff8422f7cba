"""What a visitor has already is not sent again, and text is sent small."""

from __future__ import annotations

import asyncio
import gzip

from aiohttp import web

from ccxx_core.hashes import sha256
from ccxx_explorer.answers import Freshness
from ccxx_explorer.endpoints import Handle
from ccxx_explorer.shelf import Shelf

_TEXT = ("text/", "application/json", "application/vc", "image/svg+xml")
# Less than a packet: nothing is won.
_LEAST = 1_400
# So much takes a millisecond or two: more is pressed in a thread.
_AT_ONCE = 64 * 1024
_LEVEL = 5
_MOST_BYTES = 16 * 1024 * 1024


# Named by their ETag, which is the hash of what they are pressed from.
PRESSED: web.AppKey[Shelf[bytes]] = web.AppKey("pressed", Shelf)


def pressed_shelf() -> Shelf[bytes]:
    """Make the shelf of what was pressed lately."""
    return Shelf(_MOST_BYTES)


@web.middleware
async def keep_small(request: web.Request, handler: Handle) -> web.StreamResponse:
    """Give every whole answer a strong ETag, answer 304 to whoever has it, and gzip text."""
    response = await handler(request)
    if request.method not in ("GET", "HEAD") or not isinstance(response, web.Response):
        return response
    body = response.body
    if response.status != 200 or not isinstance(body, bytes) or _is_never_kept(response):
        return response
    pressed = _takes_gzip(request) and _is_text(response) and len(body) >= _LEAST
    # A strong ETag names these very bytes, so the pressed ones have another.
    tag = sha256(body).hex()[:24] + ("-gzip" if pressed else "")
    response.etag = tag
    if _has(request, tag):
        return _not_modified(response)
    if pressed:
        response.body = await _pressed(request.app[PRESSED], tag, body)
        response.headers["Content-Encoding"] = "gzip"
    return response


def _is_never_kept(response: web.Response) -> bool:
    return response.headers.get("Cache-Control") == Freshness.NEVER.value


def _is_text(response: web.Response) -> bool:
    return response.headers.get("Content-Type", "").startswith(_TEXT)


def _takes_gzip(request: web.Request) -> bool:
    """Read Accept-Encoding as far as it matters here; whoever refuses gzip gets plain bytes."""
    for offer in request.headers.get("Accept-Encoding", "").lower().split(","):
        name, _, weight = offer.partition(";")
        if name.strip() == "gzip":
            return weight.strip().replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _has(request: web.Request, tag: str) -> bool:
    known = request.if_none_match or ()
    return any(each.value in (tag, "*") for each in known)


def _not_modified(response: web.Response) -> web.Response:
    kept = ("Cache-Control", "Content-Language", "ETag", "Set-Cookie")
    headers = {name: response.headers[name] for name in kept if name in response.headers}
    return web.Response(status=304, headers=headers)


async def _pressed(shelf: Shelf[bytes], tag: str, body: bytes) -> bytes:
    small = shelf.get(tag)
    if small is None:
        large = len(body) > _AT_ONCE
        small = await asyncio.to_thread(_press, body) if large else _press(body)
        shelf.put(tag, small, len(small))
    return small


def _press(body: bytes) -> bytes:
    # Without the time the same body gives the same bytes.
    return gzip.compress(body, _LEVEL, mtime=0)
