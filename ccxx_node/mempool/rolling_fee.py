"""The floor of fees that rises when the pool overflows and sinks again with time."""

from __future__ import annotations

_HALF_LIFE_SECONDS = 12 * 3600


class RollingFee:
    """A fee rate (satoshis per 1000 virtual bytes) that halves every 12 hours after a block.

    A pool that is nearly empty forgets faster: below half of its limit twice, below a quarter four
    times as fast.
    """

    def __init__(self) -> None:
        self._rate = 0.0
        self._updated = 0
        self._block_since_raise = True

    def raise_to(self, rate: int, now: int) -> None:
        """Note that a package with this rate (plus the increment) had to leave."""
        if rate > self._rate:
            self._rate = float(rate)
            self._block_since_raise = False
            self._updated = now

    def note_block(self) -> None:
        """Note that a block came: from now on the floor sinks."""
        self._block_since_raise = True

    def current(self, usage: int, max_usage: int, incremental_fee: int, now: int) -> int:
        """Return the floor now; 0 when it has sunk below half the increment."""
        if not self._block_since_raise or self._rate == 0:
            return round(self._rate)
        if now > self._updated + 10:
            half_life = _HALF_LIFE_SECONDS
            if usage < max_usage // 4:
                half_life //= 4
            elif usage < max_usage // 2:
                half_life //= 2
            self._rate /= 2.0 ** ((now - self._updated) / half_life)
            self._updated = now
            if self._rate < incremental_fee / 2:
                self._rate = 0.0
                return 0
        return max(round(self._rate), incremental_fee)
