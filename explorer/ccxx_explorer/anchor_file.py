"""The trust anchor as a file: what wallets and other explorers are given."""

from __future__ import annotations

from aiohttp import web

from ccxx_explorer.answers import bytes_answer
from ccxx_explorer.endpoints import SITE, Endpoint, Tag
from ccxx_explorer.pages.issuers import ANCHOR_URL


async def _send_anchor(request: web.Request) -> web.StreamResponse:
    answer = bytes_answer(request.app[SITE].anchor().encode(), "application/json")
    answer.headers["Content-Disposition"] = 'attachment; filename="anchor.json"'
    return answer


ENDPOINTS = (
    Endpoint(
        "GET",
        ANCHOR_URL,
        _send_anchor,
        "The trust anchor that certificates are judged by here, as a file for wallets.",
        Tag.CERTIFICATES,
        media="application/json",
        statuses=(404,),
    ),
)
