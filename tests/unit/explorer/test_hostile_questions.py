"""Hostile text on the chain and from visitors is no trouble to either kind of database."""

from dataclasses import replace
from itertools import product
from typing import Any
from urllib.parse import quote

from aiohttp.test_utils import TestClient, TestServer

from ccxx_explorer.pending import PoolSnapshot
from ccxx_explorer.serving.settings import SERVING_DEFAULTS
from ccxx_explorer.web import create_app

UNLIMITED = replace(SERVING_DEFAULTS, rate=0)
TEXTS = (
    "\x00",
    "a\x00b",
    "\ud800".encode("utf-8", "surrogatepass"),
    "\u202e\u0000",
    "';--",
    "%",
    "9" * 30,
    "-1",
    str(1 << 63),
    str(1 << 31),
    "ff" * 32,
    f"{'ff' * 32}:{1 << 40}",
    "é" * 200,
)
NAMES = ("q", "type", "issuer", "status", "holder", "permit", "document", "page", "after", "below")
PATHS = ("certificates", "permits", "blocks", "search", "issuers", "statistics", "suggestions")
THINGS = ("certificate", "permit", "block", "tx", "address", "issuer", "api/tx", "api/address")


async def test_no_question_breaks_the_index(any_story: Any) -> None:
    texts = [quote(text) for text in TEXTS]
    asked = [f"/{path}.json?{name}={text}" for path, name, text in product(PATHS, NAMES, texts)]
    asked += [f"/{thing}/{text}" for thing, text in product(THINGS, texts)]

    # A node with nothing unconfirmed: what is not on the chain is known not to be there.
    site = any_story.site()
    site.pool = lambda: PoolSnapshot(is_stale=False)

    async with TestClient(TestServer(create_app(site, UNLIMITED))) as client:
        answers = {path: (await client.get(path)).status for path in asked}

    assert {path: status for path, status in answers.items() if status >= 500} == {}
    assert 429 not in answers.values()


async def test_hostile_messages_are_indexed_and_shown(any_story: Any) -> None:
    async with TestClient(TestServer(create_app(any_story.site()))) as client:
        reply = await client.get(f"/tx/{any_story.hostile.txid[::-1].hex()}")
        page = await reply.text()

    assert reply.status == 200
    assert "<script>alert" not in page
