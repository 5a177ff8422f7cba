"""Connections to real nodes: who may come, who has to go, and that nobody can take too much."""

import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ccxx_core.network import REGTEST
from ccxx_node.p2p.messages import (
    MSG_WITNESS_BLOCK,
    GetData,
    InventoryItem,
)
from ccxx_regtest import faucet
from ccxx_regtest.node import RegtestNode
from ccxx_regtest.processes import program

StartNode = Callable[..., RegtestNode]
Meet = Callable[[RegtestNode], Any]


@pytest.fixture
def node(start_node: StartNode) -> RegtestNode:
    """A node that listens."""
    return start_node("node", "-pid=node.pid")


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
    first.process.wait_until(lambda: count(first) == 1)
    first.mine(3, faucet.ADDRESS)
    second.process.wait_until(lambda: second.client.block_count() == 3)

    second.mine(2, faucet.ADDRESS)

    first.process.wait_until(lambda: first.client.block_count() == 5)
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
    second.process.wait_until(lambda: second.client.block_count() == 10)

    here = faucet.pay(first.client, 1, faucet.ADDRESS, 100_000)
    there = faucet.pay(second.client, 2, faucet.ADDRESS, 100_000)

    for node in (first, second):
        node.process.wait_until(
            lambda node=node: set(node.client.call("getrawmempool")) == {here, there}
        )


def test_node_of_connect_is_called_and_called_again(start_node: StartNode) -> None:
    second = start_node("second")
    first = start_node("first", "-listen=0", f"-connect={second.peer_address}", "-nobind")
    first.process.wait_until(lambda: count(first) == 1)

    second.client.call("disconnectnode", "", 0)

    first.process.wait_until(
        lambda: [peer["id"] for peer in first.client.call("getpeerinfo")] == [1]
    )


def test_banned_address_is_not_let_in_even_after_a_restart(node: RegtestNode, meet: Meet) -> None:
    stranger = meet(node)
    stranger.introduce()

    node.client.call("setban", "127.0.0.0/8", "add", 1000)

    assert stranger.is_closed()
    assert meet(node).is_closed()
    node.crash()
    assert meet(node).is_closed()
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


def test_node_that_does_not_listen_has_no_port(tmp_path: Path, meet: Meet) -> None:
    with RegtestNode(tmp_path / "alone", tmp_path / "alone.log") as alone:
        with pytest.raises(ConnectionRefusedError):
            meet(alone)

        assert count(alone) == 0


def test_other_protocols_are_hung_up_on(node: RegtestNode, meet: Meet) -> None:
    stranger = meet(node)

    stranger.socket.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")

    assert stranger.is_closed()
    assert "reason=frame starts with" in log(node)


def test_frame_that_is_too_long_is_hung_up_on(node: RegtestNode, meet: Meet) -> None:
    stranger = meet(node)
    stranger.introduce()

    stranger.socket.sendall(REGTEST.magic + b"block".ljust(12, b"\0") + b"\xff" * 8)

    assert stranger.is_closed()


def test_newcomers_displace_each_other_and_not_who_was_there(
    start_node: StartNode, meet: Meet
) -> None:
    node = start_node("node", "-maxconnections=40")
    old = [meet(node) for _ in range(10)]
    for stranger in old:
        stranger.introduce()

    crowd = [meet(node) for _ in range(200)]

    node.process.wait_until(lambda: count(node) <= 31)
    for stranger in old:
        stranger.wait_until_heard()
    assert len(crowd) == 200


def test_who_does_not_read_gets_no_more_than_a_buffer(node: RegtestNode, meet: Meet) -> None:
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
            stranger.say(GetData(items * 10))

    assert resident(node) - before < 60_000_000
    other = meet(node)
    other.introduce()


def test_half_a_message_holds_nobody_up(node: RegtestNode, meet: Meet) -> None:
    half = meet(node)
    half.introduce()
    half.socket.sendall(REGTEST.magic + b"block".ljust(12, b"\0") + b"\0\0\x3d\0" + b"\0" * 1000)

    other = meet(node)
    other.introduce()

    assert count(node) == 2


def test_switched_off_network_has_no_connections(node: RegtestNode, meet: Meet) -> None:
    stranger = meet(node)
    stranger.introduce()

    node.client.call("setnetworkactive", False)

    assert stranger.is_closed()
    assert meet(node).is_closed()
    assert node.client.call("getnetworkinfo")["networkactive"] is False


def test_lost_and_damaged_files_cost_nothing(node: RegtestNode) -> None:
    node.client.call("setban", "9.8.7.6", "add")
    node.stop()
    for name in ("peers.json", "banlist.json"):
        (node.datadir / "regtest" / name).write_bytes(b"\0damaged")

    node.crash()

    assert node.client.call("listbanned") == []
    assert node.client.call("getnodeaddresses") == []
