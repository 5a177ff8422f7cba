"""Remembers about the last so many hashes: a bounded set that forgets the older half at once."""

from __future__ import annotations


class RecentSet:
    """A set of bytes that holds at most ``capacity`` of them, and surely the last half of that.

    Two sets take turns: to forget one by one would cost more than everything else.
    """

    __slots__ = ("_half", "_newer", "_older")

    def __init__(self, capacity: int) -> None:
        self._half = capacity // 2
        self._newer: set[bytes] = set()
        self._older: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._newer | self._older)

    def __contains__(self, item: object) -> bool:
        return item in self._newer or item in self._older

    def add(self, item: bytes) -> None:
        """Remember an item, as the newest."""
        if len(self._newer) >= self._half:
            self._older, self._newer = self._newer, set()
        self._newer.add(item)

    def clear(self) -> None:
        """Forget everything."""
        self._newer.clear()
        self._older.clear()
