"""Answers: facts as JSON, text, bytes or a page, and for how long they hold."""

from __future__ import annotations

from enum import Enum
from typing import Any

import orjson
from aiohttp import web

# So deep no chain of the family was ever reorganised.
SETTLED_DEPTH = 100
HTML, JSON = "text/html; charset=utf-8", "application/json"


class Freshness(Enum):
    """For how long an answer holds, as Cache-Control says it; every one has an ETag."""

    # Whoever has it asks each time whether it still holds.
    NOW = "no-cache"
    # What a deep block says does not change; what spent an output later may come a little late.
    SETTLED = "public, max-age=300, stale-while-revalidate=600"
    # The address contains the hash of what it names.
    FOREVER = "public, max-age=31536000, immutable"
    # Live streams, and answers that are for one visitor.
    NEVER = "no-store"


def json_answer(
    facts: Any, status: int = 200, freshness: Freshness = Freshness.NOW
) -> web.Response:
    """Answer with facts, dataclasses or plain values, as JSON."""
    return bytes_answer(json_bytes(facts), JSON, status, freshness)


def json_bytes(facts: Any) -> bytes:
    """Write facts, dataclasses or plain values, as JSON."""
    return orjson.dumps(facts, option=orjson.OPT_INDENT_2)


def bytes_answer(
    body: bytes, media: str, status: int = 200, freshness: Freshness = Freshness.NOW
) -> web.Response:
    """Answer with bytes of a media type, which is sent as it is given."""
    headers = {"Content-Type": media, "Cache-Control": freshness.value}
    return web.Response(body=body, status=status, headers=headers)


def text_answer(text: str, status: int = 200, freshness: Freshness = Freshness.NOW) -> web.Response:
    """Answer with plain text."""
    return bytes_answer(text.encode(), "text/plain; charset=utf-8", status, freshness)


def page_answer(html: str, status: int = 200, freshness: Freshness = Freshness.NOW) -> web.Response:
    """Answer with a page."""
    return bytes_answer(html.encode(), HTML, status, freshness)
