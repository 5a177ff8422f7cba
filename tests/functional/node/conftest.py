"""Real nodes in folders of their own, stopped when the test is over."""

import socket
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from ccxx_node.client.rpc import NodeClient, NodeError

START_SECONDS = 60
STOP_SECONDS = 60


class RunningNode:
    """One `ccxx-node` on regtest: its process, its folder, and a client for it."""

    def __init__(
        self, datadir: Path, options: Sequence[str] = (), port: int = 0, *, waits: bool = True
    ) -> None:
        """Start it and as a rule wait until it answers; a port of 0 stands for any free one."""
        datadir.mkdir(exist_ok=True)
        self.datadir = datadir
        self.port = port or free_port()
        self.errors = datadir / "stderr.txt"
        command = [sys.executable, "-m", "ccxx_node.daemon", "-regtest", f"-datadir={datadir}"]
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [*command, f"-rpcport={self.port}", "-listen=0", *options],
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )
        self.client = NodeClient(
            f"http://127.0.0.1:{self.port}", auth=datadir / "regtest" / ".cookie"
        )
        if waits:
            self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Return when the node answers calls; fail if it ends or takes too long."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.client.block_count()
                return
            except NodeError as error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"the node did not start: {self.errors.read_text()} {error}")
            time.sleep(0.05)

    def wait_for_height(self, height: int) -> None:
        """Return when the chain has a height."""
        self.client.call("waitforblockheight", height, START_SECONDS * 1000)
        assert self.client.block_count() >= height

    def stop(self) -> int:
        """Stop it by RPC; return its exit status."""
        self.client.call("stop")
        return self.wait()

    def wait(self) -> int:
        """Return the exit status once the process has left."""
        self.client.close()
        return self.process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.wait()


@contextmanager
def starting_in(folder: Path) -> Iterator[Callable[..., RunningNode]]:
    """Give a function that starts nodes below a folder; in the end none of them runs."""
    nodes: list[RunningNode] = []

    def start(
        *options: str, datadir: Path | None = None, port: int = 0, waits: bool = True
    ) -> RunningNode:
        node = RunningNode(datadir or folder / f"node{len(nodes)}", options, port, waits=waits)
        nodes.append(node)
        return node

    yield start
    for node in nodes:
        if node.process.poll() is None:
            node.kill()
        node.client.close()


@pytest.fixture
def start_node(tmp_path: Path) -> Iterator[Callable[..., RunningNode]]:
    """Give a function that starts a node with options, by default in a folder of its own."""
    with starting_in(tmp_path) as start:
        yield start


@pytest.fixture(scope="module")
def start_lasting_node(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., RunningNode]]:
    """Give a function that starts a node for all tests of a file: none of them changes it."""
    with starting_in(tmp_path_factory.mktemp("lasting")) as start:
        yield start


@pytest.fixture
def node(start_node: Callable[..., RunningNode]) -> RunningNode:
    """A fresh node whose coins can be spent after 5 blocks."""
    return start_node("-testmaturity=5")


@pytest.fixture(scope="session")
def recorded_blocks(vectors: Path) -> list[bytes]:
    """The raw blocks that the reference daemon mined, from height 1."""
    data = zlib.decompress((vectors / "chain" / "chain-main.blk.gz").read_bytes(), 31)
    blocks, offset = [], 0
    while offset < len(data):
        (size,) = struct.unpack_from("<I", data, offset)
        blocks.append(data[offset + 4 : offset + 4 + size])
        offset += 4 + size
    return blocks


def free_port() -> int:
    """Return a TCP port that nobody uses on this machine."""
    with socket.create_server(("127.0.0.1", 0)) as opened:
        port: int = opened.getsockname()[1]
    return port
