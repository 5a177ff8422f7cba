"""One line for every request that was answered, and one for what was no request at all."""

from __future__ import annotations

import logging

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger
from aiohttp.http_exceptions import HttpProcessingError

from ccxx_explorer.serving.clients import client_of
from ccxx_explorer.serving.settings import SERVING

ACCESS = logging.getLogger("ccxx.access")
_MOST_PATH = 200


class AccessLog(AbstractAccessLogger):
    """Writes what was asked, never what stands behind the question mark: it is the visitor's."""

    @property
    def enabled(self) -> bool:
        """Tell whether anybody reads it."""
        return self.logger.isEnabledFor(logging.INFO)

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Write one line."""
        client = None
        if isinstance(request, web.Request):
            client = client_of(request, request.app[SERVING].proxies)
        self.logger.info(
            "request answered method=%s path=%s status=%d bytes=%d ms=%d client=%s",
            request.method[:16],
            # Raw: what cannot be printed stands in percents.
            request.rel_url.raw_path[:_MOST_PATH],
            response.status,
            response.body_length,
            round(time * 1000),
            client or "local",
        )


class NoTraces(logging.Filter):
    """Bytes that are no HTTP are the sender's fault: one line, and not a traceback of ours."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Shorten what the web server says about them."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            record.exc_info = None
            record.levelno, record.levelname = logging.INFO, "INFO"
            record.msg, record.args = "request not read status=%d", (error.code,)
        return True
