"""Token buckets, one for each client: so many questions at once, so many a second after that."""

from __future__ import annotations

from collections import OrderedDict


class Buckets:
    """Buckets that fill again by themselves; pure, and bounded in memory.

    A bucket is kept as the moment at which it is full again. Only so many are kept: the one that
    was used longest ago is forgotten first, which gives its client a full one.
    """

    def __init__(self, rate: float, burst: int, most: int = 100_000) -> None:
        self._rate = rate
        self._burst_seconds = burst / rate
        self._most = most
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def take(self, client: str, tokens: int, now: float) -> float:
        """Take tokens and return 0.0; with too few, take none and return the seconds to wait.

        A price above the whole burst is paid by a full bucket.
        """
        full_at = max(self._full_at.get(client, now), now)
        price = min(tokens / self._rate, self._burst_seconds)
        wait = full_at + price - now - self._burst_seconds
        if wait > 1e-9:
            return wait
        self._full_at[client] = full_at + price
        self._full_at.move_to_end(client)
        if len(self._full_at) > self._most:
            self._full_at.popitem(last=False)
        return 0.0
