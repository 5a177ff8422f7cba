"""How long and how many: connections that say nothing, or too slowly, do not fill the service.

The web server waits for ever for the end of a request's headers. Here each connection is for one
request, has some seconds for the headers and some for everything, and there are only so many.
"""

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

# A proxy in front speaks for many.
_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_HEADERS_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds for the headers and for the whole, and the most connections, in all and for each."""

    header_seconds: float = 10
    whole_seconds: float = 180
    most: int = 256
    most_each: int = 32


class Doorkeeper:
    """Counts the connections of one server by where they come from."""

    def __init__(self, patience: Patience) -> None:
        self.patience = patience
        self._open: Counter[str] = Counter()

    def admit(self, name: str) -> bool:
        """Count a connection, unless there are too many."""
        if self._open.total() >= self.patience.most:
            return False
        if name not in _LOOPBACK and self._open[name] >= self.patience.most_each:
            return False
        self._open[name] += 1
        return True

    def leave(self, name: str) -> None:
        """Forget a connection that was counted."""
        self._open[name] -= 1
        if not self._open[name]:
            del self._open[name]


class PatientConnection(asyncio.Protocol):
    """Stands before a connection of the web server, and ends it when its time is over."""

    def __init__(self, inner: asyncio.Protocol, door: Doorkeeper) -> None:
        self._inner = inner
        self._door = door
        self._name: str | None = None
        self._tail = b""
        self._header_timer: asyncio.TimerHandle | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to count the seconds, or turn away whoever is one too many."""
        peer = transport.get_extra_info("peername")
        name = str(peer[0]) if peer else ""
        if not self._door.admit(name):
            _end(transport)
            return
        self._name = name
        loop, patience = asyncio.get_running_loop(), self._door.patience
        self._header_timer = loop.call_later(patience.header_seconds, _end, transport)
        self._timer = loop.call_later(patience.whole_seconds, _end, transport)
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Pass bytes on; the headers have come when they end in an empty line."""
        if self._name is None:
            return
        if self._header_timer is not None:
            seen = self._tail + data
            self._tail = seen[-len(_HEADERS_END) + 1 :]
            if _HEADERS_END in seen:
                self._header_timer.cancel()
                self._header_timer = None
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        """Pass the end of what the client says on."""
        return None if self._name is None else self._inner.eof_received()

    def pause_writing(self) -> None:
        """Pass on that the client reads slowly."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Pass on that the client reads again."""
        self._inner.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        """Stop counting."""
        for timer in (self._header_timer, self._timer):
            if timer is not None:
                timer.cancel()
        if self._name is not None:
            self._door.leave(self._name)
            self._inner.connection_lost(error)


async def listen(
    server: Callable[[], asyncio.Protocol],
    where: tuple[str, int],
    context: ssl.SSLContext | None,
    patience: Patience,
) -> asyncio.Server:
    """Let a web server answer at an address, with a doorkeeper before it; raises OSError."""
    door = Doorkeeper(patience)
    loop = asyncio.get_running_loop()
    return await loop.create_server(
        lambda: PatientConnection(server(), door),
        *where,
        ssl=context,
        ssl_handshake_timeout=None if context is None else patience.header_seconds,
    )


def _end(transport: asyncio.BaseTransport) -> None:
    # Not `close`, which would wait for a client that reads nothing.
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()
