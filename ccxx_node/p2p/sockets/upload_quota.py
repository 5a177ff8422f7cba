"""How much has been sent today, and whether that is all that may be (`-maxuploadtarget`)."""

from __future__ import annotations

from collections.abc import Callable

CYCLE_SECONDS = 24 * 3600
_LARGEST_BLOCK = 4_000_000
# What is kept back so that every new block can be passed on once: one each ten minutes.
_BLOCK_SECONDS = 600


class UploadQuota:
    """Counts bytes sent in cycles of a day; `target` is in bytes, 0 for no limit."""

    def __init__(self, target: int, now: Callable[[], int]) -> None:
        self.target = target
        self._now = now
        self._started_at = 0
        self._sent = 0

    def count(self, size: int) -> None:
        """Note bytes that were sent."""
        now = self._now()
        # Before the start: the clock was wrong then, and the day would last until it is there.
        if not self._started_at <= now <= self._started_at + CYCLE_SECONDS:
            self._started_at, self._sent = now, 0
        self._sent += size

    def is_used_up(self, *, historical: bool) -> bool:
        """Whether (for old blocks: nearly) all that may be sent in a day has been."""
        if not self.target:
            return False
        kept_back = self.seconds_left() // _BLOCK_SECONDS * _LARGEST_BLOCK if historical else 0
        return self._sent >= self.target - kept_back

    def bytes_left(self) -> int:
        """Return what may still be sent in this cycle, 0 without a limit."""
        return max(0, self.target - self._sent)

    def seconds_left(self) -> int:
        """Return how long this cycle lasts yet, 0 without a limit."""
        if not self.target:
            return 0
        if not self._started_at:
            return CYCLE_SECONDS
        return max(0, self._started_at + CYCLE_SECONDS - self._now())
