"""The node's pool is read once, and again only as far as it changed."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ccxx_core.network import REGTEST
from ccxx_node.client.rpc import NodeClient, connect
from ccxx_wallet.pending import MOST_POOL_TRANSACTIONS, Pool

Town = Any


class CountingClient(NodeClient):
    """A client that remembers how many transactions were asked for."""

    asked = 0

    def batch(self, calls: Any) -> list[Any]:
        """Count, then ask."""
        found = list(calls)
        self.asked += len(found)
        return super().batch(found)


@pytest.fixture
def client(town: Town) -> Iterator[CountingClient]:
    """A client of the town's node."""
    made = connect(town.environment["CCXX_NODE"], REGTEST, Path(town.environment["CCXX_DATADIR"]))
    made.__class__ = CountingClient
    assert isinstance(made, CountingClient)
    yield made
    made.close()


def pay(town: Town) -> str:
    return str(town.root.do("pay", town.root.do("address")["address"], "0.01")["txid"])


def test_what_was_read_is_not_asked_for_again(town: Town, client: CountingClient) -> None:
    town.mine()
    pool = Pool(client)
    paid = [pay(town)]

    before = [tx.txid[::-1].hex() for tx in pool.read()]
    pool.read()
    first = client.asked
    paid.append(pay(town))
    after = [tx.txid[::-1].hex() for tx in pool.read()]

    assert (before, first) == (paid[:1], 1)
    assert (sorted(after), client.asked) == (sorted(paid), 2)


def test_what_was_mined_is_no_longer_in_it(town: Town, client: CountingClient) -> None:
    pool = Pool(client)
    pay(town)
    assert pool.read()

    town.mine()

    assert pool.read() == []


def test_a_pool_too_large_to_be_read_is_said_once(town: Town) -> None:
    def crowd(body: bytes, ask: Callable[[], bytes]) -> bytes | None:
        if b'"getrawmempool"' not in body:
            return ask()
        txids = [f"{number:064x}" for number in range(MOST_POOL_TRANSACTIONS + 1)]
        return json.dumps({"id": 0, "result": txids, "error": None}).encode()

    with town.line(crowd) as node:
        done = town.root.run("status", CCXX_NODE=node)

    assert done.code == 0, done.error
    assert done.error.count("WARNING: the node's pool holds more than") == 1
