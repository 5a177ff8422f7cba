"""A web server over a chain, asked for pages and their JSON."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from ccxx_explorer.indexer import NodeState
from ccxx_explorer.site import Site
from ccxx_explorer.web import create_app

Get = Callable[..., Any]


@pytest.fixture
def serving() -> Callable[[Any], AbstractAsyncContextManager[Get]]:
    """Return a function that serves a chain or story: JSON as values, pages as text."""

    @asynccontextmanager
    async def serve(shown: Any) -> AsyncIterator[Get]:
        state = NodeState(online=True, since=1_700_000_000)
        app = create_app(Site(shown.database, lambda: state))
        async with TestClient(TestServer(app)) as client:

            async def get(path: str, status: int = 200) -> Any:
                reply = await client.get(path)
                assert reply.status == status, await reply.text()
                is_json = reply.content_type == "application/json"
                return await (reply.json() if is_json else reply.text())

            yield get

    return serve
