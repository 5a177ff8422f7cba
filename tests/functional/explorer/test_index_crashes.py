"""Indexer and database killed at any moment: nothing is lost, and `check` agrees with the chain.

The chain has certificates in every second block and two branches, and the node goes from one to the
other before every crash, so that kills fall while blocks are connected and while they are
disconnected. `CCXX_CRASHES=50` kills as often; `CCXX_SEED` chooses other moments.
"""

import importlib
import json
import os
import random
import subprocess
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from ccxx_core.hashes import format_hash
from ccxx_regtest.postgresql import PostgresServer
from ccxx_regtest.processes import Process, program

BENCH = Path(__file__).resolve().parents[2] / "bench"
CRASHES = int(os.environ.get("CCXX_CRASHES") or 4)
SEED = int(os.environ.get("CCXX_SEED") or 7)
# A start takes most of a second; then so many more seconds of work may pass before the kill.
EARLIEST, LATEST = 0.5, 3.5
SHARED, OWN = 120, 45


class ChainNode:
    """Answers what followers ask of a node, from one of some recorded branches."""

    def __init__(self, branches: Sequence[Sequence[Any]]) -> None:
        self._branches = branches
        self.best = branches[0]
        self.options: list[str] = []
        self._blocks = {format_hash(new.hash): new for each in branches for new in each}
        node = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                is_batch = isinstance(asked, list)
                replies = [node.answer(each) for each in (asked if is_batch else [asked])]
                body = json.dumps(replies if is_batch else replies[0]).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://a:b@127.0.0.1:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def turn(self) -> None:
        """Take the next branch for the best chain."""
        at = next(n for n, each in enumerate(self._branches) if each is self.best)
        self.best = self._branches[(at + 1) % len(self._branches)]

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Answer one call."""
        method, params = asked["method"], asked.get("params", [])
        if method == "getblockhash" and params[0] >= len(self.best):
            error = {"code": -8, "message": "Block height out of range"}
            return {"id": asked["id"], "result": None, "error": error}
        results = {
            "getblockcount": lambda: len(self.best) - 1,
            "getblockhash": lambda: format_hash(self.best[params[0]].hash),
            "getblock": lambda: self._blocks[params[0]].block.encode().hex(),
            "getblockheader": lambda: {"mediantime": self._blocks[params[0]].median_time_past},
            "getblockchaininfo": lambda: {"chain": "regtest", "blocks": len(self.best) - 1},
        }
        return {"id": asked["id"], "result": results[method](), "error": None}

    def close(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()


def grow(builder: Any, start: list[Any], tail: int) -> list[Any]:
    """Tell the shared beginning of all branches, then one of this length alone."""
    blocks = start + list(builder.start())
    for turn in range(SHARED):
        blocks += list(builder.singles(3, 3))
        blocks += list(builder.batches(40, 20)) if turn % 5 == 0 else []
    for _ in range(tail):
        blocks += list(builder.singles(tail % 7 + 1, 8))
    return blocks


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChainNode]:
    """A node of two branches, and its trust anchor beside it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCH))
        chain = importlib.import_module("certificate_chain").CertificateChain
    builders = chain(10_000), chain(10_000)
    branches = [grow(builder, [], OWN + extra) for extra, builder in enumerate(builders)]
    running = ChainNode(branches)
    anchor = tmp_path_factory.mktemp("crashes") / "anchor.json"
    anchor.write_bytes(builders[0].anchor.encode())
    running.options = ["--network=regtest", f"--anchor={anchor}", f"--node={running.address}"]
    yield running
    running.close()


def index(node: ChainNode, place: str, log: Path) -> Process:
    """Begin to index."""
    command = [program("ccxx-explorer"), "index", f"--database={place}", *node.options]
    return Process("ccxx-explorer", command, log, {})


def check(node: ChainNode, place: str) -> dict[str, Any]:
    """Compare the index with the node."""
    command = [program("ccxx-explorer"), "check", "--json", f"--database={place}", *node.options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def finish(node: ChainNode, place: str, log: Path) -> None:
    """Index to the end, and check that all of it is what the chain says."""
    process = index(node, place, log)
    deadline = time.monotonic() + 300
    while process.is_running and time.monotonic() < deadline:
        time.sleep(0.05)
    told = check(node, place)
    assert told["equal"], told
    assert told["compared"]["height"]["index"] == len(node.best) - 1
    assert told["compared"]["certificates"]["index"] > 1_000


def test_killed_indexer_loses_nothing(node: ChainNode, tmp_path: Path) -> None:
    moments, log = random.Random(SEED), tmp_path / "index.log"
    place = str(tmp_path / "index.sqlite")

    for _ in range(CRASHES):
        process = index(node, place, log)
        time.sleep(moments.uniform(EARLIEST, LATEST))
        process.kill()
        node.turn()

    finish(node, place, log)


def test_killed_indexer_and_killed_database_lose_nothing(
    node: ChainNode, postgresql: PostgresServer, tmp_path: Path
) -> None:
    moments, log = random.Random(SEED), tmp_path / "index.log"
    place = postgresql.new_database()

    for _ in range(CRASHES):
        process = index(node, place, log)
        time.sleep(moments.uniform(EARLIEST, LATEST))
        if moments.random() < 0.5:
            postgresql.kill()
            postgresql.start()
        process.kill()
        node.turn()

    finish(node, place, log)


def test_check_names_what_differs(node: ChainNode, tmp_path: Path) -> None:
    place, log = str(tmp_path / "index.sqlite"), tmp_path / "index.log"
    finish(node, place, log)
    node.turn()

    command = [program("ccxx-explorer"), "check", f"--database={place}", *node.options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)

    assert done.returncode == 1
    assert "differs: the chain has" in done.stdout
    assert done.stderr.splitlines()[-1].startswith("ccxx-explorer: the index differs")
