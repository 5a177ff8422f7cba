"""Looks again at what is stored: blocks, undo data and coins of the last blocks (verifychain).

Nothing changes: blocks are taken back, and connected again, in memory only.
"""

import logging
from collections.abc import Iterator

from ccxx_core.block import Block
from ccxx_core.transaction import OutPoint
from ccxx_node.chainstate.block_entry import BlockEntry
from ccxx_node.chainstate.rules import Rules
from ccxx_node.chainstate.storage import Storage
from ccxx_node.consensus.coins import BlockUndo, Coin, CoinChanges, apply_block, undo_block
from ccxx_node.consensus.errors import ConsensusError

_log = logging.getLogger(__name__)

DEFAULT_LEVEL = 3
DEFAULT_DEPTH = 6
# The coins of so many changes fit into memory; blocks below are then checked up to level 2.
_MAX_CHANGES = 500_000


class Verification:
    """Checks blocks from a tip down, as thoroughly as a level says.

    0 reads blocks, 1 checks what can be known from a block and its place alone, 2 reads undo data,
    3 takes blocks back from the coins, 4 connects them again with every script.
    """

    def __init__(self, storage: Storage, rules: Rules, level: int) -> None:
        self._storage = storage
        self._rules = rules
        self._level = level
        self._coins = CoinChanges(storage.coins)
        self._taken_back: list[BlockEntry] = []

    def run(self, tip: BlockEntry, depth: int) -> Iterator[BlockEntry]:
        """Check so many blocks, 0 for all, and give each; nobody may move the tip meanwhile.

        Raises CorruptionError with the remedy.
        """
        entry, checked = tip, 0
        takes_back = self._level >= 3
        while entry.parent is not None and (depth <= 0 or checked < depth):
            if entry.is_pruned:
                _log.info("verification ended at pruned blocks height=%d", entry.height)
                break
            block = self._check_block(entry, entry.parent)
            undo = self._storage.read_undo(entry) if self._level >= 2 else None
            takes_back = takes_back and len(self._coins.changes) < _MAX_CHANGES
            if takes_back and undo is not None:
                self._take_back(block, entry.height, undo)
                self._taken_back.append(entry)
            yield entry
            entry, checked = entry.parent, checked + 1
        if self._level >= 4:
            yield from self._connect_again()

    def _check_block(self, entry: BlockEntry, parent: BlockEntry) -> Block:
        block = self._storage.read_block(entry)
        if self._level >= 1:
            try:
                self._rules.check_contents(block)
                self._rules.check_context(block, parent)
            except ConsensusError as error:
                raise self._storage.blocks_corrupted() from error
        return block

    def _take_back(self, block: Block, height: int, undo: BlockUndo) -> None:
        made = CoinChanges(_Nothing())
        try:
            undo_block(block, undo, self._coins_before(block, height, undo, made))
        except ValueError as error:
            raise self._storage.coins_corrupted() from error

    def _coins_before(
        self, block: Block, height: int, undo: BlockUndo, made: CoinChanges
    ) -> CoinChanges:
        """See that the coins are as this block left them; give them, to be changed."""
        coins = {
            tx_input.prevout: coin
            for tx, spent in zip(block.transactions[1:], undo.spent, strict=True)
            for tx_input, coin in zip(tx.inputs, spent, strict=True)
        }
        made.changes.update(coins)
        apply_block(block, height, made)
        for outpoint, coin in made.changes.items():
            if self._coins.get_coin(outpoint) != coin:
                raise self._storage.coins_corrupted()
        return self._coins

    def _connect_again(self) -> Iterator[BlockEntry]:
        for entry in reversed(self._taken_back):
            block = self._storage.read_block(entry)
            try:
                undo = self._rules.check_spending(block, entry, self._coins)
            except ConsensusError as error:
                raise self._storage.coins_corrupted() from error
            if undo != self._storage.read_undo(entry):
                raise self._storage.coins_corrupted()
            yield entry


class _Nothing:
    """A view without coins."""

    def get_coin(self, outpoint: OutPoint) -> Coin | None:  # noqa: ARG002
        return None
