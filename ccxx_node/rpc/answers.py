"""HTTP answers that leave in one piece."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import HttpVersion10, web
from aiohttp.abc import AbstractStreamWriter

JSON = "application/json"
TEXT = "text/plain"
BINARY = "application/octet-stream"

_LINES = {status: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}


class Answer(web.StreamResponse):
    """A whole answer: status, body, and perhaps one more header.

    Head and body go out in one write without the tables of headers that aiohttp builds for each of
    its own responses: they would cost more than a short call does.
    """

    def __init__(self, status: int, body: bytes = b"", kind: str = TEXT, header: str = "") -> None:
        """`kind` is the content type, `header` a further line of the head."""
        super().__init__(status=status)
        self._content = body
        self._kind = kind
        self._header = f"{header}\r\n" if header else ""
        self._stays_open = False

    @property
    def keep_alive(self) -> bool:
        """Whether the connection stays open for the next call."""
        return self._stays_open

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter:
        """Send everything; returns when the connection can take more."""
        self._stays_open = request.keep_alive and self._keep_alive is not False
        connection = ""
        if not self._stays_open:
            connection = "Connection: close\r\n"
        elif request.version == HttpVersion10:
            connection = "Connection: keep-alive\r\n"
        head = (
            f"Content-Type: {self._kind}\r\nContent-Length: {len(self._content)}\r\n"
            f"{connection}{self._header}\r\n"
        )
        body = b"" if request.method == "HEAD" else self._content
        writer = request.writer
        await writer.write(_LINES[HTTPStatus(self.status)] + head.encode() + body)
        await writer.drain()
        return writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to send."""
