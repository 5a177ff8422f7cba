"""`/metrics` for Prometheus and `/health` for balancers, on a port of their own."""

from __future__ import annotations

import json
from collections.abc import Callable

from aiohttp import web

from ccxx_node.node.metrics import CONTENT_TYPE
from ccxx_node.rpc.answers import JSON, Answer
from ccxx_node.rpc.complaints import Complaints
from ccxx_node.rpc.connections import Connection, ConnectionTable, listen_on
from ccxx_node.rpc.health import HealthFacts
from ccxx_node.rpc.rest_formats import NO_SUCH_PATH

_UNAVAILABLE = 503
# Nobody gives a password here: a newcomer takes the place of the one that is idle for longest.
_MOST_CONNECTIONS = 32
_IDLE_SECONDS = 30.0


class MetricsServer:
    """Answers GET without a password: bind it to addresses that only friends reach."""

    def __init__(
        self, address: tuple[str, int], text: Callable[[], bytes], health: Callable[[], HealthFacts]
    ) -> None:
        self._host, self._port = address
        self._text = text
        self._health = health
        table = ConnectionTable(
            self._handle, Complaints("metrics"), _IDLE_SECONDS, _MOST_CONNECTIONS
        )
        self._runner = web.ServerRunner(table.server(), handle_signals=False, shutdown_timeout=1.0)

    async def open(self) -> None:
        """Start to listen; OSError if the address cannot be used."""
        await self._runner.setup()
        await web.SockSite(self._runner, listen_on(self._host, self._port)).start()

    async def close(self) -> None:
        """Stop to listen."""
        await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest, _: Connection) -> web.StreamResponse:
        if request.method not in ("GET", "HEAD"):
            return Answer(405)
        if request.path == "/metrics":
            return Answer(200, self._text(), CONTENT_TYPE)
        if request.path == "/health":
            facts = self._health()
            status = _UNAVAILABLE if facts.reasons else 200
            return Answer(status, json.dumps(facts.shape).encode() + b"\n", JSON)
        return Answer(404, NO_SUCH_PATH)
