"""What a change of the chain comes down to: from the old tip back to the fork, then to the new tip.

A reorganisation of a thousand full blocks must not hold them all in memory: events read their
blocks from the disk when they are looked at.
"""

from collections.abc import Callable, Sequence
from typing import overload

from ccxx_core.block import Block
from ccxx_node.chainstate.block_entry import BlockEntry, find_fork
from ccxx_node.events import BlockConnected, BlockDisconnected, Event

BlockReader = Callable[[BlockEntry], Block]


class ChainEvents(Sequence[Event]):
    """The events in order; each is made when it is taken, and its block read then."""

    def __init__(self, before: BlockEntry, after: BlockEntry, read: BlockReader) -> None:
        """Describe the way from one tip to another of the same tree."""
        fork = find_fork(before, after)
        self._disconnected = _path(fork, before)[::-1]
        self._connected = _path(fork, after)
        self._read = read

    def __len__(self) -> int:
        return len(self._disconnected) + len(self._connected)

    @overload
    def __getitem__(self, position: int) -> Event: ...
    @overload
    def __getitem__(self, position: slice) -> list[Event]: ...
    def __getitem__(self, position: int | slice) -> Event | list[Event]:
        if isinstance(position, slice):
            return [self[each] for each in range(*position.indices(len(self)))]
        position = range(len(self))[position]
        if position < len(self._disconnected):
            entry = self._disconnected[position]
            return BlockDisconnected(self._read(entry), entry.height)
        entry = self._connected[position - len(self._disconnected)]
        return BlockConnected(self._read(entry), entry.height)

    def connects(self, entry: BlockEntry) -> bool:
        """Whether a block was connected, without reading any."""
        return entry in self._connected


def _path(fork: BlockEntry, end: BlockEntry) -> list[BlockEntry]:
    entries = []
    entry = end
    while entry is not fork:
        entries.append(entry)
        assert entry.parent is not None
        entry = entry.parent
    return entries[::-1]
