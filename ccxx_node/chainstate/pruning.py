"""Deleting old blocks, a whole file at a time: ``-prune`` and ``pruneblockchain``."""

import logging

from ccxx_node.chainstate.active_chain import ActiveChain
from ccxx_node.chainstate.storage import ChainstateOptions, Storage

_log = logging.getLogger(__name__)
_details = logging.getLogger("ccxx.prune")

# BIP 159: peers may ask for so many of the last blocks, and reorganisations need them.
KEPT_BLOCKS = 288
# Room for what is written between two looks, as part of a file of blocks.
_LOOKS_A_FILE = 8


class Pruner:
    """Decides which files of blocks go; the file that is written to never does."""

    def __init__(self, storage: Storage, chain: ActiveChain, options: ChainstateOptions) -> None:
        self._storage = storage
        self._chain = chain
        self.target = options.prune_target
        self.after_height = options.prune_after
        self._step = options.file_bytes // _LOOKS_A_FILE
        self._looked_at = -self._step

    @property
    def is_on(self) -> bool:
        """Whether blocks may be deleted at all."""
        return self.target is not None

    def lowest_stored(self) -> int:
        """Give the height from which all blocks of the active chain are stored."""
        entry = self._chain.tip
        while entry.parent is not None and not entry.parent.is_pruned:
            entry = entry.parent
        return entry.height

    def prune_when_due(self) -> None:
        """Make room below the target if files have grown since the last look."""
        if not self.target or self._chain.height <= self.after_height:
            return
        blocks = self._storage.blocks
        if blocks.appended - self._looked_at < self._step:
            return
        self._looked_at = blocks.appended
        # A whole step is left free: by the next look no more will have been written.
        size = blocks.size() + self._step
        _details.debug("prune considered bytes=%d target=%d", size, self.target)
        if size < self.target:
            return
        chosen = []
        for file, file_size in self._files_up_to(self._chain.height - KEPT_BLOCKS).items():
            if size < self.target:
                break
            chosen.append(file)
            size -= file_size
        self._remove(chosen)

    def prune_up_to(self, height: int) -> None:
        """Delete the files whose blocks are all at or below a height, but the last 288 blocks."""
        self._remove(list(self._files_up_to(min(height, self._chain.height - KEPT_BLOCKS))))

    def _files_up_to(self, height: int) -> dict[int, int]:
        """Give the size of each full file without a block above a height, the first file first."""
        highest: dict[int, int] = {}
        for entry in self._storage.index:
            if entry.block_position is not None:
                file = entry.block_position.file
                highest[file] = max(entry.height, highest.get(file, 0))
        full = sorted(self._storage.blocks.full_block_files().items())
        # A file that the index does not know holds blocks that wait for their parents.
        return {file: size for file, size in full if highest.get(file, height + 1) <= height}

    def _remove(self, files: list[int]) -> None:
        if not files:
            return
        self._storage.forget_blocks(files)
        for file in files:
            _details.debug("block file deleted file=%d", file)
        _log.info("blocks pruned files=%d lowest=%d", len(files), self.lowest_stored())
