"""One line in the log for many of the same, so that nobody can fill the disk by misbehaving."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable

_log = logging.getLogger("ccxx.rpc")

_QUIET_SECONDS = 60.0
_MAX_KINDS = 1000


class Complaints:
    """What callers did wrong; the same of the same caller is said once a minute."""

    def __init__(
        self,
        subject: str,
        clock: Callable[[], float] = time.monotonic,
        counts: Counter[str] | None = None,
    ) -> None:
        """`subject` begins each line: whose callers they are; `counts` is kept by reason."""
        self._subject = subject
        self._clock = clock
        self._counts = Counter() if counts is None else counts
        self._said: dict[tuple[str, str, str], tuple[float, int]] = {}

    def __len__(self) -> int:
        return len(self._said)

    def add(self, verb: str, peer: str, reason: str) -> None:
        """Log `subject verb peer=… reason=…`, or count it until the next line has `more=…`."""
        # Behind the first word may stand what a caller wrote.
        self._counts[reason.split()[0]] += 1
        key, now = (verb, peer, reason), self._clock()
        last, more = self._said.pop(key, (-_QUIET_SECONDS, 0))
        if now - last < _QUIET_SECONDS:
            self._said[key] = (last, more + 1)
            return
        counted = f" more={more}" if more else ""
        _log.warning("%s %s peer=%s reason=%s%s", self._subject, verb, peer, reason, counted)
        self._said[key] = (now, 0)
        if len(self._said) > _MAX_KINDS:
            del self._said[next(iter(self._said))]
