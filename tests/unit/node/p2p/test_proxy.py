"""Calls through a SOCKS5 proxy: names instead of numbers, passwords, and refusals."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from ccxx_node.p2p.addresses.endpoints import Endpoint, parse_endpoint
from ccxx_node.p2p.addresses.proxy import Proxies, connect_through

GRANTED = b"\x05\0\0\x01\0\0\0\0\0\0"
REFUSED = b"\x05\x05\0\x01\0\0\0\0\0\0"
DOMAIN_NAME = 3


class Socks:
    """A proxy that notes what it is asked for."""

    def __init__(self) -> None:
        self.answer = GRANTED
        self.asked: list[tuple[int, bytes, int]] = []
        self.passwords: list[bytes] = []
        self.endpoint = Endpoint(bytes(16), 0)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak the protocol with one caller (RFC 1928, 1929)."""
        methods = (await reader.readexactly(2))[1]
        wants_password = 2 in await reader.readexactly(methods)
        writer.write(b"\x05\x02" if wants_password else b"\x05\0")
        if wants_password:
            name = await reader.readexactly((await reader.readexactly(2))[1])
            password = await reader.readexactly((await reader.readexactly(1))[0])
            self.passwords.append(name + b":" + password)
            writer.write(b"\x01\0")
        kind = (await reader.readexactly(4))[3]
        host = await reader.readexactly((await reader.readexactly(1))[0])
        port = int.from_bytes(await reader.readexactly(2))
        self.asked.append((kind, host, port))
        writer.write(self.answer)
        await writer.drain()
        writer.close()


@pytest.fixture
async def socks() -> AsyncIterator[Socks]:
    """A proxy on a free port."""
    proxy = Socks()
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    proxy.endpoint = parse_endpoint(f"127.0.0.1:{port}", 0)
    yield proxy
    server.close()


@pytest.mark.parametrize(
    "host",
    [
        "15.61.23.23",
        "1233:3432:2434::4534",
        "bitcoinostk4e4re.onion",
        "node.example",
        "österreich.example",
    ],
)
async def test_proxy_is_always_given_a_name(socks: Socks, host: str) -> None:
    made = await connect_through(socks.endpoint, host, 1234, randomizes=False)
    made.close()

    assert socks.asked == [(DOMAIN_NAME, host.encode("idna"), 1234)]
    assert socks.passwords == []


async def test_every_call_has_a_password_of_its_own(socks: Socks) -> None:
    for _ in range(3):
        (await connect_through(socks.endpoint, "8.8.8.8", 1, randomizes=True)).close()

    assert len(set(socks.passwords)) == 3


async def test_refusal_of_the_proxy_is_a_failed_call(socks: Socks) -> None:
    socks.answer = REFUSED

    with pytest.raises(OSError, match="Connection refused"):
        await connect_through(socks.endpoint, "8.8.8.8", 1, randomizes=True)


async def test_name_that_cannot_be_sent_is_a_failed_call(socks: Socks) -> None:
    with pytest.raises(OSError, match="proxy"):
        await connect_through(socks.endpoint, "x" * 300, 1, randomizes=True)


def test_nearby_addresses_have_no_proxy() -> None:
    proxies = Proxies(ipv4=parse_endpoint("127.0.0.1:9050", 0))

    assert proxies.for_network("ipv4") is not None
    assert proxies.for_network("local") is None
