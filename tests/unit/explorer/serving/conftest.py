"""A web server of the story, asked as browsers and programs ask it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from ccxx_core.address import encode_address
from ccxx_core.network import REGTEST
from ccxx_explorer.indexer import NodeState
from ccxx_explorer.serving.settings import Serving, Subnet
from ccxx_explorer.site import Site
from ccxx_explorer.web import create_app


@pytest.fixture
def serving(story: Any) -> Any:
    """Return a function that serves the story, as it is set there, for a while."""

    @asynccontextmanager
    async def serve(**settings: Any) -> AsyncIterator[Any]:
        app = create_app(story.site(), Serving(**settings))
        async with TestClient(TestServer(app), auto_decompress=False) as client:
            yield client

    return serve


@pytest.fixture
def serve_site() -> Any:
    """Return a function that serves a site without limits for a while."""

    @asynccontextmanager
    async def serve(site: Site) -> AsyncIterator[Any]:
        async with TestClient(TestServer(create_app(site, Serving(rate=0)))) as client:
            yield client

    return serve


@pytest.fixture
def serve_index(serve_site: Any) -> Any:
    """Return a function that serves an index without limits for a while."""
    state = NodeState(online=True, since=1_700_000_000)
    return lambda database: serve_site(Site(database, lambda: state))


@pytest.fixture
def serve_chain(serve_index: Any) -> Any:
    """Return a function that serves a chain without limits for a while."""
    return lambda chain: serve_index(chain.database)


@pytest.fixture
def local() -> tuple[Subnet, ...]:
    """This machine as a proxy: it says for whom it asks."""
    return (ip_network("127.0.0.0/8"),)


@pytest.fixture
async def client(serving: Any) -> AsyncIterator[Any]:
    """A client without limits, which gets bytes as they were sent."""
    async with serving(rate=0) as opened:
        yield opened


@pytest.fixture
def address_of(story: Any) -> Any:
    """Return a function that gives the address of a holder."""
    return lambda name: encode_address(story.chain.learn(name), REGTEST)
