"""A wallet of the Bitcoin Development Kit, on an explorer whose node got its chain from a peer."""

import json
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ccxx_core.script import p2pkh_script
from ccxx_regtest.processes import Process, free_ports, program

COIN = 100_000_000
HEIGHT = 120
STRANGER = p2pkh_script(bytes(20))
Node = Any
Wallet = Any


@dataclass
class World:
    """A node that mines, and another that hears of it from that one, with an explorer beside."""

    miner: Node
    node: Node
    explorer: Process
    url: str

    def follow(self) -> None:
        """Wait until what the miner has is in the explorer."""
        best, pending = self.miner.tip, sorted(self.miner.client.call("getrawmempool"))
        self.explorer.wait_until(
            lambda: self.read("/blocks/tip/hash") == best and self.pool() == pending
        )

    def read(self, path: str) -> str:
        """Return what `/api` says, nothing while it does not answer."""
        try:
            with urllib.request.urlopen(f"{self.url}/api{path}", timeout=30) as reply:
                return str(reply.read().decode())
        except OSError:
            return ""

    def pool(self) -> list[str]:
        """Return the ids of what the explorer shows as pending."""
        return sorted(json.loads(self.read("/mempool/txids") or "[]"))


@pytest.fixture
def world(start_node: Callable[..., Node], tmp_path: Path) -> Iterator[World]:
    """Two nodes and an explorer that stand where the first one does."""
    miner = start_node()
    miner.grow(HEIGHT)
    node = start_node(f"-connect={miner.peer_address}")
    port = free_ports(1)[0]
    options = (f"--database={tmp_path / 'index.sqlite'}", f"--port={port}")
    command = [program("ccxx-explorer"), "serve", *options]
    explorer = Process("ccxx-explorer", command, tmp_path / "explorer.log", node.settings)
    try:
        world = World(miner, node, explorer, f"http://127.0.0.1:{port}")
        world.follow()
        yield world
    finally:
        explorer.stop()


def test_wallet_receives_sends_and_sees_a_reorganisation(
    world: World, make_wallet: Callable[[str, str], Wallet]
) -> None:
    wallet, miner = make_wallet("EsploraClient", f"{world.url}/api"), world.miner

    received = miner.pay(wallet.script, 2 * COIN)
    world.follow()
    wallet.scan()
    pending = wallet.balances
    miner.grow()
    world.follow()
    wallet.sync()
    confirmed = wallet.balances
    sent = wallet.send(STRANGER, COIN)
    miner.process.wait_until(lambda: bool(miner.client.call("getrawmempool") == [sent]))
    miner.grow()
    world.follow()
    wallet.sync()
    first_block = wallet.block_of(sent)
    miner.take_back(miner.client.block_count(), 4)
    world.follow()
    wallet.sync()

    assert pending == (0, 2 * COIN)
    assert confirmed == (2 * COIN, 0)
    assert 0 < wallet.balances[0] < COIN
    assert first_block is not None
    assert wallet.block_of(received) is not None
    assert wallet.block_of(sent) not in (None, first_block)
    assert wallet.tip == miner.tip == world.node.tip
    assert world.node.coin_facts() == miner.coin_facts()
