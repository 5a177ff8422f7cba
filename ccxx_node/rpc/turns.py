"""Long answers in turns: between two parts everybody else of the event loop has a turn."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from typing import Protocol, TypeVar

from ccxx_node.rpc.errors import misuse

_T = TypeVar("_T")

# Short, because as many callers as there is room for may do this at the same time.
TURN_SECONDS = 0.002


class Stoppable(Protocol):
    """All that is asked of the node."""

    @property
    def is_stopping(self) -> bool: ...


async def in_turns(node: Stoppable, items: Iterable[_T]) -> AsyncIterator[_T]:
    """Give items one by one, with pauses for others; raises `RpcFault` when the node stops.

    What the items come from must stay as it is meanwhile: a copy, or what nobody changes.
    """
    end = time.perf_counter() + TURN_SECONDS
    for item in items:
        if time.perf_counter() > end:
            await asyncio.sleep(0)
            if node.is_stopping:
                raise misuse("the node is stopping")
            end = time.perf_counter() + TURN_SECONDS
        yield item
