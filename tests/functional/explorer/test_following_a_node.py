"""The explorer beside a real node that mines, reorganises, goes away and comes back."""

import json
import os
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ccxx_core.address import encode_address
from ccxx_core.network import REGTEST
from ccxx_core.script import p2wpkh_script
from ccxx_node.client.rpc import NodeError
from ccxx_regtest.node import RegtestNode
from ccxx_regtest.processes import Process, free_ports, program

MINER = encode_address(p2wpkh_script(bytes(range(20))), REGTEST) or ""


class Explorer:
    """A running `ccxx-explorer serve` without an anchor, asked over HTTP."""

    def __init__(self, folder: Path, node: RegtestNode) -> None:
        self.database = folder / "index.sqlite"
        port = free_ports(1)[0]
        self.url = f"http://127.0.0.1:{port}"
        options = [f"--database={self.database}", f"--port={port}"]
        self.process = Process(
            "ccxx-explorer",
            [program("ccxx-explorer"), "serve", *options],
            folder / "explorer.log",
            node.settings,
        )
        self.process.wait_until(lambda: self.get("status") is not None)

    def get(self, page: str) -> Any:
        """Return the JSON of a page, None while nobody answers."""
        try:
            with urllib.request.urlopen(f"{self.url}/{page}.json", timeout=30) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            error.close()
            return None
        except (urllib.error.URLError, OSError):
            return None

    def wait_for_tip(self, block_hash: str) -> None:
        """Wait until a block is the tip of the index."""
        self.process.wait_until(lambda: self.tip() == block_hash)

    def tip(self) -> str | None:
        """Return the hash of the index's tip."""
        status = self.get("status")
        return status["tip"]["hash"] if status and status["tip"] else None


def best_block(node: RegtestNode) -> str:
    """Return the hash of the node's tip as people read it."""
    return str(node.client.call("getbestblockhash"))


def start_again(node: RegtestNode, log: Path) -> Process:
    """Start a stopped node again where it was, and wait until it answers."""
    port = node.address.partition(":")[2]
    options = ["-regtest", f"-datadir={node.datadir}", f"-rpcport={port}", "-listen=0"]
    process = Process("ccxx-node", [program("ccxx-node"), *options], log, {})
    process.wait_until(lambda: answers(node))
    return process


def answers(node: RegtestNode) -> bool:
    """Tell whether a node can be asked."""
    try:
        node.client.block_count()
    except NodeError:
        node.client.close()
        return False
    return True


@pytest.fixture
def node(tmp_path: Path) -> Iterator[RegtestNode]:
    """A node with sixty blocks."""
    with RegtestNode(tmp_path / "node", tmp_path / "node.log") as running:
        running.mine(60, MINER)
        yield running


@pytest.fixture
def explorer(tmp_path: Path, node: RegtestNode) -> Iterator[Explorer]:
    """An explorer that has caught up."""
    running = Explorer(tmp_path, node)
    try:
        running.wait_for_tip(best_block(node))
        yield running
    finally:
        running.process.stop()


def test_new_blocks_appear_by_themselves(node: RegtestNode, explorer: Explorer) -> None:
    node.mine(3, MINER)

    explorer.wait_for_tip(best_block(node))

    address = explorer.get(f"address/{MINER}")
    assert explorer.get("status")["tip"]["height"] == 63
    assert address["transaction_count"] == 63
    assert explorer.get("block/63")["hash"] == best_block(node)


def test_reorganisation_is_followed(node: RegtestNode, explorer: Explorer) -> None:
    gone = str(node.client.call("getblockhash", 55))
    left = str(node.client.call("getblock", gone, 1)["tx"][0])
    node.client.call("invalidateblock", gone)
    other = encode_address(p2wpkh_script(bytes(20)), REGTEST) or ""
    node.mine(8, other)

    explorer.wait_for_tip(best_block(node))

    assert explorer.get(f"block/{gone}") is None
    assert explorer.get(f"tx/{left}") is None
    assert explorer.get(f"address/{MINER}")["transaction_count"] == 54
    assert explorer.get(f"address/{other}")["transaction_count"] == 8


