"""ElectrumX on a node, and a connection to it as a wallet has one."""

import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ccxx_core.hashes import format_hash, sha256
from ccxx_regtest.processes import Process, free_ports

TOOL = os.environ.get("CCXX_ELECTRUMX")
SERVE = Path(__file__).with_name("serve.py")
HEIGHT = 700
Node = Any


class ElectrumX:
    """A running ElectrumX on a node, and one connection to it as a wallet has it."""

    def __init__(self, node: Node, folder: Path) -> None:
        """Start it on an empty index, and wait until it serves wallets."""
        (folder / "index").mkdir(parents=True)
        self.port = free_ports(1)[0]
        settings = {
            "COIN": "CounosX",
            "NET": "regtest",
            "DB_ENGINE": "leveldb",
            "DB_DIRECTORY": str(folder / "index"),
            "DAEMON_URL": f"http://{node.cookie}@{node.address}/",
            "SERVICES": f"tcp://127.0.0.1:{self.port}",
            "PEER_DISCOVERY": "off",
            "DAEMON_POLL_INTERVAL_BLOCKS": "100",
            "DAEMON_POLL_INTERVAL_MEMPOOL": "100",
            "COST_SOFT_LIMIT": "0",
            "COST_HARD_LIMIT": "0",
            "ALLOW_ROOT": "1",
        }
        command = [f"{TOOL}/python", str(SERVE)]
        self.log = folder / "electrumx.log"
        self.process = Process("ElectrumX", command, self.log, settings)
        self.process.wait_until(self._connects)
        self.lines = self.socket.makefile("rwb")
        self.notices: list[tuple[str, Any]] = []
        self.ask("server.version", "ccxx test", "1.4")

    def _connects(self) -> bool:
        try:
            self.socket = socket.create_connection(("127.0.0.1", self.port), 30)
        except ConnectionRefusedError:
            return False
        return True

    def ask(self, method: str, *params: Any) -> Any:
        """Return the answer; what the server says meanwhile without being asked is kept."""
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        self.lines.write(json.dumps(call).encode() + b"\n")
        self.lines.flush()
        while (said := json.loads(self.lines.readline())).get("id") is None:
            self.notices.append((said["method"], said["params"]))
        return said.get("result", said.get("error"))

    def has_pending(self, txid: str) -> bool:
        """Tell whether its pool has a transaction as the first output's owner is told."""
        script = self.ask("blockchain.transaction.get", txid, True)["vout"][0]["scriptPubKey"]
        name = format_hash(sha256(bytes.fromhex(script["hex"])))
        unconfirmed = self.ask("blockchain.scripthash.get_mempool", name)
        return txid in {item["tx_hash"] for item in unconfirmed}

    def follow(self, node: Node) -> None:
        """Wait until it has the node's chain and pool."""
        best = bytes.fromhex(node.client.call("getblockheader", node.tip, False))
        pending = node.client.call("getrawmempool")

        def is_there() -> bool:
            header = self.ask("blockchain.headers.subscribe")["hex"]
            return bytes.fromhex(header) == best and all(map(self.has_pending, pending))

        self.process.wait_until(is_there)

    def stop(self) -> None:
        """End the connection and the server."""
        self.lines.close()
        self.socket.close()
        self.process.stop()


@pytest.fixture
def node(start_node: Callable[..., Node]) -> Node:
    """A node whose chain has seen the first reward end."""
    node = start_node("-txindex")
    node.grow(HEIGHT)
    return node


@pytest.fixture
def server(node: Node, tmp_path: Path) -> Iterator[ElectrumX]:
    """ElectrumX, which has caught up with the node."""
    if TOOL is None:
        pytest.skip("CCXX_ELECTRUMX is not set: tests/clients/electrumx/README.md says how")
    server = ElectrumX(node, tmp_path / "electrumx")
    yield server
    server.stop()
