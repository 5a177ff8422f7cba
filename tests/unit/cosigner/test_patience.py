"""Connections that are slow or too many do not keep others from being served."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from ccxx_root.cosigner.patience import Doorkeeper, Patience, listen

QUESTION = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"


async def answer(request: web.Request) -> web.Response:
    body = await request.read()
    response = web.Response(body=body or b"hello")
    response.force_close()
    return response


@asynccontextmanager
async def served(patience: Patience) -> AsyncIterator[int]:
    """Serve with some patience at a free port."""
    app = web.Application()
    app.router.add_route("*", "/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    assert runner.server is not None
    server = await listen(runner.server, ("127.0.0.1", 0), None, patience)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await runner.cleanup()


async def exchange(port: int, *said: bytes) -> bytes:
    """Say something and return all that comes until the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for words in said:
        writer.write(words)
        await writer.drain()
    try:
        async with asyncio.timeout(10):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def test_a_request_in_one_piece_or_in_many_is_answered() -> None:
    async with served(Patience()) as port:
        whole = await exchange(port, QUESTION)
        pieces = await exchange(port, *(bytes([each]) for each in QUESTION))

    assert whole.endswith(b"hello")
    assert pieces.endswith(b"hello")


async def test_who_says_nothing_is_cut_off() -> None:
    async with served(Patience(header_seconds=0.05)) as port:
        assert await exchange(port) == b""


async def test_headers_without_end_are_cut_off() -> None:
    async with served(Patience(header_seconds=0.05)) as port:
        assert await exchange(port, QUESTION[:-2]) == b""


async def test_a_body_without_end_is_cut_off() -> None:
    endless = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 100\r\n\r\nhalf"
    async with served(Patience(header_seconds=5, whole_seconds=0.05)) as port:
        assert await exchange(port, endless) == b""


async def test_one_too_many_is_turned_away_until_somebody_leaves() -> None:
    async with served(Patience(header_seconds=5, most=1)) as port:
        _, first = await asyncio.open_connection("127.0.0.1", port)
        refused = await exchange(port, QUESTION)
        first.close()
        await first.wait_closed()
        answers = [await exchange(port, QUESTION) for _ in range(3)]

    assert refused == b""
    assert answers[-1].endswith(b"hello")


def test_each_address_has_its_share_and_a_proxy_all() -> None:
    door = Doorkeeper(Patience(most=10, most_each=2))

    strangers = [door.admit("192.0.2.1") for _ in range(3)]
    others = door.admit("192.0.2.2")
    here = [door.admit("127.0.0.1") for _ in range(8)]
    door.leave("192.0.2.1")

    assert strangers == [True, True, False]
    assert others
    assert here == [True] * 7 + [False]
    assert door.admit("192.0.2.1")
