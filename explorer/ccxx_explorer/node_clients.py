"""The connections to the node that web requests share: few, quick to give up, and rested.

A visitor waits for a page, not for the node: a call may take seconds, never minutes, and once the
node did not answer, nobody asks it again for a while.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TypeVar

from ccxx_node.client.rpc import NodeClient, NodeError

_Answer = TypeVar("_Answer")
_SIZE = 4
_WAIT_SECONDS = 1.0
_REST_SECONDS = 3.0


class NodeClients:
    """Lends a client to one thread at a time; safe to use from many threads."""

    def __init__(
        self,
        connect: Callable[[], NodeClient],
        size: int = _SIZE,
        wait_seconds: float = _WAIT_SECONDS,
        rest_seconds: float = _REST_SECONDS,
    ) -> None:
        self._free: SimpleQueue[NodeClient] = SimpleQueue()
        for _ in range(size):
            self._free.put(connect())
        self._wait_seconds, self._rest_seconds = wait_seconds, rest_seconds
        self._probing = threading.Lock()
        self._away_until: float | None = None

    def ask(self, question: Callable[[NodeClient], _Answer]) -> _Answer:
        """Put a question to the node; raises `NodeError` at once while it is away or overrun.

        `RpcError` passes through: the node answered, and refused.
        """
        if self._away_until is None:
            return self._borrow(question)
        # After the rest one visitor tries; the others are answered without it until it is back.
        if time.monotonic() < self._away_until or not self._probing.acquire(blocking=False):
            raise NodeError("the node did not answer a moment ago: it is asked again soon")
        try:
            return self._borrow(question)
        finally:
            self._probing.release()

    def _borrow(self, question: Callable[[NodeClient], _Answer]) -> _Answer:
        try:
            client = self._free.get(timeout=self._wait_seconds)
        except Empty:
            raise NodeError("too many questions wait for the node: try again soon") from None
        try:
            answer = question(client)
        except NodeError:
            client.close()
            self._away_until = time.monotonic() + self._rest_seconds
            raise
        finally:
            self._free.put(client)
        self._away_until = None
        return answer
