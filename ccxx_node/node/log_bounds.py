"""No stranger fills the disk with the log: of each kind so many lines a minute, then a number."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

_MOST = 100
_SECONDS = 60.0


class LogBounds(logging.Filter):
    """Lets the first hundred lines of a kind pass in each minute; details are not bounded.

    A kind is a line's form, so there are no more of them than places that log. The first line of
    a later minute says with ``more=`` how many were left out.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        # When the minute of a kind began, and how many lines there were since.
        self._minutes: dict[str, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a line is written."""
        if record.levelno < logging.INFO:
            return True
        kind, now = record.msg, self._clock()
        began, count = self._minutes.get(kind, (now, 0))
        if now - began >= _SECONDS:
            if count > _MOST:
                record.msg = f"{record.getMessage()} more={count - _MOST}"
                record.args = ()
            began, count = now, 0
        self._minutes[kind] = began, count + 1
        return count < _MOST
