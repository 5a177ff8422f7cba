"""Connections to real nodes: who may come, who has to go, and that nobody can take too much."""

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from ccxx_core.network import REGTEST
from ccxx_node.p2p.messages import (
    MSG_WITNESS_BLOCK,
    GetData,
    InventoryItem,
    Message,
    Ping,
    Pong,
    Verack,
    Version,
    decode_message,
)
from ccxx_node.p2p.wire import FrameReader, encode_message
from ccxx_regtest import faucet
from ccxx_regtest.node import RegtestNode
from ccxx_regtest.processes import program

WAIT_SECONDS = 30

StartNode = Callable[..., RegtestNode]


class Stranger:
    """A peer made of a socket, which says what a test wants it to."""

    def __init__(self, node: RegtestNode) -> None:
        host, _, port = node.peer_address.partition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=WAIT_SECONDS)
        self._reader = FrameReader(REGTEST.magic)
        self._frames: Iterator[Any] = iter(())

    def send(self, message: Message) -> None:
        self.socket.sendall(encode_message(REGTEST.magic, message))

    def introduce(self) -> None:
        """Do the handshake."""
        self.send(Version(70015, 9, int(time.time())))
        self.wait_for(Verack)
        self.send(Verack())
        self.answer()

    def answer(self) -> None:
        """Return when everything sent so far has been worked on."""
        self.send(Ping(7))
        while self.wait_for(Pong) != Pong(7):
            continue

    def wait_for(self, kind: type[Any]) -> Message:
        """Return the next message of a kind; raises ConnectionError if the node hangs up."""
        while True:
            for frame in self._frames:
                message = decode_message(frame.command, frame.payload)
                if isinstance(message, kind):
                    return message
            data = self.socket.recv(1 << 16)
            if not data:
                raise ConnectionError("closed")
            self._frames = self._reader.feed(data)

    def is_refused(self) -> bool:
        """Tell whether the node hangs up."""
        try:
            while self.socket.recv(1 << 16):
                continue
        except TimeoutError:
            return False
        except ConnectionError:
            return True
        return True


@pytest.fixture
def meet() -> Iterator[Callable[[RegtestNode], Stranger]]:
    """Give a function that connects a stranger to a node."""
    with ExitStack() as stack:

        def connect(node: RegtestNode) -> Stranger:
            stranger = Stranger(node)
            stack.callback(stranger.socket.close)
            return stranger

        yield connect


@pytest.fixture
def node(start_node: StartNode) -> RegtestNode:
    """A node that listens."""
    return start_node("node", "-pid=node.pid")


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def count(node: RegtestNode) -> int:
    connections: int = node.client.call("getconnectioncount")
    return connections


def log(node: RegtestNode) -> str:
    return (node.datadir / "regtest" / "debug.log").read_text()


