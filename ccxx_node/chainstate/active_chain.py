"""The active chain by height, and the branches that could take its place."""

from collections.abc import Iterable

from ccxx_node.chainstate.block_entry import BlockEntry, find_fork


class ActiveChain:
    """The entries from the genesis block to the tip."""

    def __init__(self, tip: BlockEntry) -> None:
        """Follow ``tip`` down to the genesis block."""
        entries = [tip]
        while (parent := entries[-1].parent) is not None:
            entries.append(parent)
        self._entries = entries[::-1]

    def __contains__(self, entry: BlockEntry) -> bool:
        return self.at(entry.height) is entry

    @property
    def tip(self) -> BlockEntry:
        """The last block."""
        return self._entries[-1]

    @property
    def height(self) -> int:
        """The height of the tip."""
        return len(self._entries) - 1

    def at(self, height: int) -> BlockEntry | None:
        """Give the block at a height, None above the tip or below 0."""
        return self._entries[height] if 0 <= height < len(self._entries) else None

    def fork_with(self, entry: BlockEntry) -> BlockEntry:
        """Give the last ancestor of ``entry`` (or itself) that is in this chain."""
        return find_fork(self.tip, entry)

    def push(self, entry: BlockEntry) -> None:
        """Make a child of the tip the tip."""
        assert entry.parent is self.tip
        self._entries.append(entry)

    def pop(self) -> BlockEntry:
        """Make the parent of the tip the tip; returns the old tip."""
        return self._entries.pop()


def rank(entry: BlockEntry) -> tuple[int, int]:
    """Order chains: more work is better; with equal work, the one that was complete first."""
    return entry.chain_work, -entry.sequence


class Candidates:
    """Complete branches, not known to be invalid, that rank no lower than the tip."""

    def __init__(self) -> None:
        self._entries: set[BlockEntry] = set()

    def best(self) -> BlockEntry | None:
        """Give the best of them."""
        return max(self._entries, key=rank, default=None)

    def offer(self, entry: BlockEntry, tip: BlockEntry) -> None:
        """Add a block if its branch could replace the tip, or is the tip."""
        if entry.is_linked and not entry.is_failed and rank(entry) >= rank(tip):
            self._entries.add(entry)

    def remove(self, entry: BlockEntry) -> None:
        """Take a block out, if it is in."""
        self._entries.discard(entry)

    def prune(self, tip: BlockEntry) -> None:
        """Take out what ranks below the tip."""
        lowest = rank(tip)
        self._entries = {entry for entry in self._entries if rank(entry) >= lowest}

    def rebuild(self, entries: Iterable[BlockEntry], tip: BlockEntry) -> None:
        """Look at all entries anew, after failures were added or forgiven."""
        self._entries.clear()
        for entry in entries:
            self.offer(entry, tip)
