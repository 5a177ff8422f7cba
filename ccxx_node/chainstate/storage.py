"""All stores of one chain, opened together and written in the order that survives a crash.

The order of ``flush``: block files reach the disk, then the index that points into them, then the
coins with the hash of the block they belong to. After a crash in between, the index is ahead of the
coins, never behind, and the coins roll forward from stored blocks.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from ccxx_core.block import Block
from ccxx_node.chainstate.block_entry import BlockEntry
from ccxx_node.chainstate.block_index import REMEDY as INDEX_REMEDY
from ccxx_node.chainstate.block_index import BlockIndex
from ccxx_node.chainstate.block_store import BlockStore
from ccxx_node.chainstate.coin_store import REMEDY, CoinStore
from ccxx_node.chainstate.errors import CorruptionError, StorageError, storage_error
from ccxx_node.chainstate.kvstore import remove_store
from ccxx_node.chainstate.record_files import MAX_FILE_BYTES
from ccxx_node.chainstate.transaction_index import TransactionIndex
from ccxx_node.consensus.coins import BlockUndo

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ChainstateOptions:
    """How to keep the chain.

    ``cache_bytes`` bounds the memory for coins; at the latest every ``flush_blocks`` blocks all is
    written; ``reindex`` rebuilds everything from the block files, ``reindex_chainstate`` the coins;
    at the start the last ``check_blocks`` blocks are looked at, 0 for all. ``blocks_folder`` is
    where the block files are, None for ``blocks`` beside the coins; they are ``file_bytes`` long.
    ``prune_target`` bounds their bytes, 0 for as the operator says, None to keep them all;
    nothing is deleted up to the height ``prune_after``.
    """

    cache_bytes: int = 450 << 20
    flush_blocks: int = 2000
    transaction_index: bool = False
    reindex: bool = False
    reindex_chainstate: bool = False
    check_blocks: int = 6
    blocks_folder: Path | None = None
    file_bytes: int = MAX_FILE_BYTES
    prune_target: int | None = None
    prune_after: int = 1000


class Storage:
    """Block files, block index, coins and the optional transaction index below one folder."""

    def __init__(self, folder: Path, magic: bytes, options: ChainstateOptions) -> None:
        """Open everything; raises StorageError, CorruptionError if a rebuild is needed."""
        self._folder = folder
        self._blocks_folder = options.blocks_folder or folder / "blocks"
        self.flush_blocks = options.flush_blocks
        if options.reindex:
            remove_store(folder / "blocks" / "index")
            remove_store(folder / "indexes" / "txindex")
        if options.reindex or options.reindex_chainstate:
            remove_store(folder / "chainstate")
        self.index = BlockIndex(folder / "blocks" / "index")
        try:
            if options.reindex or options.reindex_chainstate:
                self._forget_validation()
            self._check_pruned(options)
            self.blocks = BlockStore(self._blocks_folder, magic, options.file_bytes)
            self._remove_forgotten_files()
            if not options.reindex:
                self.blocks.check_files(self.index.stored_ends(), self.index.undo_ends())
            self.coins = CoinStore(folder / "chainstate", options.cache_bytes)
            self.transactions = (
                TransactionIndex(folder / "indexes" / "txindex")
                if options.transaction_index
                else None
            )
        except BaseException:
            self.close()
            raise

    def read_block(self, entry: BlockEntry) -> Block:
        """Read a stored block; raises CorruptionError."""
        assert entry.block_position is not None
        return self.blocks.read_block(entry.block_position, entry.hash)

    def read_undo(self, entry: BlockEntry) -> BlockUndo:
        """Read what a connected block spent; raises CorruptionError."""
        if entry.undo_position is None:
            raise self.coins_corrupted()
        return self.blocks.read_undo(entry.undo_position, entry.hash)

    def flush(self) -> None:
        """Write everything; raises StorageError, what was written before stays whole."""
        self.blocks.sync()
        self.index.flush()
        if self.transactions is not None:
            self.transactions.flush()
        self.coins.flush()

    def forget_blocks(self, files: Collection[int]) -> None:
        """Delete files of blocks, and of what these spent where no other block needs it.

        All is written before, so that the coins on the disk need no block that goes. A crash leaves
        the blocks, or files that the next start deletes. Raises StorageError.
        """
        self.flush()
        for entry in self.index:
            if entry.block_position is not None and entry.block_position.file in files:
                entry.block_position = entry.undo_position = None
                entry.is_pruned = True
                self.index.touch(entry)
        used = {entry.undo_position.file for entry in self.index if entry.undo_position}
        self.index.forget_files(files, self.blocks.full_undo_files().keys() - used)
        self._remove_forgotten_files()

    def close(self) -> None:
        """Close what is open; what was not flushed is rebuilt from the block files next time."""
        for name in ("transactions", "coins", "blocks", "index"):
            store = getattr(self, name, None)
            if store is not None:
                store.close()

    def disk_size(self) -> int:
        """Give the bytes that the coins take on the disk."""
        files = (self._folder / "chainstate").glob("*")
        return sum(path.stat().st_size for path in files if path.is_file())

    def coins_corrupted(self) -> CorruptionError:
        """Give the error of coins that do not fit the blocks."""
        return CorruptionError(
            f"chain state {self._folder / 'chainstate'} does not fit the stored blocks: "
            f"start with {REMEDY} to rebuild it"
        )

    def blocks_corrupted(self) -> CorruptionError:
        """Give the error of blocks that cannot have been stored like this."""
        return CorruptionError(
            f"blocks in {self._blocks_folder} are corrupted: "
            f"start with {INDEX_REMEDY} to rebuild them"
        )

    def _check_pruned(self, options: ChainstateOptions) -> None:
        if options.reindex:
            if options.prune_target is not None:
                self._remove_loose_files()
            return
        if not any(entry.is_pruned for entry in self.index):
            return
        if options.prune_target is None:
            raise StorageError(
                f"old blocks were deleted from {self._blocks_folder}: start with -prune, or with "
                f"{INDEX_REMEDY} to load the whole chain again from other nodes"
            )
        if options.reindex_chainstate:
            raise StorageError(
                f"old blocks were deleted from {self._blocks_folder}: "
                f"only {INDEX_REMEDY} can rebuild the coins, from other nodes' blocks"
            )

    def _remove_loose_files(self) -> None:
        # Blocks of later files build on some that are gone: they would wait for ever.
        kept = 0
        while (self._blocks_folder / f"blk{kept:05}.dat").exists():
            kept += 1
        loose = sorted(self._blocks_folder.glob("blk*.dat"))[kept:]
        if loose:
            _log.warning("blocks dropped files=%d reason=those before them were pruned", len(loose))
        for path in loose:
            try:
                path.unlink()
            except OSError as error:
                raise storage_error(path, error) from error

    def _remove_forgotten_files(self) -> None:
        block_files, undo_files = self.index.removed_files
        if block_files or undo_files:
            self.blocks.remove(block_files, undo_files)
            self.index.files_are_removed()

    def _forget_validation(self) -> None:
        # The coins are rebuilt because something is doubted: check every rule again, and write
        # undo data anew.
        for entry in self.index:
            entry.fully_valid = False
            entry.undo_position = None
            self.index.touch(entry)
        self.index.flush()
        for path in self._blocks_folder.glob("rev*.dat"):
            try:
                path.unlink()
            except OSError as error:
                raise storage_error(path, error) from error
