"""A web server over a story, asked as programs and people ask it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from ccxx_explorer.web import create_app


@pytest.fixture
async def client(story: Any) -> AsyncIterator[Any]:
    """A client of the web server of the story."""
    async with TestClient(TestServer(create_app(story.site()))) as opened:
        yield opened


@pytest.fixture
def facts(client: Any) -> Any:
    """Return a function that reads the JSON behind a path."""

    async def read(path: str, status: int = 200, **query: Any) -> Any:
        reply = await client.get(path, params={name: str(value) for name, value in query.items()})
        assert reply.status == status, await reply.text()
        return await reply.json()

    return read


@pytest.fixture
def page(client: Any) -> Any:
    """Return a function that reads a page."""

    async def read(path: str, status: int = 200) -> str:
        reply = await client.get(path, allow_redirects=False)
        text: str = await reply.text()
        assert reply.status == status, text
        return text

    return read
