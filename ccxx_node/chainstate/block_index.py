"""The tree of known headers: in memory as linked entries, on disk one record a header."""

import json
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from ccxx_core.block import BlockHeader
from ccxx_core.hashes import BlockHash
from ccxx_node.chainstate.block_entry import (
    RECORD_SIZE,
    BlockEntry,
    header_of_record,
    height_of_record,
)
from ccxx_node.chainstate.errors import CorruptionError
from ccxx_node.chainstate.kvstore import Pair, open_store
from ccxx_node.chainstate.record_files import FilePosition

_ENTRY = b"b"
_REMOVED_FILES = b"P"
REMEDY = "-reindex"


class BlockIndex:
    """All headers ever accepted, by hash, with the best of them by work."""

    def __init__(self, folder: Path) -> None:
        """Open the database in ``folder`` and load it; raises CorruptionError or StorageError."""
        self._folder = folder
        self._store = open_store(folder, REMEDY)
        self._entries: dict[BlockHash, BlockEntry] = {}
        self._dirty: dict[BlockHash, BlockEntry] = {}
        self.best_header: BlockEntry | None = None
        self._first_sequence = -1
        self._next_sequence = 1
        # Files of blocks and of undo data that nothing points into, to be deleted.
        self.removed_files: tuple[list[int], list[int]] = ([], [])
        try:
            self._load()
        except BaseException:
            self._store.close()
            raise

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[BlockEntry]:
        return iter(self._entries.values())

    def get(self, block_hash: BlockHash) -> BlockEntry | None:
        """Give the entry of a hash, or None if no such header is known."""
        return self._entries.get(block_hash)

    def add(self, header: BlockHeader, parent: BlockEntry | None) -> BlockEntry:
        """Add a header whose rules have been checked."""
        entry = self._insert(header, parent)
        self._dirty[entry.hash] = entry
        return entry

    def touch(self, entry: BlockEntry) -> None:
        """Note that an entry changed and must be written."""
        self._dirty[entry.hash] = entry

    def take_next_sequence(self) -> int:
        """Give a place in the order of arrival: behind all others."""
        self._next_sequence += 1
        return self._next_sequence - 1

    def take_first_sequence(self) -> int:
        """Give a place in the order of arrival: in front of all others."""
        self._first_sequence -= 1
        return self._first_sequence + 1

    def descendants(self, entry: BlockEntry) -> Iterator[BlockEntry]:
        """Give all known descendants, parents before children."""
        pending = list(entry.children)
        while pending:
            child = pending.pop()
            yield child
            pending.extend(child.children)

    def has_unstored_headers(self) -> bool:
        """Whether headers without a block wait to be written."""
        return any(entry.block_position is None for entry in self._dirty.values())

    def stored_ends(self) -> dict[int, int]:
        """Give for each block file the offset behind the last block that is known."""
        return _ends(entry.block_position for entry in self)

    def undo_ends(self) -> dict[int, int]:
        """Give the same for the files of undo data."""
        return _ends(entry.undo_position for entry in self)

    def flush(self) -> None:
        """Write what changed; the blocks and undo data it points at must be on the disk before."""
        if not self._dirty:
            return
        self._store.write_batch(self._changed_records())
        self._dirty.clear()

    def forget_files(self, block_files: Collection[int], undo_files: Collection[int]) -> None:
        """Note in one write that blocks are gone and which files that leaves to delete."""
        self.removed_files = sorted(block_files), sorted(undo_files)
        names = json.dumps(self.removed_files).encode()
        self._store.write_batch([*self._changed_records(), (_REMOVED_FILES, names)])
        self._dirty.clear()

    def files_are_removed(self) -> None:
        """Note that those files have been deleted."""
        self.removed_files = [], []
        self._store.write_batch((), [_REMOVED_FILES])

    def close(self) -> None:
        """Close the database; what was not flushed is forgotten."""
        self._store.close()

    def _changed_records(self) -> Iterator[Pair]:
        return ((_ENTRY + entry.hash, entry.encode()) for entry in self._dirty.values())

    def _load(self) -> None:
        removed = self._store.get(_REMOVED_FILES)
        if removed is not None:
            self.removed_files = json.loads(removed)
        records = [record for _, record in self._store.iterate(_ENTRY)]
        if any(len(record) != RECORD_SIZE for record in records):
            raise self._corrupted()
        records.sort(key=height_of_record)
        for record in records:
            header = header_of_record(record)
            parent = self._entries.get(header.prev_hash)
            if parent is None and self._entries:
                raise self._corrupted()
            entry = self._insert(header, parent)
            entry.restore(record)
            self._first_sequence = min(self._first_sequence, entry.sequence - 1)
            self._next_sequence = max(self._next_sequence, entry.sequence + 1)
        self._choose_best_header()

    def _insert(self, header: BlockHeader, parent: BlockEntry | None) -> BlockEntry:
        entry = BlockEntry(header, parent)
        self._entries[entry.hash] = entry
        if parent is not None:
            parent.children.append(entry)
        if self.best_header is None or entry.chain_work > self.best_header.chain_work:
            self.best_header = entry
        return entry

    def _choose_best_header(self) -> None:
        # Failed blocks are known only now; among equals the first in arrival order stays.
        usable = [entry for entry in self if not entry.is_failed]
        self.best_header = max(usable, key=lambda entry: entry.chain_work, default=None)

    def _corrupted(self) -> CorruptionError:
        return CorruptionError(
            f"block index {self._folder} is corrupted: start with {REMEDY} to rebuild it"
        )


def _ends(positions: Iterable[FilePosition | None]) -> dict[int, int]:
    ends: dict[int, int] = {}
    for position in positions:
        if position is not None and position.end > ends.get(position.file, 0):
            ends[position.file] = position.end
    return ends
