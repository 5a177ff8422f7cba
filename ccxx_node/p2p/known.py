"""Remembers the last so many hashes: a bounded set that forgets the oldest first."""

from __future__ import annotations


class RecentSet:
    """A set of bytes that holds at most ``capacity`` of them."""

    __slots__ = ("_capacity", "_items")

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._items: dict[bytes, None] = {}

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, item: object) -> bool:
        return item in self._items

    def add(self, item: bytes) -> None:
        """Remember an item, as the newest."""
        self._items.pop(item, None)
        self._items[item] = None
        if len(self._items) > self._capacity:
            del self._items[next(iter(self._items))]

    def clear(self) -> None:
        """Forget everything."""
        self._items.clear()
