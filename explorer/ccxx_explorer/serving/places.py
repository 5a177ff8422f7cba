"""Places for what lasts: connections, listeners, exports."""

from __future__ import annotations

from collections import Counter


class Places:
    """So many places in all, and so many of them for one client, so that nobody takes them all.

    A client without a name speaks for many, and is bounded with all others only.
    """

    def __init__(self, most: int, most_each: int) -> None:
        self._most, self._most_each = most, most_each
        self._of: Counter[str] = Counter()
        self.taken = 0

    def take(self, client: str) -> bool:
        """Take a place; tells whether there was one."""
        if self.taken >= self._most or (client and self._of[client] >= self._most_each):
            return False
        self._of[client] += 1
        self.taken += 1
        return True

    def leave(self, client: str) -> None:
        """Give a place back that was taken."""
        self.taken -= 1
        self._of[client] -= 1
        if not self._of[client]:
            del self._of[client]
