"""The HTTP side of JSON-RPC and REST: who is heard, paths, passwords, bodies, keep-alive."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from aiohttp import web

from ccxx_node.rpc.answers import JSON, Answer
from ccxx_node.rpc.auth import Authenticator
from ccxx_node.rpc.bodies import BodyReader, Stalled, TooLarge
from ccxx_node.rpc.complaints import Complaints
from ccxx_node.rpc.connections import (
    Connection,
    ConnectionTable,
    Subnet,
    listen_on,
    most_connections,
)
from ccxx_node.rpc.dispatch import Dispatcher, Forbidden
from ccxx_node.rpc.permissions import Permissions
from ccxx_node.rpc.registry import Registry
from ccxx_node.rpc.rest import PREFIX, RestInterface
from ccxx_node.rpc.room import Room, TooBusy, ends_with
from ccxx_node.rpc.services import NodeServices

_log = logging.getLogger("ccxx.rpc")

MAX_BODY = 32 * 1024 * 1024
# Nobody needs a password for REST, so its callers get little room.
MAX_REST_BODY = 10_000
# Slows down whoever guesses passwords.
_WRONG_PASSWORD_SECONDS = 0.25
_ASK_PASSWORD = 'WWW-Authenticate: Basic realm="jsonrpc"'


@dataclass(frozen=True, slots=True)
class RpcSettings:
    """Where the server listens and whom it hears; `users` decides about passwords.

    `timeout` is how many seconds a caller may be idle or slow, `room` how many calls that take
    time may be under way, and as many questions to REST.
    """

    addresses: Sequence[tuple[str, int]]
    users: Authenticator
    allowed: Sequence[Subnet] = ()
    permissions: Permissions = field(default_factory=Permissions)
    has_rest: bool = False
    timeout: float = 30.0
    room: int = 20


class RpcServer:
    """Answers calls until it is closed."""

    def __init__(self, settings: RpcSettings, registry: Registry, node: NodeServices) -> None:
        self._settings = settings
        self._registry = registry
        self._complaints = Complaints("rpc", counts=node.calls.refused)
        self._bodies = BodyReader(settings.timeout)
        self._dispatcher = Dispatcher(registry, node, settings.permissions, settings.room)
        self._rest = RestInterface(node) if settings.has_rest else None
        # Of its own: callers without a password take no places from those who have one.
        self._rest_room = Room(settings.room)
        table = ConnectionTable(
            self._handle,
            self._complaints,
            settings.timeout,
            most_connections(),
            settings.allowed,
        )
        self._runner = web.ServerRunner(table.server(), handle_signals=False, shutdown_timeout=2.0)

    async def open(self) -> None:
        """Start to listen; OSError if no address at all can be used."""
        await self._runner.setup()
        problem: OSError | None = None
        opened: set[tuple[str, int]] = set()
        self._settings.permissions.log_oddities(self._registry.methods)
        for host, port in self._settings.addresses:
            if host == "0.0.0.0" and ("::", port) in opened and socket.has_dualstack_ipv6():
                continue  # that socket serves IPv4 too
            try:
                await web.SockSite(self._runner, listen_on(host, port)).start()
                opened.add((host, port))
                _log.info("rpc listening host=%s port=%d", host, port)
            except OSError as error:
                problem = error
                _log.warning("rpc not bound host=%s port=%d reason=%s", host, port, error)
        if not opened:
            raise problem or OSError("no address to listen on")

    async def close(self) -> None:
        """Answer what is being answered, then stop to listen."""
        await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest, connection: Connection) -> web.StreamResponse:
        if not connection.is_allowed:
            self._complaints.add("refused", connection.address, "address")
            return Answer(403)
        try:
            return await self._route(request, connection)
        except TooLarge as error:
            self._complaints.add("refused", connection.address, "body-too-large")
            return Answer(413, str(error).encode())
        except TooBusy as error:
            self._complaints.add("refused", connection.address, "queue-full")
            return Answer(500, str(error).encode())
        except Stalled:
            self._complaints.add("disconnected", connection.address, "sends-nothing")
            answer = Answer(408)
            answer.force_close()
            return answer

    async def _route(self, request: web.BaseRequest, connection: Connection) -> Answer:
        path = request.raw_path
        if path == "/" or path.startswith("/wallet/"):
            return await self._call(request, connection)
        if not path.startswith(PREFIX):
            return Answer(404)
        if self._rest is None:
            return Answer(404, b"REST is off: start with -rest\r\n")
        return await self._look_up(self._rest, request, connection)

    async def _look_up(
        self, rest: RestInterface, request: web.BaseRequest, connection: Connection
    ) -> Answer:
        body = await self._bodies.read(request, MAX_REST_BODY)
        with self._rest_room, ends_with(connection):
            found = await rest.answer(request.raw_path, body)
            answer = Answer(found.status, found.body, found.kind)
            # The place is kept until the answer has left: those who do not read fill no memory.
            with suppress(ConnectionError):
                await answer.prepare(request)
        return answer

    async def _call(self, request: web.BaseRequest, connection: Connection) -> Answer:
        if request.method != "POST":
            return Answer(405, b"JSONRPC server handles only POST requests")
        header = request.headers.get("Authorization")
        if (header is None or not connection.knows(header)) and not self._let_in(
            header, connection
        ):
            if header is not None:
                self._complaints.add("refused", connection.address, "password")
                await asyncio.sleep(_WRONG_PASSWORD_SECONDS)
            return Answer(401, header=_ASK_PASSWORD)
        body = await self._bodies.read(request, MAX_BODY)
        self._bodies.keep(body)
        try:
            status, content = await self._dispatcher.answer(body, connection)
        except Forbidden as error:
            reason = f"not-allowed user={connection.user} method={error}"
            self._complaints.add("refused", connection.address, reason)
            return Answer(403, b"-rpcwhitelist does not let this user make this call\r\n")
        finally:
            self._bodies.let_go(body)
        return Answer(status, content + b"\n", JSON)

    def _let_in(self, header: str | None, connection: Connection) -> bool:
        user = self._settings.users.user_of(header)
        if user is None or header is None:
            return False
        connection.let_in(user, header)
        return True
