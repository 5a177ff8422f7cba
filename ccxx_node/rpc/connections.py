"""How many callers are connected, for how long, and which has to go when too many are.

A connection that has never given a password goes first, and among equals the one that has been
idle for longest: whoever knows no password cannot shut out those who do.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from ccxx_node.rpc.answers import Answer
from ccxx_node.rpc.complaints import Complaints

Subnet = ipaddress.IPv4Network | ipaddress.IPv6Network

MAX_CONNECTIONS = 256
# Blocks, coins and peers need files, too: callers take no more than this part of them.
_PART_OF_FILES = 4
# What may stand before a body: fifty lines of eight kilobytes.
_MAX_HEADERS = 50
_MAX_LINE = 8190
# For this long a body that nobody reads is taken in, so that its sender sees the answer.
_LINGERING_SECONDS = 2.0
_LOCAL = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


def most_connections() -> int:
    """Return how many callers may be connected, given how many files this process may open."""
    if sys.platform == "win32":
        return MAX_CONNECTIONS
    import resource

    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return min(MAX_CONNECTIONS, files // _PART_OF_FILES)


class Connection(web.RequestHandler):
    """One caller's connection: who it is, and whether it is being answered."""

    __slots__ = (
        "_accepted", "_pause", "_table", "idle_since", "is_allowed", "is_answered", "user",
        "waiting",
    )  # fmt: skip

    def __init__(
        self, table: ConnectionTable, manager: web.Server, loop: asyncio.AbstractEventLoop
    ) -> None:
        """Belong to a table from the moment the caller is there."""
        super().__init__(manager, loop=loop, **table.options())
        self._table = table
        self._accepted = b""
        self._pause: asyncio.TimerHandle | None = None
        self.idle_since = loop.time()
        self.is_allowed = False
        self.is_answered = False
        self.user: str | None = None
        self.waiting: asyncio.Task[Any] | None = None

    @property
    def address(self) -> str:
        """The caller's address as text."""
        name = self.peername
        return str(name[0]) if isinstance(name, tuple) else "unknown"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a place in the table."""
        super().connection_made(transport)
        self.is_allowed = self._table.is_allowed(self.address)
        self._table.add(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Give the place back, and end a call that only waits to be answered."""
        self._table.remove(self)
        self._stop_pause()
        if self.waiting is not None:
            self.waiting.cancel()
        super().connection_lost(exc)

    def knows(self, header: str) -> bool:
        """Tell whether this very `Authorization` header has been accepted on this connection."""
        return bool(self._accepted) and hmac.compare_digest(self._accepted, header.encode())

    def let_in(self, user: str, header: str) -> None:
        """Remember who calls, so that the next call needs no look at all passwords."""
        self.user = user
        self._accepted = header.encode()

    def rest(self) -> None:
        """A request has been answered: the connection is idle from now on."""
        self.is_answered = False
        self.idle_since = self._loop.time()

    def resume_reading(self, resume_parser: bool = True) -> None:
        """Read on; aiohttp asks for it with each request, also where nothing was paused."""
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def pause_writing(self) -> None:
        """Answers are not being read: give the caller a while."""
        super().pause_writing()
        self._pause = self._loop.call_later(self._table.timeout, self._give_up)

    def resume_writing(self) -> None:
        """Answers are being read again."""
        self._stop_pause()
        super().resume_writing()

    def _give_up(self) -> None:
        self._table.complaints.add("rpc disconnected", self.address, "reads-nothing")
        if self.transport is not None:
            self.transport.abort()

    def _stop_pause(self) -> None:
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is no HTTP in one line, here and in the log; closes the connection."""
        if not isinstance(exc, HttpProcessingError):
            return super().handle_error(request, status, exc, message)
        self._table.complaints.add("rpc refused", self.address, "not-http")
        answer = Answer(status, b"Bad Request")
        answer.force_close()
        return answer


class Server(web.Server):
    """aiohttp's server, with connections of ours."""

    def __init__(
        self,
        table: ConnectionTable,
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
    ) -> None:
        super().__init__(handler)
        self._table = table

    def __call__(self) -> web.RequestHandler:
        """Return the protocol of a new connection."""
        return Connection(self._table, self, self._loop)


class ConnectionTable:
    """All connections of callers, within bounds."""

    def __init__(self, allowed: Sequence[Subnet], timeout: float, complaints: Complaints) -> None:
        """`timeout` is how many seconds a caller may be idle, or slow with a head or a body."""
        self.timeout = timeout
        self.complaints = complaints
        self._allowed = (*_LOCAL, *allowed)
        self._open: set[Connection] = set()
        self._most = most_connections()

    def server(self, handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]) -> Server:
        """Return what answers requests with `handler`, each connection with a place in here."""
        return Server(self, handler)

    def options(self) -> dict[str, Any]:
        """Return aiohttp's settings for one connection."""
        return {
            "access_log": None,
            "keepalive_timeout": self.timeout,
            "lingering_time": _LINGERING_SECONDS,
            "max_line_size": _MAX_LINE,
            "max_field_size": _MAX_LINE,
            "max_headers": _MAX_HEADERS,
            "auto_decompress": False,
        }

    def is_allowed(self, address: str) -> bool:
        """Tell whether callers from an address are heard at all."""
        try:
            parsed = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        return any(parsed in subnet for subnet in self._allowed)

    def add(self, connection: Connection) -> None:
        """Give a place to a newcomer; where none is left, an idle connection has to go."""
        self._open.add(connection)
        if len(self._open) <= self._most:
            return
        idle = [one for one in self._open if not one.is_answered and one is not connection]
        leaving = min(idle, key=_worth, default=connection)
        self.complaints.add("rpc disconnected", leaving.address, "too-many-connections")
        self.remove(leaving)
        leaving.force_close()

    def remove(self, connection: Connection) -> None:
        """Take back a place."""
        self._open.discard(connection)


def _worth(connection: Connection) -> tuple[bool, float]:
    return connection.user is not None, connection.idle_since
