"""How much may be under way that takes more than a moment, and for whom."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from ccxx_core.errors import CcxxError


class TooBusy(CcxxError):
    """As many calls as may be under way are under way."""


class Room:
    """Places, each taken for the length of a `with`; raises `TooBusy` where none is left."""

    def __init__(self, places: int) -> None:
        self._free = places

    def __enter__(self) -> None:
        if self._free <= 0:
            raise TooBusy("Work queue depth exceeded")
        self._free -= 1

    def __exit__(self, *_: object) -> None:
        self._free += 1


class Waiting(Protocol):
    """Whoever waits for an answer: the task that ends when the connection is lost."""

    waiting: asyncio.Task[object] | None
    is_gone: bool


@contextmanager
def ends_with(caller: Waiting) -> Iterator[None]:
    """Let what is done within end when its caller has gone, or has gone before."""
    if caller.is_gone:
        raise asyncio.CancelledError
    caller.waiting = asyncio.current_task()
    try:
        yield
    finally:
        caller.waiting = None
