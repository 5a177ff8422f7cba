"""What the frame of every page says to those who only see a preview, or read another language."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from ccxx_cert.identity import format_outpoint
from ccxx_explorer.navigation import main_ways, more_ways
from ccxx_explorer.serving.settings import Serving
from ccxx_explorer.web import create_app


@pytest.fixture
async def client(story: Any) -> AsyncIterator[Any]:
    """Ask the story's explorer."""
    async with TestClient(TestServer(create_app(story.site()))) as asked:
        yield asked


async def read(client: Any, path: str, **headers: str) -> str:
    """Read a page."""
    answer = await client.get(
        path, headers={key.replace("_", "-"): text for key, text in headers.items()}
    )
    assert answer.status == 200
    return str(await answer.text())


async def test_all_ways_lead_somewhere(client: Any) -> None:
    for way in (*main_ways(), *more_ways()):
        assert (await client.get(way.path)).status == 200, way.path


async def test_preview_of_a_certificate_says_as_of_when(client: Any, story: Any) -> None:
    page = await read(client, f"/certificate/{format_outpoint(story.first_of_batch)}")

    assert '<meta property="og:title" content="MSc Digital Currency, no. 100">' in page
    assert '<meta property="og:description" content="As of block 19: ' in page
    assert '<meta property="og:image" content="http://127.0.0.1:' in page


async def test_preview_uses_the_name_of_the_site(story: Any) -> None:
    app = create_app(story.site(), Serving(origin="https://explorer.example"))
    async with TestClient(TestServer(app)) as client:
        page = await read(client, "/blocks?lang=de&below=9")

    assert '<link rel="canonical" href="https://explorer.example/blocks?below=9">' in page
    assert 'hreflang="fa" href="https://explorer.example/blocks?below=9&amp;lang=fa">' in page


async def test_host_that_is_none_is_not_repeated(client: Any) -> None:
    page = await read(client, "/blocks", Host='evil"><script>')

    assert "evil" not in page
    assert '<link rel="canonical" href="/blocks">' in page


async def test_language_that_is_asked_for_is_remembered(client: Any) -> None:
    asked = await read(client, "/blocks?lang=fa", Accept_Language="de")
    later = await read(client, "/permits", Accept_Language="de")
    answer = await client.get("/blocks?lang=fa")

    assert '<html lang="fa" dir="rtl">' in asked
    assert '<html lang="fa" dir="rtl">' in later
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    assert "SameSite=Lax" in answer.headers["Set-Cookie"]


async def test_programs_are_answered_in_english_unless_they_ask(client: Any) -> None:
    plain = await client.get("/nothing.json", headers={"Accept-Language": "de"})
    asked = await client.get("/nothing.json?lang=de")

    assert plain.headers["Content-Language"] == "en"
    assert asked.headers["Content-Language"] == "de"
    assert "Set-Cookie" not in asked.headers
