"""How often each RPC method was called and failed, how long it took, and who was refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(slots=True)
class Calls:
    """What is known about the calls of one method; seconds include waiting for others."""

    count: int = 0
    failed: int = 0
    seconds: float = 0.0


class CallTimes:
    """Counts calls by method; a name that is no method counts as `unknown`.

    `refused` counts, by reason, callers and calls that got no further.
    """

    def __init__(self) -> None:
        self.refused: Counter[str] = Counter()
        self._calls: dict[str, Calls] = {}

    def __iter__(self) -> Iterator[tuple[str, Calls]]:
        return iter(self._calls.items())

    def add(self, method: str, seconds: float, *, failed: bool) -> None:
        """Count one call; the caller sees to it that only real methods have names here."""
        calls = self._calls.get(method)
        if calls is None:
            calls = self._calls[method] = Calls()
        calls.count += 1
        calls.failed += failed
        calls.seconds += seconds
