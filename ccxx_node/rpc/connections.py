"""How many callers are connected, for how long, and which has to go when too many are.

A connection that has never given a password goes first, even while it is being answered, and among
equals the one that has been idle for longest: whoever knows no password cannot shut out those who
do. One that gave it stays while it is being answered.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import logging
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from ccxx_node.rpc.answers import Answer
from ccxx_node.rpc.complaints import Complaints

_log = logging.getLogger("ccxx.rpc")

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


def listen_on(host: str, port: int) -> socket.socket:
    """Return a socket that listens, or raise OSError, also for what can be no name.

    One socket on `::` serves IPv4 too, as the reference has it, where the system can do that.
    """
    is_ipv6 = ":" in host
    return socket.create_server(
        (host, port),
        family=socket.AF_INET6 if is_ipv6 else socket.AF_INET,
        backlog=128,
        dualstack_ipv6=host == "::" and socket.has_dualstack_ipv6(),
    )


class Connection(web.RequestHandler):
    """One caller's connection: who it is, and whether it is being answered."""

    __slots__ = (
        "_accepted", "_pause", "_table", "idle_since", "is_allowed", "is_answered", "is_gone",
        "user", "waiting",
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
        self.is_gone = False

    @property
    def address(self) -> str:
        """The caller's address as text; IPv4 that came to an IPv6 socket is shown as IPv4."""
        name = self.peername
        return str(name[0]).removeprefix("::ffff:") if isinstance(name, tuple) else "unknown"

    @property
    def may_go(self) -> bool:
        """Whether a newcomer may take its place."""
        return self.user is None or not self.is_answered

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a place in the table."""
        super().connection_made(transport)
        self.is_allowed = self._table.is_allowed(self.address)
        self._table.add(self)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Give the place back, and end a call that only waits to be answered."""
        self._table.remove(self)
        self._stop_pause()
        self.is_gone = True
        if self.waiting is not None:
            self.waiting.cancel()
        super().connection_lost(exc)

    def knows(self, header: str) -> bool:
        """Tell whether this very `Authorization` header has been accepted on this connection."""
        return bool(self._accepted) and hmac.compare_digest(self._accepted, _raw(header))

    def let_in(self, user: str, header: str) -> None:
        """Remember who calls, so that the next call needs no look at all passwords."""
        self.user = user
        self._accepted = _raw(header)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; the connection is idle from then on."""
        self.is_answered = True
        try:
            return await self._table.handler(request, self)
        finally:
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
        self._table.complaints.add("disconnected", self.address, "reads-nothing")
        if self.transport is not None:
            self.transport.abort()

    def _stop_pause(self) -> None:
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None

    def handle_error(
        self,
        request: web.BaseRequest,  # noqa: ARG002
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002
    ) -> web.StreamResponse:
        """Answer in one line what is no HTTP, and what went wrong here; closes the connection."""
        if isinstance(exc, HttpProcessingError):
            self._table.complaints.add("refused", self.address, "not-http")
        elif not isinstance(exc, ConnectionError):
            # Whoever leaves in the middle of a body is none of our bugs; all else is.
            _log.error("request failed", exc_info=exc)
        answer = Answer(status, HTTPStatus(status).phrase.encode())
        answer.force_close()
        return answer


Handler = Callable[[web.BaseRequest, Connection], Awaitable[web.StreamResponse]]


class Server(web.Server):
    """aiohttp's server, with connections of ours."""

    def __init__(self, table: ConnectionTable) -> None:
        super().__init__(_answer)
        self._table = table

    def __call__(self) -> web.RequestHandler:
        """Return the protocol of a new connection."""
        return Connection(self._table, self, self._loop)


class ConnectionTable:
    """All connections of callers, within bounds."""

    def __init__(
        self,
        handler: Handler,
        complaints: Complaints,
        timeout: float,
        most: int,
        allowed: Sequence[Subnet] = (),
    ) -> None:
        """`timeout` is how many seconds a caller may be idle, or slow with a head or a body.

        `most` is the number of places, `allowed` who is heard besides this machine.
        """
        self.handler = handler
        self.complaints = complaints
        self.timeout = timeout
        self._most = most
        self._allowed = (*_LOCAL, *allowed)
        self._open: set[Connection] = set()

    def server(self) -> Server:
        """Return what answers requests, each connection with a place in here."""
        return Server(self)

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
        return any(parsed in subnet for subnet in self._allowed)

    def add(self, connection: Connection) -> None:
        """Give a place to a newcomer; where none is left, another connection has to go."""
        self._open.add(connection)
        if len(self._open) <= self._most:
            return
        others = [one for one in self._open if one.may_go and one is not connection]
        leaving = min(others, key=_worth, default=connection)
        self.complaints.add("disconnected", leaving.address, "too-many-connections")
        self.remove(leaving)
        leaving.force_close()

    def remove(self, connection: Connection) -> None:
        """Take back a place."""
        self._open.discard(connection)


async def _answer(request: web.BaseRequest) -> web.StreamResponse:
    connection = request.protocol
    assert isinstance(connection, Connection)
    return await connection.answer(request)


def _raw(header: str) -> bytes:
    """Return a header's bytes as they came: aiohttp lets those that are no UTF-8 stand."""
    return header.encode(errors="surrogateescape")


def _worth(connection: Connection) -> tuple[bool, float]:
    return connection.user is not None, connection.idle_since
