"""Where others can call us: the listening sockets."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Sequence

from ccxx_core.errors import CcxxError
from ccxx_node.p2p.options import Binding
from ccxx_node.p2p.peers.peer import Permissions
from ccxx_node.p2p.sockets.connections import Connection, Hub, Origin

_log = logging.getLogger("ccxx.net")

# What waits for us to accept it: a flood fills this and no more.
_BACKLOG = 128


class ListenError(CcxxError):
    """An address cannot be listened on; the text says which and why."""


class Listener:
    """All listening sockets of the node."""

    def __init__(self, hub: Hub, bindings: Sequence[Binding]) -> None:
        self._hub = hub
        self._bindings = bindings
        self._servers: list[asyncio.Server] = []

    async def open(self) -> None:
        """Listen on every address; raises ListenError where one that must work does not."""
        for binding in self._bindings:
            try:
                await self._listen(binding)
            except OSError as error:
                reason = _reason(binding, error)
                if binding.must_work:
                    self.close()
                    raise ListenError(reason) from error
                _log.info("not listening host=%s reason=%s", binding.host, error.strerror)
        if self._bindings and not self._servers:
            raise ListenError("Failed to listen on any port. Use -listen=0 if you want this.")

    async def _listen(self, binding: Binding) -> None:
        origin = Origin(permissions=Permissions(whitelisted=binding.whitelists))
        server = await asyncio.get_running_loop().create_server(
            lambda: Connection(self._hub, origin), sock=_bind(binding), backlog=_BACKLOG
        )
        self._servers.append(server)
        _log.info("listening host=%s port=%d", binding.host, binding.port)

    def close(self) -> None:
        """Accept nobody any more."""
        for server in self._servers:
            server.close()
        self._servers.clear()


def _bind(binding: Binding) -> socket.socket:
    is_ipv6 = ":" in binding.host
    listening = socket.socket(socket.AF_INET6 if is_ipv6 else socket.AF_INET)
    try:
        listening.setblocking(False)
        # The port of a node that just ended can be had at once.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_ipv6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind((binding.host, binding.port))
    except OSError:
        listening.close()
        raise
    return listening


def _reason(binding: Binding, error: OSError) -> str:
    host = f"[{binding.host}]" if ":" in binding.host else binding.host
    problem = f"Unable to bind to {host}:{binding.port} on this computer"
    if error.errno == errno.EADDRINUSE:
        return f"{problem}. ccxx-node is probably already running."
    return f"{problem} (bind returned error {error.strerror})"
