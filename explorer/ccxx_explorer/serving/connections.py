"""Connections that read nothing, say nothing or are too many hold nothing for ever.

The web server bounds the time in which the head of a request must come; here are the other half,
a visitor who does not read what was answered, and the number of connections.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from ccxx_explorer.serving.clients import group_of, is_in, parse_address
from ccxx_explorer.serving.places import Places
from ccxx_explorer.serving.settings import Subnet


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds in which a reader must take what waits for it, and the most connections."""

    read_seconds: float = 60.0
    most: int = 4_000
    most_each: int = 100


class Door:
    """Counts connections, in all and by where they come from."""

    def __init__(self, patience: Patience, proxies: Iterable[Subnet]) -> None:
        self.patience = patience
        self._proxies = tuple(proxies)
        self._places = Places(patience.most, patience.most_each)

    def admit(self, host: str) -> str | None:
        """Count a connection; gives the name to leave by, None if it is one too many."""
        address = parse_address(host)
        # A proxy, or somebody on this machine, speaks for many.
        many = address is None or address.is_loopback or is_in(address, self._proxies)
        name = "" if many or address is None else group_of(address)
        return name if self._places.take(name) else None

    def leave(self, name: str) -> None:
        """Forget a connection that was counted."""
        self._places.leave(name)


class WatchedConnection(asyncio.Protocol):
    """Stands before a connection of the web server, and ends it where nobody reads."""

    def __init__(self, inner: asyncio.Protocol, door: Door) -> None:
        self._inner = inner
        self._door = door
        self._name: str | None = None
        self._transport: asyncio.BaseTransport | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let a connection in, or turn away whoever is one too many."""
        peer = transport.get_extra_info("peername")
        self._name = self._door.admit(peer[0] if isinstance(peer, tuple) else "")
        if self._name is None:
            _end(transport)
            return
        self._transport = transport
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Pass bytes on."""
        if self._name is not None:
            self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        """Pass the end of what the visitor says on."""
        return None if self._name is None else self._inner.eof_received()

    def pause_writing(self) -> None:
        """Begin to count the seconds: more waits for the visitor than is held for anybody."""
        seconds = self._door.patience.read_seconds
        self._timer = asyncio.get_running_loop().call_later(seconds, _end, self._transport)
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Stop counting: the visitor has read."""
        self._stop_timer()
        self._inner.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        """Leave."""
        self._stop_timer()
        if self._name is not None:
            self._door.leave(self._name)
            self._inner.connection_lost(error)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _end(transport: asyncio.BaseTransport | None) -> None:
    # Not `close`, which would wait for a visitor who reads nothing.
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()
