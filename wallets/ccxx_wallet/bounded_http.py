"""One HTTP request to a server that is not trusted: bounded in time and in what it may answer.

No proxies, no cookies, no compression that could swell, and redirects of a question only, a few,
within one scheme: nothing that went out over TLS comes back in the clear.
"""

import asyncio
import ipaddress
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import aiohttp

from ccxx_wallet.errors import Refusal, WalletError

_TIMES = aiohttp.ClientTimeout(total=60, sock_connect=10, sock_read=20)
_MOST_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PIECE = 65_536


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask: a method, an address, and a body of some kind (None: no body)."""

    method: str
    url: str
    body: bytes | aiohttp.FormData | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's answer: its status and its body, which is whole."""

    status: int
    body: bytes

    @property
    def is_good(self) -> bool:
        """Whether the server did what it was asked."""
        return 200 <= self.status < 300


def ask(request: Request, limit: int) -> Answer:
    """Return the answer to a request, of at most `limit` bytes.

    Raises WalletError STORE_FAILED where there is none in time, or a longer one.
    """
    try:
        return asyncio.run(_ask(request, limit))
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        reason = str(error).lower() or "no answer in time"
        raise failed(request.url, reason) from error


def check_address(url: str) -> str:
    """Return a store's address; raises WalletError BAD_FILE for what is none.

    Plain HTTP is for this machine only: documents would travel in the clear.
    """
    bad = _bad(f"{url[:100]!r} is no address such as https://documents.example/ccxx")
    try:
        parts = urlsplit(url)
        host, is_whole = parts.hostname, parts.port != 0
    except ValueError:
        raise bad from None
    if not host or not is_whole or parts.scheme not in ("http", "https"):
        raise bad
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise _bad("its address has a user, a query or a fragment; leave them out")
    if parts.scheme == "http" and not _is_here(host):
        raise _bad(f"{host} over http would see and show documents in the clear; use https")
    return url.rstrip("/")


def failed(url: str, reason: str) -> WalletError:
    """Say that a store did not do its part."""
    place = urlsplit(url).netloc
    return WalletError(
        Refusal.STORE_FAILED, f"the store {place} failed: {reason}; try again, or another --store"
    )


async def _ask(request: Request, limit: int) -> Answer:
    url, scheme = request.url, urlsplit(request.url).scheme
    headers = {"Accept-Encoding": "identity"}
    async with aiohttp.ClientSession(
        timeout=_TIMES, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
    ) as session:
        for _ in range(_MOST_REDIRECTS + 1):
            async with session.request(
                request.method, url, data=request.body, headers=headers, allow_redirects=False
            ) as answer:
                target = answer.headers.get("Location")
                if request.method != "GET" or answer.status not in _REDIRECTS or target is None:
                    return Answer(answer.status, await _read(answer, limit))
            url = urljoin(url, target)
            if urlsplit(url).scheme != scheme:
                raise ValueError(
                    f"it redirects from {scheme} to {urlsplit(url).scheme or 'nothing'}"
                )
    raise ValueError(f"it redirects more than {_MOST_REDIRECTS} times")


async def _read(answer: aiohttp.ClientResponse, limit: int) -> bytes:
    body = bytearray()
    async for piece in answer.content.iter_chunked(_PIECE):
        body += piece
        if len(body) > limit:
            raise ValueError(f"its answer is longer than {limit:,} bytes")
    return bytes(body)


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _bad(detail: str) -> WalletError:
    return WalletError(Refusal.BAD_FILE, f"--store: {detail}")
