"""Connections: which come to an end, and when, and what is still waited for."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from ccxx_node.p2p.messages import TxMessage, Verack
from ccxx_node.p2p.peers.actions import Ban
from ccxx_node.p2p.sockets.connections import Connection, Origin
from ccxx_node.p2p.sockets.switchboard import overdue


async def test_misbehaving_onion_peer_is_banned(calls: Any) -> None:
    connection = calls.connect("bitcoinostk4e4re.onion")

    calls.board.perform([Ban(connection.peer.id, "misbehaved")])

    assert calls.bans.is_banned(connection.peer.net_address.ip, calls.world.node.now())
    assert not calls.board.connections


async def test_orphans_are_taken_in_whoever_does_not_read(calls: Any) -> None:
    world = calls.world
    parent = world.spend(world.coin(), vout=1)
    orphan = world.spend(parent, value=500)
    of_parent, of_orphan = (calls.connect(f"8.8.8.{n}", inbound=True) for n in (1, 2))
    for connection, tx in ((of_orphan, orphan), (of_parent, parent)):
        world.logic.connected(connection.peer)
        connection.opened_at = connection.received_at = asyncio.get_running_loop().time()
        connection.peer.send_paused = True
        world.say(connection.peer, world.version(), Verack(), TxMessage.of(tx))

    serving = asyncio.create_task(calls.board.run())
    async with asyncio.timeout(5):
        while orphan.txid not in world.pool:
            await asyncio.sleep(0)
    calls.board.close()
    await serving


async def test_orphans_do_not_leave_with_who_sent_their_parent(calls: Any) -> None:
    world = calls.world
    parent = world.spend(world.coin(), vout=1)
    orphan = world.spend(parent, value=500)
    of_orphan, of_parent = world.meet(), world.meet()
    world.say(of_orphan, TxMessage.of(orphan))

    world.logic.receive(of_parent.id, TxMessage.of(parent))
    world.logic.disconnected(of_parent.id)
    world.tick(of_orphan)

    assert orphan.txid in world.pool


class Unread(asyncio.Transport):
    """A transport whose other side reads nothing."""

    is_closed = is_aborted = False
    unsent = 0

    def is_closing(self) -> bool:
        return self.is_closed or self.is_aborted

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def close(self) -> None:
        self.is_closed = True

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Take any limits."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Be from nowhere."""

    def abort(self) -> None:
        self.is_aborted = True


async def test_nothing_waits_for_who_does_not_read(calls: Any) -> None:
    connection, transport = Connection(calls.board, Origin()), Unread()
    connection.connection_made(transport)
    connection.pause_writing()

    connection.close()

    assert transport.is_aborted


@pytest.mark.parametrize(("unsent", "may_linger"), [(1000, True), (500_000, False)])
async def test_only_last_words_are_waited_for(calls: Any, unsent: int, may_linger: bool) -> None:
    connection, transport = Connection(calls.board, Origin()), Unread()
    connection.connection_made(transport)
    transport.unsent = unsent

    connection.close()

    assert transport.is_closed is may_linger
    assert transport.is_aborted is not may_linger


async def test_whose_place_is_taken_is_not_waited_for(calls: Any) -> None:
    calls.use(replace(calls.options, max_connections=39))
    crowd = [Unread() for _ in range(31)]

    for transport in crowd:
        transport.unsent = 1000
        Connection(calls.board, Origin()).connection_made(transport)

    assert len(calls.board.connections) == 30
    assert sum(transport.is_aborted for transport in crowd) == 1


async def test_ban_ends_all_that_an_address_opened_but_what_we_asked_for(calls: Any) -> None:
    for port in (1, 2, 3):
        calls.connect(f"8.8.8.8:{port}", inbound=True)
    friend = calls.connect("8.8.8.8:4", inbound=True, whitelisted=True)
    added = calls.connect("8.8.8.8:5", manual=True)
    other = calls.connect("8.8.8.9:1", inbound=True)

    calls.board.perform([Ban(1, "misbehaved")])

    assert list(calls.board.connections.values()) == [friend, added, other]


@pytest.mark.parametrize(
    ("facts", "seconds", "reason"),
    [
        ({}, 59, ""),
        ({}, 61, "nothing said"),
        ({"heard": True}, 61, "handshake timeout"),
        ({"heard": True, "ready": True}, 1199, ""),
        ({"heard": True, "ready": True}, 1201, "silent"),
        ({"heard": True, "ready": True, "oneshot": True}, 119, ""),
        ({"heard": True, "ready": True, "oneshot": True}, 121, "oneshot timeout"),
    ],
)
async def test_connection_that_comes_to_nothing_is_ended(
    calls: Any, facts: dict[str, bool], seconds: int, reason: str
) -> None:
    connection = calls.connect("8.8.8.8", oneshot=facts.get("oneshot", False))
    if facts.get("heard"):
        connection.peer.traffic.bytes_sent = connection.peer.traffic.bytes_received = 1
    connection.peer.is_ready = facts.get("ready", False)

    assert overdue(connection, float(seconds)) == reason


async def test_connection_that_does_not_read_is_ended(calls: Any) -> None:
    connection = calls.connect("8.8.8.8")
    connection.peer.traffic.bytes_sent = connection.peer.traffic.bytes_received = 1
    connection.peer.is_ready = True
    now = asyncio.get_running_loop().time()
    connection.received_at = now + 301
    connection.pause_writing()

    assert overdue(connection, now + 299) == ""
    assert overdue(connection, now + 302) == "reads too slowly"
    assert connection.peer.send_paused