def resident(node: RegtestNode) -> int:
    """Return the bytes of memory that the node's process has."""
    process = (node.datadir / "regtest" / "node.pid").read_text().strip()
    status = Path(f"/proc/{process}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


def test_added_node_is_found_again_after_it_was_away(start_node: StartNode) -> None:
    first, second = start_node("first"), start_node("second")
    first.client.call("addnode", second.peer_address, "add")
    wait_until(lambda: count(first) == 1)
    first.mine(3, faucet.ADDRESS)
    wait_until(lambda: second.client.block_count() == 3)

    second.mine(2, faucet.ADDRESS)

    wait_until(lambda: first.client.block_count() == 5)
    (added,) = first.client.call("getaddednodeinfo")
    assert added == {
        "addednode": second.peer_address,
        "connected": True,
        "addresses": [{"address": second.peer_address, "connected": "outbound"}],
    }


def test_transactions_travel_both_ways(start_node: StartNode) -> None:
    first, second = start_node("first", "-whitelist=127.0.0.1"), start_node("second")
    first.mine(10, faucet.ADDRESS)
    second.connect_to(first)
    wait_until(lambda: second.client.block_count() == 10)

    here = faucet.pay(first.client, 1, faucet.ADDRESS, 100_000)
    there = faucet.pay(second.client, 2, faucet.ADDRESS, 100_000)

    for node in (first, second):
        wait_until(lambda node=node: set(node.client.call("getrawmempool")) == {here, there})


def test_node_of_connect_is_called_and_called_again(start_node: StartNode) -> None:
    second = start_node("second")
    first = start_node("first", "-listen=0", f"-connect={second.peer_address}", "-nobind")
    wait_until(lambda: count(first) == 1)

    second.client.call("disconnectnode", "", 0)

    wait_until(lambda: [peer["id"] for peer in first.client.call("getpeerinfo")] == [1])


def test_banned_address_is_not_let_in_even_after_a_restart(
    node: RegtestNode, meet: Callable[[RegtestNode], Stranger]
) -> None:
    stranger = meet(node)
    stranger.introduce()

    node.client.call("setban", "127.0.0.0/8", "add", 1000)

    assert stranger.is_refused()
    assert meet(node).is_refused()
    node.crash()
    assert meet(node).is_refused()
    node.client.call("clearbanned")
    meet(node).introduce()


def test_port_in_use_is_one_clear_line(node: RegtestNode, tmp_path: Path) -> None:
    port = node.peer_address.partition(":")[2]
    folder = tmp_path / "second"
    folder.mkdir()
    command = [program("ccxx-node"), "-regtest", f"-datadir={folder}", "-server=0"]

    second = subprocess.run(
        [*command, f"-bind=127.0.0.1:{port}"], capture_output=True, text=True, timeout=60
    )

    assert second.returncode == 1
    assert second.stderr == (
        f"Error: Unable to bind to 127.0.0.1:{port} on this computer."
        " ccxx-node is probably already running.\n"
    )


def test_node_that_does_not_listen_has_no_port(tmp_path: Path) -> None:
    with RegtestNode(tmp_path / "alone", tmp_path / "alone.log") as alone:
        with pytest.raises(ConnectionRefusedError):
            Stranger(alone)

        assert count(alone) == 0


def test_other_protocols_are_hung_up_on(
    node: RegtestNode, meet: Callable[[RegtestNode], Stranger]
) -> None:
    stranger = meet(node)

    stranger.socket.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")

    assert stranger.is_refused()
    assert "reason=frame starts with" in log(node)


def test_frame_that_is_too_long_is_hung_up_on(
    node: RegtestNode, meet: Callable[[RegtestNode], Stranger]
) -> None:
    stranger = meet(node)
    stranger.introduce()

    stranger.socket.sendall(REGTEST.magic + b"block".ljust(12, b"\0") + b"\xff" * 8)

    assert stranger.is_refused()


def test_newcomers_displace_each_other_and_not_who_was_there(
    start_node: StartNode, meet: Callable[[RegtestNode], Stranger]
) -> None:
    node = start_node("node", "-maxconnections=40")
    old = [meet(node) for _ in range(10)]
    for stranger in old:
        stranger.introduce()

    crowd = [meet(node) for _ in range(200)]

    wait_until(lambda: count(node) <= 31)
    for stranger in old:
        stranger.answer()
    assert len(crowd) == 200


def test_who_does_not_read_gets_no_more_than_a_buffer(
    node: RegtestNode, meet: Callable[[RegtestNode], Stranger]
) -> None:
    node.mine(200, faucet.ADDRESS)
    items = tuple(
        InventoryItem(MSG_WITNESS_BLOCK, bytes.fromhex(node.client.call("getblockhash", n))[::-1])
        for n in range(1, 201)
    )
    stranger = meet(node)
    stranger.introduce()
    stranger.socket.settimeout(1)
    before = resident(node)

    with suppress(TimeoutError, ConnectionError):
        for _ in range(400):
            stranger.send(GetData(items * 10))

    assert resident(node) - before < 60_000_000
    other = meet(node)
    other.introduce()


def test_half_a_message_holds_nobody_up(
    node: RegtestNode, meet: Callable[[RegtestNode], Stranger]
) -> None:
    half = meet(node)
    half.introduce()
    half.socket.sendall(REGTEST.magic + b"block".ljust(12, b"\0") + b"\0\0\x3d\0" + b"\0" * 1000)

    other = meet(node)
    other.introduce()

    assert count(node) == 2


def test_switched_off_network_has_no_connections(
    node: RegtestNode, meet: Callable[[RegtestNode], Stranger]
) -> None:
    stranger = meet(node)
    stranger.introduce()

    node.client.call("setnetworkactive", False)

    assert stranger.is_refused()
    assert meet(node).is_refused()
    assert node.client.call("getnetworkinfo")["networkactive"] is False


def test_lost_and_damaged_files_cost_nothing(node: RegtestNode) -> None:
    node.client.call("setban", "9.8.7.6", "add")
    node.stop()
    for name in ("peers.json", "banlist.json"):
        (node.datadir / "regtest" / name).write_bytes(b"\0damaged")

    node.crash()

    assert node.client.call("listbanned") == []
    assert node.client.call("getnodeaddresses") == []
