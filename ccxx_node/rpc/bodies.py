"""Taking in what callers send, within bounds of size, time and memory."""

from __future__ import annotations

import asyncio

from aiohttp import web

from ccxx_core.errors import CcxxError

# All bodies that are being taken in or answered, together.
MAX_UNDER_WAY = 128 * 1024 * 1024


class TooLarge(CcxxError):
    """A body has more bytes than this node takes, or than it can take just now."""


class Stalled(CcxxError):
    """The rest of a body does not come."""


class BodyReader:
    """Reads the bodies of requests."""

    def __init__(self, timeout: float) -> None:
        """`timeout` is how many seconds a caller may take for the next piece."""
        self._timeout = timeout
        self._under_way = 0

    def keep(self, body: bytes) -> None:
        """Count a body for as long as it is answered: a call that waits may be a long one."""
        self._under_way += len(body)

    def let_go(self, body: bytes) -> None:
        """Count a body no longer."""
        self._under_way -= len(body)

    async def read(self, request: web.BaseRequest, most: int) -> bytes:
        """Return the whole body, or raise `TooLarge` or `Stalled`."""
        content = request.content
        if content.is_eof():
            # It came together with its head, as short ones do.
            body = content.read_nowait()
            if len(body) > most:
                raise TooLarge("Request is too large")
            return body
        announced = request.content_length or 0
        if announced > most:
            raise TooLarge("Request is too large")
        if request.headers.get("Expect", "").lower() == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return await self._collect(request, most)

    async def _collect(self, request: web.BaseRequest, most: int) -> bytes:
        chunks: list[bytes] = []
        size = 0
        try:
            while True:
                async with asyncio.timeout(self._timeout):
                    chunk = await request.content.readany()
                if not chunk:
                    return b"".join(chunks)
                size += len(chunk)
                self._under_way += len(chunk)
                if size > most or self._under_way > MAX_UNDER_WAY:
                    raise TooLarge("Request is too large")
                chunks.append(chunk)
        except TimeoutError:
            raise Stalled("the body does not come") from None
        finally:
            self._under_way -= size
