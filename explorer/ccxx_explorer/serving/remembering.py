"""Pages are drawn once for all who ask the same while nothing has changed.

A page is given out again only if the tip, the node's state, the pool and whatever else pages are
made from are what they were when it was drawn. So nobody reads a verdict that does not hold any
more: what has changed is asked for each visitor after the visitor has come.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass

from aiohttp import web

from ccxx_explorer.answers import Freshness
from ccxx_explorer.moment import Moment
from ccxx_explorer.shelf import Shelf

_MOST_BYTES = 64 * 1024 * 1024
# What stands around a body in memory.
_AROUND = 1_024


@dataclass(frozen=True, slots=True)
class Drawn:
    """A page as bytes, and the moment it is of; None where something changed meanwhile."""

    body: bytes
    freshness: Freshness
    moment: Moment | None


class Remembered:
    """The pages that were drawn lately, and those that are being drawn."""

    def __init__(self, ask: Callable[[], Awaitable[Moment]], most_bytes: int = _MOST_BYTES) -> None:
        self._now = _SharedQuestion(ask)
        self._shelf: Shelf[Drawn] = Shelf(most_bytes)
        self._drawing: dict[tuple[Hashable, Moment], asyncio.Future[Drawn]] = {}

    async def get(self, name: Hashable, draw: Callable[[], Awaitable[Drawn]]) -> Drawn:
        """Give a page as it is now; `name` is all that tells it from other pages.

        Raises what `draw` does, for all who wait for it.
        """
        now = await self._now.ask()
        kept = self._shelf.get(name)
        if kept is not None and kept.moment == now:
            return kept
        running = self._drawing.get((name, now))
        if running is None:
            return await asyncio.shield(self._begin(name, now, draw))
        drawn = await asyncio.shield(running)
        # Whoever joined later may have seen a change that the other's page is older than.
        return drawn if drawn.moment == now else await draw()

    def _begin(
        self, name: Hashable, now: Moment, draw: Callable[[], Awaitable[Drawn]]
    ) -> asyncio.Future[Drawn]:
        running = asyncio.ensure_future(draw())
        self._drawing[name, now] = running

        def end(done: asyncio.Future[Drawn]) -> None:
            del self._drawing[name, now]
            if done.cancelled() or done.exception() is not None:
                return
            drawn = done.result()
            if drawn.moment is not None:
                self._shelf.put(name, drawn, len(drawn.body) + _AROUND)

        running.add_done_callback(end)
        return running


class _SharedQuestion:
    """One question for all who came before it was put: never an answer from before they came."""

    def __init__(self, ask: Callable[[], Awaitable[Moment]]) -> None:
        self._ask = ask
        self._running: asyncio.Future[Moment] | None = None
        self._next: asyncio.Future[Moment] | None = None

    async def ask(self) -> Moment:
        if self._next is None:
            self._next = asyncio.ensure_future(self._put(self._running))
        return await asyncio.shield(self._next)

    async def _put(self, before: asyncio.Future[Moment] | None) -> Moment:
        if before is not None:
            await asyncio.wait([before])
        # Whoever comes from here on asks the next.
        self._running, self._next = self._next, None
        return await self._ask()


REMEMBERED: web.AppKey[Remembered] = web.AppKey("remembered", Remembered)
