"""Serve an application at an address or a Unix socket until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from ccxx_explorer.serving.connections import Door, Patience, WatchedConnection
from ccxx_explorer.serving.log import ACCESS, AccessLog, NoTraces
from ccxx_explorer.serving.settings import SERVING

# The head of a request must have come so soon after the connection, or after the answer before.
_IDLE_SECONDS = 20.0
_SHUTDOWN_SECONDS = 5.0
# Longer than what is answered with 414 and 431: beyond that there is no helpful answer.
_MOST_LINE = 65_536
# Whoever may use the socket of a web server in front: its group.
_SOCKET_MODE = 0o660


@dataclass(frozen=True, slots=True)
class Listening:
    """Where to listen: a host and a port, or the file of a Unix socket."""

    host: str
    port: int
    socket: Path | None = None

    @property
    def name(self) -> str:
        """The address as people use it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"unix:{self.socket}" if self.socket else f"http://{host}:{self.port}"


def run(app: web.Application, listening: Listening, begin: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; raises OSError where the address cannot be used.

    `begin` is told the address once it is ours: before that it may be somebody else's.
    """
    logging.getLogger("aiohttp.server").addFilter(NoTraces())
    asyncio.run(_serve(app, listening, begin))


async def _serve(app: web.Application, listening: Listening, begin: Callable[[str], None]) -> None:
    runner = web.AppRunner(
        app,
        access_log=ACCESS,
        access_log_class=AccessLog,
        keepalive_timeout=_IDLE_SECONDS,
        max_line_size=_MOST_LINE,
        max_field_size=_MOST_LINE,
        shutdown_timeout=_SHUTDOWN_SECONDS,
    )
    await runner.setup()
    try:
        server = await _listen(runner, listening, Door(Patience(), app[SERVING].proxies))
        try:
            begin(listening.name)
            await _until_told_to_stop()
        finally:
            server.close()
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, listening: Listening, door: Door) -> asyncio.Server:
    answering = runner.server
    assert answering is not None
    loop = asyncio.get_running_loop()

    def connect() -> WatchedConnection:
        return WatchedConnection(answering(), door)

    if listening.socket is None:
        return await loop.create_server(connect, listening.host, listening.port)
    server = await loop.create_unix_server(connect, str(listening.socket))
    listening.socket.chmod(_SOCKET_MODE)
    return server


async def _until_told_to_stop() -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stop.set)
    await stop.wait()
