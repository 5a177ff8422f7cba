"""How often somebody may ask: a bucket that fills with time and is emptied by questions. Pure."""

from collections import OrderedDict

# So that strangers' addresses cannot fill the memory; the longest unseen is forgotten first.
_MOST_NAMES = 10_000


class Throttle:
    """Lets each name ask `a_minute` times a minute, and as many at once after a pause."""

    def __init__(self, a_minute: int) -> None:
        self._a_minute = a_minute
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def seconds_to_wait(self, name: str, now: float) -> float:
        """Count one question; return 0, or after how many seconds to ask again, not counted."""
        left, since = self._buckets.pop(name, (float(self._a_minute), now))
        left = min(float(self._a_minute), left + max(0.0, now - since) * self._a_minute / 60)
        wait = 0.0 if left >= 1 else (1 - left) * 60 / self._a_minute
        self._buckets[name] = (left - 1 if not wait else left, now)
        if len(self._buckets) > _MOST_NAMES:
            self._buckets.popitem(last=False)
        return wait