def test_node_that_goes_away_is_named_and_found_again(
    tmp_path: Path, node: RegtestNode, explorer: Explorer
) -> None:
    tip = best_block(node)
    node.stop()
    explorer.process.wait_until(lambda: not explorer.get("status")["node"]["online"])

    status = explorer.get("status")
    assert status["tip"]["hash"] == tip
    assert status["node"]["problem"] == "the node does not answer"
    assert explorer.get("block/60")["hash"] == tip

    again = start_again(node, tmp_path / "again.log")
    try:
        node.mine(1, MINER)
        explorer.wait_for_tip(best_block(node))
        assert explorer.get("status")["node"]["online"]
    finally:
        node.client.close()
        again.stop()


def test_killed_explorer_goes_on_from_its_file(tmp_path: Path, node: RegtestNode) -> None:
    first = Explorer(tmp_path, node)
    first.wait_for_tip(best_block(node))
    node.mine(20, MINER)
    first.process.kill()

    second = Explorer(tmp_path, node)
    try:
        second.wait_for_tip(best_block(node))
        assert second.get("status")["counts"]["blocks"] == 81
        assert second.get(f"address/{MINER}")["transaction_count"] == 80
    finally:
        second.process.stop()


def test_index_command_catches_up_and_ends(tmp_path: Path, node: RegtestNode) -> None:
    database = tmp_path / "once.sqlite"
    command = [program("ccxx-explorer"), "index", f"--database={database}"]

    done = subprocess.run(
        command, env=os.environ | node.settings, capture_output=True, text=True, timeout=60
    )

    assert (done.returncode, done.stdout) == (0, "indexed to block 60\n"), done.stderr


def test_index_that_follows_stays_while_the_node_goes_and_comes(
    tmp_path: Path, node: RegtestNode
) -> None:
    database, log = tmp_path / "followed.sqlite", tmp_path / "index.log"
    command = [program("ccxx-explorer"), "index", "--follow", f"--database={database}"]
    following = Process("ccxx-explorer", [*command, "--verbose"], log, node.settings)
    try:
        following.wait_until(lambda: "connected height=60" in log.read_text())
        node.stop()
        following.wait_until(lambda: "node is gone" in log.read_text())

        again = start_again(node, tmp_path / "again.log")
        try:
            node.mine(1, MINER)
            following.wait_until(lambda: "connected height=61" in log.read_text())
        finally:
            node.client.close()
            again.stop()
    finally:
        following.stop()

    assert log.read_text().endswith("indexed to block 61\n")
    assert "None" not in log.read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_index_that_follows_ends_when_told(
    tmp_path: Path, node: RegtestNode, number: signal.Signals
) -> None:
    command = [program("ccxx-explorer"), "index", "--follow", f"--database={tmp_path / 'x.sqlite'}"]
    following = subprocess.Popen(
        command,
        env=os.environ | node.settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert following.stderr is not None
    while "Following" not in following.stderr.readline():
        assert following.poll() is None

    following.send_signal(number)
    said, _ = following.communicate(timeout=60)

    assert following.returncode == 0
    assert said.startswith("indexed to block ")


def test_check_ends_with_one_sentence(tmp_path: Path, node: RegtestNode) -> None:
    place = f"--database={tmp_path / 'checked.sqlite'}"
    settings = os.environ | node.settings
    subprocess.run([program("ccxx-explorer"), "index", place], env=settings, timeout=60, check=True)

    done = subprocess.run(
        [program("ccxx-explorer"), "check", place],
        env=settings,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.stdout.endswith("\neverything agrees at block 60\n"), done.stderr


def test_index_command_without_a_node_says_what_to_do(tmp_path: Path) -> None:
    port = free_ports(1)[0]
    command = [program("ccxx-explorer"), "index", "--network=regtest"]
    command += [f"--database={tmp_path / 'x.sqlite'}", f"--node=http://a:b@127.0.0.1:{port}"]

    done = subprocess.run(command, capture_output=True, text=True, timeout=60)

    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "start it" in done.stderr
    assert not list(tmp_path.iterdir())


def test_address_is_named_only_once_it_is_ours(tmp_path: Path, node: RegtestNode) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        options = [f"--database={tmp_path / 'second.sqlite'}", f"--port={port}"]
        done = subprocess.run(
            [program("ccxx-explorer"), "serve", *options],
            env=os.environ | node.settings,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert done.returncode == 1
    assert "Explorer:" not in done.stderr
    assert "check --host, --port" in done.stderr


def test_address_is_named_when_it_answers(explorer: Explorer, tmp_path: Path) -> None:
    assert f"Explorer: {explorer.url}\n" in (tmp_path / "explorer.log").read_text()
