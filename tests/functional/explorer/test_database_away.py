"""Several web processes on one PostgreSQL that goes away and comes back."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ccxx_core.address import encode_address
from ccxx_core.network import REGTEST
from ccxx_core.script import p2wpkh_script
from ccxx_regtest.node import RegtestNode
from ccxx_regtest.postgresql import PostgresServer
from ccxx_regtest.processes import Process, free_ports, program

MINER = encode_address(p2wpkh_script(bytes(range(20))), REGTEST) or ""


class Web:
    """One `ccxx-explorer serve`, asked over HTTP."""

    def __init__(self, folder: Path, node: RegtestNode, database: str, *options: str) -> None:
        port = free_ports(1)[0]
        self.url = f"http://127.0.0.1:{port}"
        command = [program("ccxx-explorer"), "serve", f"--database={database}", f"--port={port}"]
        log = folder / f"web{port}.log"
        self.process = Process("ccxx-explorer", [*command, *options], log, node.settings)
        self.process.wait_until(lambda: self.ask("status")[0] == 200)

    def ask(self, page: str) -> tuple[int, Any]:
        """Return status and JSON of a page; 0 while nobody answers."""
        try:
            with urllib.request.urlopen(f"{self.url}/{page}.json", timeout=30) as reply:
                return reply.status, json.load(reply)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)
        except OSError:
            return 0, None

    def knows_pool(self) -> bool:
        """Tell whether it says what waits in the node's pool."""
        return bool(self.ask("events")[1]["state"]["pool"]["known"])

    def is_at(self, height: int) -> bool:
        """Tell whether a block is the tip."""
        status, facts = self.ask("status")
        return status == 200 and bool(facts["tip"]) and facts["tip"]["height"] == height


@pytest.fixture
def node(tmp_path: Path) -> Iterator[RegtestNode]:
    """A node with twenty blocks."""
    with RegtestNode(tmp_path / "node", tmp_path / "node.log") as running:
        running.mine(20, MINER)
        yield running


def test_pages_say_since_when_the_database_is_away_and_recover_by_themselves(
    tmp_path: Path, node: RegtestNode
) -> None:
    with PostgresServer() as server:
        database = server.new_database()
        writer = Web(tmp_path, node, database)
        webs = [writer]
        try:
            writer.process.wait_until(lambda: writer.is_at(20))
            webs.append(Web(tmp_path, node, database, "--no-index"))
            server.kill()

            for web in webs:
                status, facts = web.ask("block/5")
                assert status == 503
                assert facts["error"]["code"] == "index-unavailable"
                assert "since 20" in facts["error"]["message"]
            node.mine(2, MINER)
            writer.process.wait_until(lambda: not writer.knows_pool())
            server.start()

            for web in webs:
                web.process.wait_until(lambda web=web: web.is_at(22))  # type: ignore[misc]
                assert web.ask("block/22")[0] == 200
            writer.process.wait_until(writer.knows_pool)
            status, facts = writer.ask("status")
            assert facts["node"]["online"] and facts["node"]["problem"] is None
        finally:
            for web in webs:
                web.process.stop()


def test_second_writer_is_refused_with_one_line(
    tmp_path: Path, node: RegtestNode, postgresql: PostgresServer
) -> None:
    database = postgresql.new_database()
    first = Web(tmp_path, node, database)
    command = [program("ccxx-explorer"), "serve", f"--database={database}", "--port=1"]

    log = tmp_path / "second.log"
    second = Process("ccxx-explorer", command, log, node.settings)
    try:
        first.process.wait_until(lambda: not second.is_running)
    finally:
        first.process.stop()

    lines = log.read_text().splitlines()
    assert len(lines) == 1
    assert "another ccxx-explorer writes to the index" in lines[0]
    assert "--no-index" in lines[0]
