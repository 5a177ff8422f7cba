"""ElectrumX stands on our node: it reads the chain in batches, and serves Electrum wallets."""

import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ccxx_core.hashes import format_hash, sha256, sha256d
from ccxx_core.script import p2pkh_script
from ccxx_regtest.processes import Process, free_ports

TOOL = os.environ.get("CCXX_ELECTRUMX")
pytestmark = pytest.mark.skipif(
    TOOL is None, reason="CCXX_ELECTRUMX is not set: tests/clients/electrumx/README.md says how"
)

SERVE = Path(__file__).with_name("serve.py")
HEIGHT = 700
COIN = 100_000_000
SCRIPT = p2pkh_script(bytes(range(20)))
SCRIPT_HASH = format_hash(sha256(SCRIPT))
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

    def of_script(self, question: str) -> Any:
        """Ask about our script."""
        return self.ask(f"blockchain.scripthash.{question}", SCRIPT_HASH)

    def follow(self, node: Node) -> None:
        """Wait until it has the node's chain and pool."""
        best = bytes.fromhex(node.client.call("getblockheader", node.tip, False))
        pending = set(node.client.call("getrawmempool"))

        def is_there() -> bool:
            unconfirmed = {item["tx_hash"] for item in self.of_script("get_mempool")}
            header = self.ask("blockchain.headers.subscribe")["hex"]
            return bytes.fromhex(header) == best and unconfirmed == pending

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
    server = ElectrumX(node, tmp_path / "electrumx")
    yield server
    server.stop()


def header_ids(answer: dict[str, Any]) -> list[str]:
    """Return the ids of blocks whose headers were asked for."""
    headers = bytes.fromhex(answer["hex"])
    return [format_hash(sha256d(headers[at : at + 80])) for at in range(0, len(headers), 80)]


def root_of(txid: str, proof: dict[str, Any]) -> str:
    """Return the merkle root to which a branch leads."""
    digest, position = bytes.fromhex(txid)[::-1], proof["pos"]
    for text in proof["merkle"]:
        other = bytes.fromhex(text)[::-1]
        digest = sha256d(other + digest if position & 1 else digest + other)
        position >>= 1
    return format_hash(digest)


def test_every_header_is_the_nodes(node: Node, server: ElectrumX) -> None:
    ours = [node.client.call("getblockhash", height) for height in range(HEIGHT + 1)]

    theirs = header_ids(server.ask("blockchain.block.headers", 0, HEIGHT + 1))

    assert theirs == ours


def test_payment_is_seen_pending_then_in_its_block(node: Node, server: ElectrumX) -> None:
    before = [server.of_script(question) for question in ("subscribe", "get_history")]
    raw = node.draft(SCRIPT, 3 * COIN).encode().hex()

    txid = server.ask("blockchain.transaction.broadcast", raw)
    server.follow(node)
    pending = [server.of_script(question) for question in ("get_balance", "get_history")]
    node.grow()
    server.follow(node)
    proof = server.ask("blockchain.transaction.get_merkle", txid, HEIGHT + 1)
    block = node.client.call("getblock", node.tip)
    coin = {"tx_hash": txid, "tx_pos": 0, "height": HEIGHT + 1, "value": 3 * COIN}

    assert before == [None, []]
    assert node.client.call("getrawmempool") == []
    assert pending[0] == {"confirmed": 0, "unconfirmed": 3 * COIN}
    assert pending[1] == [{"tx_hash": txid, "height": 0, "fee": 10_000}]
    assert server.of_script("get_balance") == {"confirmed": 3 * COIN, "unconfirmed": 0}
    assert server.of_script("get_history") == [{"tx_hash": txid, "height": HEIGHT + 1}]
    assert server.of_script("listunspent") == [coin]
    assert server.ask("blockchain.transaction.get", txid) == raw
    assert server.ask("blockchain.transaction.get", txid, True)["confirmations"] == 1
    assert root_of(txid, proof) == block["merkleroot"]
    assert server.ask("blockchain.transaction.id_from_pos", HEIGHT + 1, 1) == txid
    told = [params[0] for method, params in server.notices if method.endswith("hash.subscribe")]
    assert told[:2] == [SCRIPT_HASH, SCRIPT_HASH]


def test_reorganisation_moves_a_payment_to_another_block(node: Node, server: ElectrumX) -> None:
    txid = node.pay(SCRIPT, COIN)
    node.grow(5)
    server.follow(node)
    first, left = server.of_script("get_history"), node.tip

    node.take_back(HEIGHT - 1, 9)
    server.follow(node)
    ids = header_ids(server.ask("blockchain.block.headers", HEIGHT - 5, 13))

    assert first == [{"tx_hash": txid, "height": HEIGHT + 1}]
    assert left not in ids
    assert ids == [node.client.call("getblockhash", HEIGHT - 5 + at) for at in range(13)]
    assert server.of_script("get_history") == [{"tx_hash": txid, "height": HEIGHT - 1}]
    assert server.of_script("get_balance") == {"confirmed": COIN, "unconfirmed": 0}


def test_payment_that_a_reorganisation_makes_impossible_is_gone(
    node: Node, server: ElectrumX
) -> None:
    node.spent = HEIGHT - 1
    node.grow(node.maturity)
    node.pay(SCRIPT, COIN)
    node.grow()
    server.follow(node)
    before = server.of_script("get_balance")

    # Without that block there is no reward that it could have spent.
    node.take_back(HEIGHT, node.maturity + 20)
    server.follow(node)

    assert before == {"confirmed": COIN, "unconfirmed": 0}
    assert server.of_script("get_balance") == {"confirmed": 0, "unconfirmed": 0}
    assert server.of_script("get_history") == server.of_script("listunspent") == []


def test_fees_and_refusals_are_the_nodes(node: Node, server: ElectrumX) -> None:
    node.pay(SCRIPT, COIN)
    server.follow(node)
    spent_twice = node.draft(SCRIPT, COIN)
    node.client.send(spent_twice)
    node.spent -= 1
    refused = node.draft(SCRIPT, 2 * COIN).encode().hex()

    answer = server.ask("blockchain.transaction.broadcast", refused)

    assert "txn-mempool-conflict" in answer["message"]
    assert server.ask("blockchain.relayfee") == 0.00001
    assert server.ask("blockchain.estimatefee", 2) == -1
    assert server.ask("server.features")["genesis_hash"] == node.client.call("getblockhash", 0)
    assert "ERROR" not in server.log.read_text()
