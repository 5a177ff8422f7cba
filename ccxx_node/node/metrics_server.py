"""`/metrics` for Prometheus and `/health` for balancers, on a port of their own."""

from __future__ import annotations

import json
from collections.abc import Callable

from aiohttp import web

from ccxx_node.node.metrics import CONTENT_TYPE
from ccxx_node.rpc.answers import JSON, Answer
from ccxx_node.rpc.health import HealthFacts
from ccxx_node.rpc.rest_formats import NO_SUCH_PATH

_UNAVAILABLE = 503


class MetricsServer:
    """Answers GET without a password: bind it to addresses that only friends reach."""

    def __init__(
        self, address: tuple[str, int], text: Callable[[], bytes], health: Callable[[], HealthFacts]
    ) -> None:
        self._host, self._port = address
        self._text = text
        self._health = health
        self._runner = web.ServerRunner(
            web.Server(self._handle, access_log=None, keepalive_timeout=30.0),
            handle_signals=False,
            shutdown_timeout=1.0,
        )

    async def open(self) -> None:
        """Start to listen; OSError if the address cannot be used."""
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()

    async def close(self) -> None:
        """Stop to listen."""
        await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.method not in ("GET", "HEAD"):
            return Answer(405)
        if request.path == "/metrics":
            return Answer(200, self._text(), CONTENT_TYPE)
        if request.path == "/health":
            facts = self._health()
            status = _UNAVAILABLE if facts.reasons else 200
            return Answer(status, json.dumps(facts.shape).encode() + b"\n", JSON)
        return Answer(404, NO_SUCH_PATH)
