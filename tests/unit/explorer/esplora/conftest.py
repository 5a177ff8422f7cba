"""Ask a web server's `/api`, and put transactions into the pool that it shows."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from ccxx_core.transaction import Transaction, TxOutput
from ccxx_explorer.indexer import NodeState
from ccxx_explorer.pending import PendingTransaction, PoolSnapshot, take_snapshot
from ccxx_explorer.serving.settings import SERVING_DEFAULTS
from ccxx_explorer.site import Site
from ccxx_explorer.web import create_app

SINCE = 1_700_000_000
EMPTY = PoolSnapshot(is_stale=False)


@asynccontextmanager
async def asking(site: Site) -> AsyncIterator[Any]:
    """Serve a site and give a function that asks its API."""
    app = create_app(site, replace(SERVING_DEFAULTS, rate=0))
    async with TestClient(TestServer(app)) as client:

        async def get(path: str, status: int = 200) -> Any:
            reply = await client.get(f"/api{path}")
            body = await reply.read()
            assert reply.status == status, body
            if reply.content_type == "application/json":
                return await reply.json()
            if reply.content_type == "application/octet-stream":
                return body
            assert reply.content_type == "text/plain"
            return body.decode()

        yield get


@pytest.fixture
async def get(story: Any) -> AsyncIterator[Any]:
    """Return a function that asks the story's API, beside a node whose pool is empty."""
    async with asking(_site(story.chain, EMPTY)) as ask:
        yield ask


@pytest.fixture
def serve() -> Any:
    """Return a function that serves an index with a pool beside it."""

    def serving(chain: Any, pool: PoolSnapshot | None = None) -> Any:
        return asking(_site(chain, pool or EMPTY))

    return serving


def _site(chain: Any, pool: PoolSnapshot) -> Site:
    state = NodeState(online=not pool.is_stale, since=SINCE)
    return Site(chain.database, lambda: state, pool=lambda: pool)


@pytest.fixture
def pool_of() -> Any:
    """Return a function that puts transactions, whose coins are known, into a pool."""

    def take(chain: Any, transactions: Sequence[Transaction], first_seen: int = SINCE) -> Any:
        coins = {
            (tx.txid, vout): output
            for tx in [
                *(tx for new in chain.blocks for tx in new.block.transactions),
                *transactions,
            ]
            for vout, output in enumerate(tx.outputs)
        }
        known = {tx.txid: _waiting(tx, coins, first_seen) for tx in transactions}
        size = sum(tx.vsize for tx in transactions)
        return take_snapshot(known, 1, len(known), size)

    return take


def _waiting(tx: Transaction, coins: dict[Any, TxOutput], first_seen: int) -> PendingTransaction:
    prevouts = {each.prevout: coins[each.prevout.txid, each.prevout.vout] for each in tx.inputs}
    fee = sum(coin.value for coin in prevouts.values()) - sum(output.value for output in tx.outputs)
    return PendingTransaction(tx, fee, tx.vsize, first_seen, prevouts)
