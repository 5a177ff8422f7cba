"""Connections of callers within bounds, on real sockets of this machine."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from ccxx_node.node.metrics_server import MetricsServer
from ccxx_node.rpc.answers import Answer
from ccxx_node.rpc.complaints import Complaints
from ccxx_node.rpc.connections import Connection, ConnectionTable, listen_on
from ccxx_node.rpc.health import HealthFacts

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Door:
    """A server whose callers are answered once `opened` is set; all who came have their place."""

    def __init__(self, most: int, body: bytes = b"hello", *, users: int = 0) -> None:
        """The first `users` callers count as such who gave a password."""
        self.body = body
        self.users = users
        self.opened = asyncio.Event()
        self.asked: list[Connection] = []
        self.port = 0
        self.callers: list[Streams] = []
        self.table = ConnectionTable(self.answer, Complaints("rpc"), 30.0, most)

    async def answer(self, _: web.BaseRequest, connection: Connection) -> web.StreamResponse:
        if len(self.asked) < self.users:
            connection.let_in("alice", "Basic x")
        self.asked.append(connection)
        await self.opened.wait()
        return Answer(200, self.body)

    async def connect(self) -> Streams:
        streams = await asyncio.open_connection("127.0.0.1", self.port)
        self.callers.append(streams)
        return streams

    async def ask(self, request: bytes = GET) -> Streams:
        """Connect and send; returns when the request has come."""
        before = len(self.asked)
        streams = await self.connect()
        streams[1].write(request)
        async with asyncio.timeout(10):
            while len(self.asked) == before:
                await asyncio.sleep(0)
        return streams


@asynccontextmanager
async def listening(door: Door) -> AsyncIterator[Door]:
    runner = web.ServerRunner(door.table.server(), handle_signals=False, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    door.port = runner.addresses[0][1]
    try:
        yield door
    finally:
        for _, writer in door.callers:
            writer.transport.abort()
        await runner.cleanup()


async def first_line(streams: Streams) -> bytes:
    async with asyncio.timeout(10):
        return await streams[0].readline()


def test_newcomer_takes_the_place_of_a_stranger_who_is_being_answered() -> None:
    async def story() -> list[bytes]:
        async with listening(Door(most=2)) as door:
            strangers = [await door.ask(), await door.ask()]
            newcomer = await door.ask()
            door.opened.set()
            return [await first_line(each) for each in (*strangers, newcomer)]

    assert asyncio.run(story()) == [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n"]


def test_newcomer_takes_no_place_of_a_user_who_is_being_answered() -> None:
    async def story() -> list[bytes]:
        async with listening(Door(most=1, users=1)) as door:
            user = await door.ask()
            newcomer = await door.connect()
            gone = await first_line(newcomer)
            door.opened.set()
            return [gone, await first_line(user)]

    assert asyncio.run(story()) == [b"", b"HTTP/1.1 200 OK\r\n"]


def test_questions_wait_while_answers_are_not_read() -> None:
    asked = 10_000

    async def story() -> int:
        async with listening(Door(most=1, body=b"x" * 10_000)) as door:
            door.opened.set()
            await door.ask(GET * asked)
            async with asyncio.timeout(10):
                while not door.asked[0].writing_paused:
                    await asyncio.sleep(0)
            answered = 0
            while len(door.asked) != answered:
                answered = len(door.asked)
                for _ in range(100):
                    await asyncio.sleep(0)
            return answered

    assert asyncio.run(story()) < asked


@pytest.mark.parametrize("sent", [b"hello\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"])
def test_what_is_no_http_is_told_no_more_than_that(
    sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> bytes:
        async with listening(Door(most=1)) as door:
            reader, writer = await door.connect()
            writer.write(sent)
            async with asyncio.timeout(10):
                return await reader.read()

    head, _, body = asyncio.run(story()).partition(b"\r\n\r\n")

    assert body == b"Bad Request"
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"erver:" not in head
    assert caplog.messages == ["rpc refused peer=127.0.0.1 reason=not-http"]


def test_leaving_in_the_middle_of_a_body_is_nobodys_bug(caplog: pytest.LogCaptureFixture) -> None:
    async def read_body(request: web.BaseRequest, connection: Connection) -> web.StreamResponse:
        door.asked.append(connection)
        await request.content.read()
        return Answer(200)

    async def story() -> None:
        async with listening(door):
            head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
            _, writer = await door.ask(head + b"half")
            writer.close()
            async with asyncio.timeout(10):
                while door.asked[0].is_answered:
                    await asyncio.sleep(0)

    door = Door(most=1)
    door.table.handler = read_body
    asyncio.run(story())

    assert caplog.messages == []


async def test_metrics_on_what_is_no_name_are_an_error_of_the_system() -> None:
    with pytest.raises(OSError, match="not known"):
        await MetricsServer(("a" * 70, 1), bytes, HealthFacts).open()


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no IPv6 here")
def test_caller_over_ipv4_is_shown_as_such_where_one_socket_serves_both() -> None:
    async def story() -> str:
        door = Door(most=1)
        door.opened.set()
        sock = listen_on("::", 0)
        door.port = sock.getsockname()[1]
        runner = web.ServerRunner(door.table.server(), shutdown_timeout=0.1)
        await runner.setup()
        await web.SockSite(runner, sock).start()
        streams = await door.ask()
        shown = door.asked[0].address
        assert door.asked[0].is_allowed
        streams[1].transport.abort()
        await runner.cleanup()
        return shown

    assert asyncio.run(story()) == "127.0.0.1"
