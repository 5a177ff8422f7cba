"""The nodes of the soak: one under test, peers around it, and a reference that sees no trouble."""

import os
import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from ccxx_core.hashes import format_hash
from ccxx_node.client.rpc import NodeClient, NodeError, RpcError
from ccxx_regtest import chain_cache, faucet
from ccxx_regtest.node import RegtestNode

PEERS = 3
_REWARDS = 20
_SUBMITTED_AT_ONCE = 50
# The kept chain is some days old; nodes are to take part at once.
_OPTIONS = ("-maxtipage=1000000000",)


class Nodes:
    """All nodes; the last peer is the rival whose branches replace those of the others."""

    def __init__(
        self, tested: RegtestNode, peers: Sequence[RegtestNode], reference: RegtestNode
    ) -> None:
        self.tested = tested
        self.peers = peers
        self.reference = reference

    @property
    def rival(self) -> RegtestNode:
        """The peer that is cut off now and then and mines a longer branch."""
        return self.peers[-1]

    def connect(self) -> None:
        """Connect every peer with the node under test."""
        for peer in self.peers:
            peer.connect_to(self.tested)

    def tell_reference(self, block_hashes: Sequence[str], source: NodeClient) -> list[Any]:
        """Hand blocks to the reference by RPC, whoever mined them; returns them decoded."""
        blocks = []
        for block_hash in block_hashes:
            raw = source.call("getblock", block_hash, 0)
            self.reference.client.call("submitblock", raw)
            blocks.append(source.block(bytes.fromhex(block_hash)[::-1]))  # type: ignore[arg-type]
        return blocks

    def all(self) -> list[RegtestNode]:
        """Return every node."""
        return [self.tested, *self.peers, self.reference]


@contextmanager
def running_nodes(folder: Path) -> Iterator[Nodes]:
    """Start all nodes on the kept chain; the reference is `CCXX_REFERENCE_NODE` if that is set."""
    named = os.environ.get("CCXX_REFERENCE_NODE")
    with ExitStack() as stack:

        def start(name: str, daemon: Path | None = None) -> RegtestNode:
            datadir = folder / name
            if daemon is None:
                chain_cache.copy_chain(datadir, _say_height)
            node = RegtestNode(datadir, folder / f"{name}.log", _OPTIONS, daemon, listens=True)
            return stack.enter_context(node)

        tested = start("tested")
        peers = [start(f"peer{number}") for number in range(PEERS)]
        reference = start("reference", Path(named) if named else None)
        nodes = Nodes(tested, peers, reference)
        _bring_up(reference.client, tested.client)
        nodes.connect()
        yield nodes


def first_payments(nodes: Nodes, address: str, amount: int) -> list[str]:
    """Pay the wallet from the first rewards; returns the block that has the payments."""
    client = nodes.tested.client
    for reward in range(1, _REWARDS + 1):
        faucet.pay(client, reward, address, amount)
    mined: list[str] = client.call("generatetoaddress", 1, faucet.ADDRESS)
    return mined


def state(node: RegtestNode) -> tuple[str, str]:
    """Return the hash of the tip and that of all unspent outputs."""
    facts = node.client.call("gettxoutsetinfo")
    return facts["bestblock"], facts["hash_serialized_2"]


def is_up(node: RegtestNode) -> bool:
    """Tell whether a node answers."""
    try:
        node.client.block_count()
    except (NodeError, RpcError):
        return False
    return True


def some_miner(nodes: Nodes, rng: random.Random) -> RegtestNode:
    """Choose who mines the next block."""
    return rng.choice([nodes.tested, *nodes.peers[:-1]])


def tip(node: RegtestNode) -> str:
    """Return the hash of the best block."""
    return format_hash(node.client.tip()[1])


def _bring_up(client: NodeClient, source: NodeClient) -> None:
    """Give a chain to a node that may have none."""
    start, height = client.block_count() + 1, source.block_count()
    for first in range(start, height + 1, _SUBMITTED_AT_ONCE):
        heights = range(first, min(first + _SUBMITTED_AT_ONCE, height + 1))
        hashes = source.batch([("getblockhash", [each]) for each in heights])
        raw = source.batch([("getblock", [each, 0]) for each in hashes])
        client.batch([("submitblock", [each]) for each in raw])


def _say_height(height: int) -> None:
    print(f"mining the chain to begin with, height {height}", file=sys.stderr, flush=True)
