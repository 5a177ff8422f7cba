"""Starting from the disk: the first block, blocks the index missed, coins left behind."""

import logging

from ccxx_core.block import Block
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import BlockHash, format_hash
from ccxx_node.chainstate.acceptance import Acceptance
from ccxx_node.chainstate.block_entry import BlockEntry
from ccxx_node.chainstate.branches import Branches
from ccxx_node.chainstate.errors import CorruptionError
from ccxx_node.chainstate.record_files import FilePosition
from ccxx_node.chainstate.storage import Storage
from ccxx_node.consensus.errors import ConsensusError, Reject
from ccxx_node.consensus.genesis import genesis_block
from ccxx_node.consensus.params import ConsensusParams

_log = logging.getLogger(__name__)
_details = logging.getLogger("ccxx.reindex")
_PROGRESS_BLOCKS = 10_000


def find_genesis(storage: Storage, params: ConsensusParams) -> BlockEntry:
    """Give the genesis block's entry, made if there is none yet.

    Raises CorruptionError if the index belongs to another network.
    """
    genesis = storage.index.get(params.genesis_hash)
    if genesis is not None:
        return genesis
    if len(storage.index):
        raise CorruptionError("the block index belongs to another network: check -datadir")
    genesis = storage.index.add(genesis_block(params).header, None)
    genesis.tx_count = genesis.chain_tx_count = 1
    genesis.fully_valid = True
    return genesis


def find_tip(storage: Storage, genesis: BlockEntry) -> BlockEntry:
    """Give the block that the stored coins belong to: the genesis block, if there are none yet.

    Raises CorruptionError if the index does not know it.
    """
    best = storage.coins.best_block
    if best is None:
        storage.coins.best_block = genesis.hash
        return genesis
    tip = storage.index.get(best)
    if tip is None or not tip.is_linked:
        raise storage.coins_corrupted()
    return tip


class StoredBlocks:
    """Takes in blocks that are in the block files but not in the index.

    After a crash these are the last few, after ``-reindex`` all, and in any order.
    """

    def __init__(
        self,
        storage: Storage,
        acceptance: Acceptance,
        branches: Branches,
        params: ConsensusParams,
    ) -> None:
        self._storage = storage
        self._acceptance = acceptance
        self._branches = branches
        self._params = params
        self._waiting: dict[BlockHash, list[FilePosition]] = {}
        self._count = 0

    def take_in(self, genesis: BlockEntry) -> None:
        """Accept every such block and connect what can be connected; raises StorageError."""
        storage = self._storage
        for position, raw in storage.blocks.scan_blocks(storage.index.stored_ends()):
            try:
                block = Block.decode(raw)
            except DecodeError:
                continue
            if block.hash == genesis.hash:
                genesis.block_position = genesis.block_position or position
            else:
                self._take(block, position)
        if genesis.block_position is None and not genesis.is_pruned:
            genesis.block_position = storage.blocks.append_block(genesis_block(self._params))
            storage.index.touch(genesis)
        if self._count:
            _log.info("blocks taken in count=%d", self._count)

    def _take(self, block: Block, position: FilePosition) -> None:
        pending = [(block, position)]
        while pending:
            block, position = pending.pop()
            if not self._accept(block, position):
                continue
            for each in self._waiting.pop(block.hash, ()):
                pending.append((Block.decode(self._storage.blocks.read_raw_block(each)), each))

    def _accept(self, block: Block, position: FilePosition) -> bool:
        """Accept one block; tells whether its header is in the tree now."""
        try:
            # It was judged by the clock when it came, so its own time is late enough.
            entry = self._acceptance.store_block(block, block.header.time, position)
            if entry is not None:
                self._branches.activate(entry, block)
                self._count += 1
                _log_block("stored block taken in", block.hash, position)
                if self._count % _PROGRESS_BLOCKS == 0:
                    _log.info("blocks taken in count=%d height=%d", self._count, entry.height)
        except ConsensusError as error:
            if error.reject is Reject.UNKNOWN_PARENT:
                self._waiting.setdefault(block.header.prev_hash, []).append(position)
                _log_block("stored block waits for its parent", block.hash, position)
            else:
                _log.warning(
                    "stored block refused hash=%s reason=%s", format_hash(block.hash), error
                )
            return False
        return True


def _log_block(event: str, block_hash: BlockHash, position: FilePosition) -> None:
    if _details.isEnabledFor(logging.DEBUG):
        _details.debug("%s hash=%s file=%d", event, format_hash(block_hash), position.file)


def catch_up_transactions(storage: Storage, tip: BlockEntry) -> None:
    """Note the transactions of blocks that the transaction index has not seen."""
    transactions = storage.transactions
    if transactions is None:
        return
    best = transactions.best_block
    seen = storage.index.get(best) if best is not None else None
    entry: BlockEntry | None = tip
    missing = []
    while entry is not None and entry.parent is not None:
        if seen is not None and seen.ancestor(entry.height) is entry:
            break
        missing.append(entry)
        entry = entry.parent
    for count, each in enumerate(reversed(missing), start=1):
        transactions.connect(each.hash, storage.read_block(each))
        if count % _PROGRESS_BLOCKS == 0:
            transactions.flush()
            _log.info("transactions indexed height=%d", each.height)
    transactions.flush()
