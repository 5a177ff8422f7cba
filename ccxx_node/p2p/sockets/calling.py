"""Making one connection: where a name leads, directly or through a proxy, within a time."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Sequence
from random import Random

from ccxx_core.errors import DecodeError
from ccxx_node.p2p.addresses.endpoints import Endpoint, format_host, parse_host, split_host
from ccxx_node.p2p.addresses.proxy import connect_through
from ccxx_node.p2p.messages import NO_ADDRESS, NetAddress
from ccxx_node.p2p.peers.peer import Permissions
from ccxx_node.p2p.sockets.connections import Connection, Origin
from ccxx_node.p2p.sockets.switchboard import Switchboard

_log = logging.getLogger("ccxx.net")

# Of all addresses that a name may have.
_MAX_RESOLVED = 256
_QUIET_SECONDS = 3600.0
_MAX_QUIET = 1000


class Caller:
    """Opens outbound connections."""

    def __init__(self, switchboard: Switchboard, random: Random) -> None:
        self._board = switchboard
        self._options = switchboard.options.dialing
        self._port = switchboard.options.default_port
        self._random = random
        self._quiet_until: dict[str, float] = {}

    async def call(self, text: str, permissions: Permissions) -> bool:
        """Connect to `host`, `host:port` or `[v6]:port`; returns whether the connection stands."""
        if not self._board.is_active or self.is_connected(text):
            return False
        try:
            host, port = split_host(text, self._port)
            endpoint = await self._find(host, port)
        except (DecodeError, OSError, UnicodeError) as error:
            level = self._loudness(text, permissions)
            _log.log(level, "peer not found name=%s reason=%s", text, error)
            return False
        if endpoint is None:
            return await self._open(text, host, port, Origin(False, text, NO_ADDRESS, permissions))
        if self.is_connected(str(endpoint)):
            return False
        return await self.call_endpoint(endpoint, permissions, text)

    async def call_endpoint(
        self, endpoint: Endpoint, permissions: Permissions, text: str = ""
    ) -> bool:
        """Connect to an address; `text` is what an operator wrote for it."""
        if not self._board.is_active:
            return False
        address = NetAddress(0, endpoint.ip, endpoint.port)
        origin = Origin(False, text or str(endpoint), address, permissions)
        return await self._open(str(endpoint), format_host(endpoint.ip), endpoint.port, origin)

    def is_connected(self, text: str) -> bool:
        """Tell whether there is a connection to what an operator wrote, or to this address."""
        return any(
            connection.peer is not None and text == connection.peer.address
            for connection in self._board.connections.values()
        )

    async def resolve(self, host: str) -> Sequence[bytes]:
        """Return the addresses of a name, 16 bytes each; raises OSError."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        return [parse_host(str(entry[4][0])) for entry in found[:_MAX_RESOLVED]]

    async def _find(self, host: str, port: int) -> Endpoint | None:
        """Return where a host is, None if a proxy has to find out; UnicodeError for no name."""
        if not host:
            raise DecodeError("the name is empty")
        try:
            return Endpoint(parse_host(host), port)
        except DecodeError:
            if self._options.proxies.names is not None:
                return None
            # RFC 7686: who asks for such a name tells everybody whom they look for.
            if host.lower().endswith(".onion"):
                raise
        if not self._options.looks_up_names:
            raise OSError("names are not looked up")
        return Endpoint(self._random.choice(await self.resolve(host)), port)

    async def _open(self, text: str, host: str, port: int, origin: Origin) -> bool:
        try:
            made = await self._reach(host, port, origin)
            _, protocol = await asyncio.get_running_loop().create_connection(
                lambda: Connection(self._board, origin), sock=made
            )
        except OSError as error:
            reason = error.strerror or type(error).__name__
            level = self._loudness(origin.address, origin.permissions)
            _log.log(level, "peer not reached addr=%s reason=%s", text, reason)
            return False
        return protocol.peer is not None

    def _loudness(self, name: str, permissions: Permissions) -> int:
        """Return the level of a failed call: the operator hears once an hour of who was named."""
        now = time.monotonic()
        if not permissions.manual or now < self._quiet_until.get(name, 0):
            return logging.DEBUG
        self._quiet_until.pop(name, None)
        self._quiet_until[name] = now + _QUIET_SECONDS
        if len(self._quiet_until) > _MAX_QUIET:
            del self._quiet_until[next(iter(self._quiet_until))]
        return logging.INFO

    async def _reach(self, host: str, port: int, origin: Origin) -> socket.socket:
        proxy = self._proxy_for(origin)
        if proxy is not None:
            randomizes = self._options.proxies.randomizes
            return await connect_through(proxy, host, port, randomizes=randomizes)
        # What is raised when it is over is an OSError too.
        async with asyncio.timeout(self._options.timeout):
            return await _connect(host, port)

    def _proxy_for(self, origin: Origin) -> Endpoint | None:
        proxies = self._options.proxies
        address = origin.net_address
        if address is None or address is NO_ADDRESS:
            return proxies.names
        network = Endpoint(address.ip, address.port).network
        proxy = proxies.for_network(network)
        if network == "onion" and proxy is None:
            raise OSError("no proxy for onion names")
        return proxy


async def _connect(host: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(made, (host, port))
    except BaseException:
        made.close()
        raise
    return made
