"""Whom the node calls of its own choice, and which connections have lasted long enough."""

import asyncio
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ccxx_core.network import REGTEST
from ccxx_node.p2p.addresses.address_book import KnownAddress
from ccxx_node.p2p.addresses.bans import BanList, BanReason, parse_subnet
from ccxx_node.p2p.addresses.endpoints import parse_endpoint, parse_host
from ccxx_node.p2p.messages import NetAddress
from ccxx_node.p2p.options import NetworkOptions
from ccxx_node.p2p.peers.actions import Ban
from ccxx_node.p2p.peers.peer import Peer, Permissions
from ccxx_node.p2p.sockets.calling import Caller
from ccxx_node.p2p.sockets.choosing import Chooser
from ccxx_node.p2p.sockets.connections import Connection, Origin
from ccxx_node.p2p.sockets.switchboard import Switchboard, overdue
from ccxx_node.p2p.sockets.upload_quota import UploadQuota

PORT = REGTEST.p2p_port
FULL = 9


class Calls:
    """A node that may call whom it likes, with a book that a test writes."""

    def __init__(self, world: Any, folder: Path) -> None:
        options = NetworkOptions(folder, REGTEST.magic, PORT)
        self.world = world
        self.bans = BanList(folder / "banlist.json")
        quota = UploadQuota(0, world.node.now)
        self.board = Switchboard(world.logic, options, self.bans, quota, world.node)
        self.caller = Caller(self.board, Random(1))
        self.chooser = Chooser(self.board, self.caller, world.book, self.bans, world.node)

    def know(self, text: str, services: int = FULL) -> None:
        """Write an address into the book."""
        endpoint = parse_endpoint(text, PORT)
        source = parse_host("4.5.6.7")
        known = KnownAddress(endpoint, services, self.world.node.now(), source)
        self.world.book.add([known], self.world.node.now())

    def connect(self, text: str) -> Connection:
        """Stand as if there were a connection to an address."""
        endpoint = parse_endpoint(text, PORT)
        connection = Connection(self.board, Origin(inbound=False))
        address = NetAddress(FULL, endpoint.ip, endpoint.port)
        peer = Peer(len(self.board.connections), str(endpoint), address, False, 0)
        connection.peer = peer
        self.board.connections[peer.id] = connection
        return connection

    def chosen(self, *, feels: bool = False) -> str | None:
        """Return the address that would be called now."""
        known = self.chooser.choose(self.world.node.now(), feels=feels)
        return None if known is None else str(known.endpoint)


@pytest.fixture
async def calls(world: Any, tmp_path: Path) -> Calls:
    """A node within an event loop, as its parts expect."""
    return Calls(world, tmp_path)


async def test_known_address_is_called(calls: Calls) -> None:
    calls.know("8.8.8.8")

    assert calls.chosen() == f"8.8.8.8:{PORT}"


async def test_nobody_is_called_who_cannot_give_blocks_with_witnesses(calls: Calls) -> None:
    calls.know("8.8.8.8", services=1)

    assert calls.chosen() is None
    assert calls.chosen(feels=True) == f"8.8.8.8:{PORT}"


async def test_one_network_group_is_called_once(calls: Calls) -> None:
    calls.know("8.8.8.8")
    calls.know("9.9.9.9")

    calls.connect("8.8.4.4")

    assert {calls.chosen() for _ in range(20)} <= {f"9.9.9.9:{PORT}", None}
    assert f"9.9.9.9:{PORT}" in {calls.chosen() for _ in range(20)}


async def test_banned_and_unreachable_addresses_are_not_called(calls: Calls) -> None:
    calls.know("8.8.8.8")
    calls.know("bitcoinostk4e4re.onion")
    subnet = parse_subnet("8.8.0.0/16")

    calls.bans.add(subnet, BanReason.MANUAL, calls.world.node.now())

    assert calls.chosen() is None


async def test_usual_port_is_preferred(calls: Calls) -> None:
    calls.know("8.8.8.8:1")
    calls.know("9.9.9.9")

    assert {calls.chosen() for _ in range(20)} == {f"9.9.9.9:{PORT}"}


async def test_unusual_port_is_called_where_there_is_no_other(calls: Calls) -> None:
    calls.know("8.8.8.8:1")

    assert calls.chosen() == "8.8.8.8:1"


@pytest.mark.parametrize("text", ["a..b", "a" * 64 + ".org", ":10841", "x\0y"])
async def test_what_is_no_name_is_not_found(calls: Calls, text: str) -> None:
    assert not await calls.caller.call(text, Permissions(manual=True))


async def test_misbehaving_onion_peer_is_banned(calls: Calls) -> None:
    connection = calls.connect("bitcoinostk4e4re.onion")
    assert connection.peer is not None

    calls.board.perform([Ban(connection.peer.id, "misbehaved")])

    assert calls.bans.is_banned(connection.peer.net_address.ip, calls.world.node.now())
    assert not calls.board.connections


class Unread(asyncio.Transport):
    """A transport whose other side reads nothing."""

    is_aborted = False

    def is_closing(self) -> bool:
        return self.is_aborted

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Take any limits."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Be from nowhere."""

    def abort(self) -> None:
        self.is_aborted = True


async def test_nothing_waits_for_who_does_not_read(calls: Calls) -> None:
    connection, transport = Connection(calls.board, Origin()), Unread()
    connection.connection_made(transport)
    connection.pause_writing()

    connection.close()

    assert transport.is_aborted


@pytest.mark.parametrize(
    ("facts", "seconds", "reason"),
    [
        ({}, 59, ""),
        ({}, 61, "nothing said"),
        ({"heard": True}, 61, "handshake timeout"),
        ({"heard": True, "ready": True}, 1199, ""),
        ({"heard": True, "ready": True}, 1201, "silent"),
    ],
)
async def test_connection_that_comes_to_nothing_is_ended(
    calls: Calls, facts: dict[str, bool], seconds: int, reason: str
) -> None:
    connection = calls.connect("8.8.8.8")
    assert connection.peer is not None
    if facts.get("heard"):
        connection.peer.traffic.bytes_sent = connection.peer.traffic.bytes_received = 1
    connection.peer.is_ready = facts.get("ready", False)

    assert overdue(connection, float(seconds)) == reason


async def test_connection_that_does_not_read_is_ended(calls: Calls) -> None:
    connection = calls.connect("8.8.8.8")
    assert connection.peer is not None
    connection.peer.traffic.bytes_sent = connection.peer.traffic.bytes_received = 1
    connection.peer.is_ready = True
    now = asyncio.get_running_loop().time()
    connection.received_at = now + 301
    connection.pause_writing()

    assert overdue(connection, now + 299) == ""
    assert overdue(connection, now + 302) == "reads too slowly"
    assert connection.peer.send_paused
