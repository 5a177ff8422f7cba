"""HTTP answers that leave in one piece."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import HttpVersion10, web
from aiohttp.abc import AbstractStreamWriter

JSON = "application/json"
TEXT = "text/plain"
BINARY = "application/octet-stream"

_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}
# What is longer goes out while the other side reads, and so does all that follows unread answers.
_SMALL = 16_384


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
        self._is_sent = False

    @property
    def keep_alive(self) -> bool:
        """Whether the connection stays open for the next call."""
        return self._stays_open

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter:
        """Send everything, once; returns when the connection can take more."""
        if self._is_sent:
            return request.writer
        self._is_sent = True
        self._stays_open = request.keep_alive and self._keep_alive is not False
        connection = ""
        if not self._stays_open:
            connection = "Connection: close\r\n"
        elif request.version == HttpVersion10:
            connection = "Connection: keep-alive\r\n"
        content, writer = self._content, request.writer
        head = (
            f"{_LINES[self.status]}Content-Type: {self._kind}\r\n"
            f"Content-Length: {len(content)}\r\n{connection}{self._header}\r\n"
        )
        if request.method == "HEAD":
            content = b""
        await writer.write(head.encode() + content)
        if len(content) > _SMALL or request.protocol.writing_paused:
            await writer.drain()
        return writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to send."""
