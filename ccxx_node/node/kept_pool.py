"""The pool from one run of the node to the next, also if it stopped in the middle of a long way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.config import Config
from ccxx_node.mempool.accept import Acceptor
from ccxx_node.mempool.next_block import BlockAfter
from ccxx_node.mempool.persist import SavedEntry, load_pool, save_pool
from ccxx_node.mempool.reorg import PoolFollower

_log = logging.getLogger("ccxx.node")


class KeptPool:
    """Fills one node's pool at the start and writes it at the stop (`-persistmempool`)."""

    def __init__(self, config: Config, acceptor: Acceptor) -> None:
        self._acceptor = acceptor
        self._path = config.network_datadir / "mempool.dat"
        self._is_kept = config.flag("persistmempool", True)

    async def open(self, chain: Chainstate, next_block: BlockAfter, now: int) -> None:
        """Take in what was taken back since the chain was opened, then what was saved before."""
        if not chain.is_active(chain.opened_at):
            follower = PoolFollower(self._acceptor)
            follower.follow(chain.events_since(chain.opened_at))
            follower.settle(next_block, now)
        if self._is_kept:
            for _ in load_pool(self._path, self._acceptor, next_block, now):
                await asyncio.sleep(0)

    def save(self, returning: Sequence[SavedEntry]) -> None:
        """Write the pool and what is on its way back into it; OSError if that fails."""
        save_pool(self._acceptor.pool, self._path, returning)

    def close(self, returning: Sequence[SavedEntry]) -> None:
        """Write it for the next start, or say in the log why not."""
        if not self._is_kept:
            return
        try:
            self.save(returning)
        except OSError as error:
            _log.warning("mempool not saved reason=%s", error)
