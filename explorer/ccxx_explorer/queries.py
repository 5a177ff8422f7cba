"""Work that waits for the index or the node: in threads, and only so much of it at once.

A web process answers thousands of quick requests; a flood of slow ones must neither pile up
without end nor stop the quick ones. What finds no place is told to come back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import ParamSpec, TypeVar

from ccxx_explorer.language import say
from ccxx_explorer.problems import PageError

Given = ParamSpec("Given")
Answer = TypeVar("Answer")

_COME_BACK_SECONDS = 2


class Queries:
    """A few threads, and a line of limited length before them."""

    def __init__(self, threads: int, waiting: int) -> None:
        self._places = threads + waiting
        self._taken = 0
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="query")

    async def run(
        self, work: Callable[Given, Answer], *args: Given.args, **named: Given.kwargs
    ) -> Answer:
        """Do work in a thread, in the language of the caller; raises PageError when all is full."""
        if self._taken >= self._places:
            raise PageError(
                "too-busy",
                503,
                say("Too many questions are being answered at the moment."),
                say("Please ask again in a few seconds."),
                retry_after=_COME_BACK_SECONDS,
            )
        self._taken += 1
        context = copy_context()
        job = self._pool.submit(lambda: context.run(work, *args, **named))
        # A visitor who goes away leaves the work to its thread: the place is free when it is done.
        loop = asyncio.get_running_loop()
        job.add_done_callback(lambda _job: self._free_soon(loop))
        return await asyncio.wrap_future(job)

    def close(self) -> None:
        """Let what runs end, and begin nothing more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _free_soon(self, loop: asyncio.AbstractEventLoop) -> None:
        # The count belongs to the loop's thread; after the loop is closed nobody asks for it.
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._free)

    def _free(self) -> None:
        self._taken -= 1
