"""The node as its peers' logic sees it: provides `ccxx_node.p2p.peers.door.Door`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

from ccxx_core.block import Block, BlockHeader
from ccxx_core.transaction import Transaction
from ccxx_node.chainstate.block_entry import BlockEntry
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.consensus.params import ConsensusParams
from ccxx_node.mempool.accept import Acceptor, Terms
from ccxx_node.mempool.entry import Entry
from ccxx_node.mempool.next_block import BlockAfter


class Owner(Protocol):
    """All that the door asks of the node behind it."""

    params: ConsensusParams
    chain: Chainstate
    acceptor: Acceptor
    is_importing: bool

    def now(self) -> int:
        """Return unix time, or the time set for tests."""

    def is_initial_download(self) -> bool:
        """Whether the chain is still far from today."""

    def next_block(self) -> BlockAfter:
        """Return what holds for the block after the tip."""

    def submit_block(self, block: Block) -> None:
        """Add a block to the chain; raises `ConsensusError` if it is refused."""


class PeerDoor:
    """Lets peers' headers, blocks and transactions into a node whose chain is open."""

    def __init__(self, node: Owner) -> None:
        self._node = node
        self.params = node.params
        self.chain = node.chain
        self.acceptor = node.acceptor

    def now(self) -> int:
        """Return unix time, or the time set for tests."""
        return self._node.now()

    def monotonic(self) -> float:
        """Return seconds of a clock that only runs forward and no test sets."""
        return time.monotonic()

    def is_initial_download(self) -> bool:
        """Whether the chain is still far from today; once over it stays over."""
        return self._node.is_initial_download()

    def is_importing(self) -> bool:
        """Whether blocks are read from files."""
        return self._node.is_importing

    def submit_headers(self, headers: Sequence[BlockHeader]) -> list[BlockEntry]:
        """Add headers, parents before children; raises `ConsensusError` for the first refused."""
        return self.chain.accept_headers(headers, self.now())

    def submit_block(self, block: Block) -> None:
        """Add a block to the chain; raises `ConsensusError` if it is refused."""
        self._node.submit_block(block)

    def submit_transaction(self, tx: Transaction) -> Entry:
        """Put a transaction into the pool; raises `ConsensusError` or `PolicyError`."""
        return self.acceptor.accept(tx, self._node.next_block(), Terms(self.now()))
