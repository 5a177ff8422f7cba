"""Moves the tip by one block: coins, undo data, indexes and the active chain together."""

import logging
import time
from dataclasses import dataclass
from typing import Protocol

from ccxx_core.block import Block
from ccxx_core.hashes import format_hash
from ccxx_node.chainstate.active_chain import ActiveChain
from ccxx_node.chainstate.block_entry import BlockEntry
from ccxx_node.chainstate.storage import Storage
from ccxx_node.consensus.coins import BlockUndo, CoinChanges, apply_block, undo_block

_log = logging.getLogger(__name__)
_bench = logging.getLogger("ccxx.bench")
# After a crash at most this much is connected again: a minute of work for full blocks.
FLUSH_BYTES = 64 << 20


class BlockRules(Protocol):
    """The rules that need the coins, with the network's parameters and signature workers."""

    def check_spending(self, block: Block, entry: BlockEntry, coins: CoinChanges) -> BlockUndo:
        """Apply a block to coins laid over the present ones; raises ConsensusError."""
        ...


@dataclass(slots=True)
class ConnectTimes:
    """How many blocks were connected, in how many seconds, and how many were taken back."""

    count: int = 0
    seconds: float = 0.0
    disconnected: int = 0


class Tip:
    """The one place where blocks are connected and disconnected."""

    def __init__(self, storage: Storage, chain: ActiveChain, rules: BlockRules) -> None:
        self._storage = storage
        self._chain = chain
        self._rules = rules
        self._unflushed_blocks = 0
        self._unflushed_bytes = 0
        self.times = ConnectTimes()

    def connect(self, entry: BlockEntry, block: Block) -> None:
        """Make a child of the tip the tip.

        Raises ConsensusError, or StorageError for the disk; nothing has changed then.
        """
        started = time.perf_counter()
        storage = self._storage
        coins = CoinChanges(storage.coins)
        undo = self._check(entry, block, coins)
        checked = time.perf_counter()
        if entry.undo_position is None:
            entry.undo_position = storage.blocks.append_undo(entry.hash, undo)
        entry.fully_valid = True
        storage.index.touch(entry)
        storage.coins.connect(coins.changes, entry.hash)
        if storage.transactions is not None:
            storage.transactions.connect(entry.hash, block)
        self._chain.push(entry)
        self.times.count += 1
        stored = time.perf_counter()
        self.times.seconds += stored - started
        _log.info(
            "block connected height=%d hash=%s txs=%d",
            entry.height,
            format_hash(entry.hash),
            len(block.transactions),
        )
        _bench.debug(
            "block connected height=%d ms=%.2f check_ms=%.2f store_ms=%.2f",
            entry.height,
            (stored - started) * 1000,
            (checked - started) * 1000,
            (stored - checked) * 1000,
        )
        self._flush_when_due(entry)

    def disconnect(self) -> None:
        """Make the parent of the tip the tip; raises StorageError, nothing has changed then."""
        storage = self._storage
        entry = self._chain.tip
        assert entry.parent is not None
        block = storage.read_block(entry)
        undo = storage.read_undo(entry)
        coins = CoinChanges(storage.coins)
        try:
            undo_block(block, undo, coins)
        except ValueError as error:
            raise storage.coins_corrupted() from error
        storage.coins.disconnect(coins.changes, entry.parent.hash)
        self._chain.pop()
        self.times.disconnected += 1
        _log.info("block disconnected height=%d hash=%s", entry.height, format_hash(entry.hash))
        self._flush_when_due(entry)

    def _check(self, entry: BlockEntry, block: Block, coins: CoinChanges) -> BlockUndo:
        if not entry.fully_valid:
            return self._rules.check_spending(block, entry, coins)
        # It was connected before: its rules depend on its ancestors only, and hold for ever.
        try:
            return apply_block(block, entry.height, coins)
        except KeyError as error:
            raise self._storage.coins_corrupted() from error

    def _flush_when_due(self, entry: BlockEntry) -> None:
        self._unflushed_blocks += 1
        self._unflushed_bytes += entry.block_position.length if entry.block_position else 0
        if (
            self._storage.coins.is_full
            or self._unflushed_blocks >= self._storage.flush_blocks
            or self._unflushed_bytes >= FLUSH_BYTES
        ):
            self._storage.flush()
            self._unflushed_blocks = self._unflushed_bytes = 0
