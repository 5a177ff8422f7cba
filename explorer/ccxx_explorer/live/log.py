"""What happened lately, in order, for any number of listeners: each only remembers its place."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Sequence

from ccxx_explorer.facts.live import LiveEvent
from ccxx_explorer.live.changes import News

_KEPT = 500


class EventLog:
    """The last events; whoever falls behind further than these must look at everything again.

    Belongs to the event loop: nothing here may be called from another thread.
    """

    def __init__(self, kept: int = _KEPT) -> None:
        # Numbers begin anew with every process: this tells one's from another's.
        self._name = secrets.token_hex(4)
        self._events: deque[LiveEvent] = deque(maxlen=kept)
        self._last = 0
        self._news = asyncio.Event()
        self.is_closed = False

    @property
    def last_id(self) -> str:
        """The id of the last event."""
        return f"{self._name}-{self._last}"

    def publish(self, news: Sequence[News]) -> None:
        """Add what happened, and wake all who wait."""
        for each in news:
            self._last += 1
            self._events.append(LiveEvent(self.last_id, each.event, each.data))
        if news:
            self._wake()

    def after(self, event_id: str) -> list[LiveEvent] | None:
        """Return what happened after an event; None if it is not ours or too long ago."""
        name, _, number = event_id.rpartition("-")
        if name != self._name or not number.isascii() or not number.isdigit() or len(number) > 12:
            return None
        missed = self._last - int(number)
        if not 0 <= missed <= len(self._events):
            return None
        return list(self._events)[len(self._events) - missed :]

    async def wait(self, event_id: str, seconds: float) -> None:
        """Wait until something happened after an event, but not longer than some seconds."""
        if event_id != self.last_id or self.is_closed:
            return
        try:
            await asyncio.wait_for(self._news.wait(), seconds)
        except TimeoutError:
            return

    def close(self) -> None:
        """Let all who wait go: the process ends."""
        self.is_closed = True
        self._wake()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
