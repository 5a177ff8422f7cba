"""Carries changes of the chain to pool, peers and operator, and finishes long ways in turns."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from ccxx_core.hashes import Txid
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.chainstate.errors import ChainError, StorageError
from ccxx_node.events import Event
from ccxx_node.mempool.accept import Acceptor
from ccxx_node.mempool.next_block import BlockAfter
from ccxx_node.mempool.persist import SavedEntry
from ccxx_node.mempool.reorg import PoolFollower

_log = logging.getLogger("ccxx.node")

# After so long others have their turn, and after it the way goes on.
TURN_SECONDS = 0.25
# The part of it that others have: a call takes several rounds of the event loop, not one.
_PAUSE = 0.1
_EVENTS_KEPT = 4


class Listener(Protocol):
    """Who tells peers of the chain."""

    def chain_changed(self, events: Sequence[Event]) -> None:
        """Hear what happened to the chain."""

    def transaction_accepted(self, txid: Txid) -> None:
        """Hear what came into the pool."""


class Followed(Protocol):
    """All that following asks of the node."""

    chain: Chainstate
    acceptor: Acceptor

    @property
    def peers(self) -> Listener:
        """Whoever tells peers of changes."""

    def now(self) -> int:
        """Return unix time, or the time set for tests."""

    def next_block(self) -> BlockAfter:
        """Return what holds for the block after the tip."""

    def chain_settled(self) -> None:
        """Hear that the tip is where it stays until the next block."""

    def fail(self, error: Exception) -> None:
        """Shut down because of a disk that fails or a bug of ours."""

    @property
    def is_stopping(self) -> bool:
        """Whether the node shuts down."""


class ChainFollower:
    """Follows one chain, whose tip may be on a long way when a change is told."""

    def __init__(self, node: Followed, turn_seconds: float = TURN_SECONDS) -> None:
        self._node = node
        self._turn_seconds = turn_seconds
        self._pool = PoolFollower(node.acceptor)
        self._tip = node.chain.tip
        self._finishing: asyncio.Task[None] | None = None

    def follow(self, changes: Sequence[Event]) -> None:
        """Apply what happened since the last call; a way that is not at its end goes on later."""
        node = self._node
        # Each block is read when its event is taken: a few are kept, a long way is read again.
        events = list(changes) if len(changes) <= _EVENTS_KEPT else changes
        self._tip = node.chain.tip
        self._pool.follow(events)
        if node.chain.is_settled:
            # Who followed another branch never heard of these.
            for txid in self._pool.settle(node.next_block(), node.now()):
                node.peers.transaction_accepted(txid)
        node.peers.chain_changed(events)
        if node.chain.is_settled:
            node.chain.prune_when_due()
            node.chain_settled()
        elif self._finishing is None:
            _log.info("long way begun height=%d", node.chain.height)
            self._finishing = asyncio.get_running_loop().create_task(self._finish())

    def catch_up(self) -> None:
        """Apply what happened although a block was refused."""
        if self._node.chain.tip is not self._tip:
            self.follow(self._node.chain.events_since(self._tip))

    async def settled(self) -> None:
        """Return when the tip is the best there is; raises ChainError if that has to wait."""
        while not self._node.chain.is_settled:
            if self._finishing is None:
                raise ChainError("the node stops in the middle of a reorganisation")
            # Whoever gives up waiting does not end the way.
            await asyncio.wait({self._finishing})

    @property
    def returning(self) -> list[SavedEntry]:
        """What goes back to the pool at the end of the way unless a block confirms it."""
        now = self._node.now()
        return [SavedEntry(tx, now, 0) for tx in self._pool.returning]

    async def close(self) -> None:
        """Leave a way where it is: the next start goes on."""
        if self._finishing is not None:
            self._finishing.cancel()
            await asyncio.gather(self._finishing, return_exceptions=True)

    async def _finish(self) -> None:
        node = self._node
        try:
            while not node.chain.is_settled and not node.is_stopping:
                await asyncio.sleep(self._turn_seconds * _PAUSE)
                self.follow(node.chain.move_on(self._turn_seconds))
            end = "ended" if node.chain.is_settled else "left"
            _log.info("long way %s height=%d", end, node.chain.height)
        except StorageError as error:
            node.fail(error)
        except Exception as error:
            # Our bug, which stops the node: nobody waits for this task to hear of it.
            _log.exception("long way broken off height=%d", node.chain.height)
            node.fail(error)
        finally:
            self._finishing = None
