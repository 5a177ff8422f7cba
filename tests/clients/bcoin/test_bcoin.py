"""bcoin, a full node that others wrote, takes our node for a peer of its own kind."""

import json
import os
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ccxx_core.hashes import format_hash, hash160, sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.network import REGTEST
from ccxx_core.script import build_script, p2pkh_script
from ccxx_core.sighash import SIGHASH_ALL, legacy_sighash
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_regtest.processes import Process, free_ports

FOLDER = os.environ.get("CCXX_BCOIN")
pytestmark = pytest.mark.skipif(
    FOLDER is None, reason="CCXX_BCOIN is not set: tests/clients/bcoin/README.md says how"
)

RUN_NODE = Path(__file__).with_name("run_node.cjs").resolve()
COIN = 100_000_000
HEIGHT = 700
RECORDED_HEIGHT = 5150
OWNER = PrivateKey(sha256(b"owner"))
SCRIPT = p2pkh_script(hash160(OWNER.public_key))
Node = Any


@dataclass
class Bcoin:
    """A running bcoin, asked by its own RPC."""

    process: Process
    port: int
    peer_address: str

    def call(self, method: str, *params: Any) -> Any:
        """Call one method of bcoin's."""
        body = json.dumps({"method": method, "params": params, "id": 1}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/", data=body)
        with urllib.request.urlopen(request, timeout=30) as reply:
            answer = json.loads(reply.read(), parse_float=Decimal)
        assert answer["error"] is None, answer
        return answer["result"]

    def wait_until(self, ready: Callable[[], bool]) -> None:
        """Wait for something that bcoin is to do."""

        def is_ready() -> bool:
            try:
                return ready()
            except OSError:
                return False

        self.process.wait_until(is_ready)

    def follow(self, node: Node) -> None:
        """Wait until it has the node's chain."""
        best = node.tip
        self.wait_until(lambda: bool(self.call("getbestblockhash") == best))

    def coin_facts(self) -> dict[str, Any]:
        """Tell what it says of the unspent coins."""
        facts = self.call("gettxoutsetinfo")
        return {name: facts[name] for name in ("height", "bestblock", "txouts", "total_amount")}


@pytest.fixture
def node(start_node: Callable[..., Node]) -> Node:
    """A node whose chain has seen the first reward end and CSV begin."""
    node = start_node()
    node.grow(HEIGHT)
    return node


@pytest.fixture
def start_bcoin(tmp_path: Path) -> Iterator[Callable[..., Bcoin]]:
    """Give a function that starts bcoin, which knows one node and nothing else."""
    running = []

    def start(node: Node, **changes: int) -> Bcoin:
        rpc_port, port = free_ports(2)
        options = {
            "magic": int.from_bytes(REGTEST.magic, "little"),
            "genesis": node.client.call("getblock", node.client.call("getblockhash", 0), False),
            "maturity": node.maturity,
            "peer": node.peer_address,
            "rpcPort": rpc_port,
            "port": port,
            **changes,
        }
        command = ["node", str(RUN_NODE), str(Path(FOLDER or "").resolve()), json.dumps(options)]
        process = Process("bcoin", command, tmp_path / "bcoin.log", {"NODE_BACKEND": "js"})
        running.append(process)
        return Bcoin(process, rpc_port, f"127.0.0.1:{port}")

    yield start
    for process in running:
        process.stop()


def spend(txid: str, value: int) -> Transaction:
    """Sign what the owner got in an output, in the way of before segregated witness."""
    coin = TxInput(OutPoint(bytes.fromhex(txid)[::-1], 0))
    outputs = (TxOutput(value - 10_000, SCRIPT),)
    digest = legacy_sighash(Transaction(2, (coin,), outputs), 0, SCRIPT, SIGHASH_ALL)
    script_sig = build_script(OWNER.sign(digest) + bytes([SIGHASH_ALL]), OWNER.public_key)
    return Transaction(2, (coin._replace(script_sig=script_sig),), outputs)


def test_bcoin_downloads_and_validates_the_chain(
    node: Node, start_bcoin: Callable[..., Bcoin]
) -> None:
    for number in range(30):
        txid = node.pay(SCRIPT, COIN + number)
        node.client.send(spend(txid, COIN + number))
        if number % 5 == 4:
            node.grow()

    bcoin = start_bcoin(node)
    bcoin.follow(node)
    theirs, ours = bcoin.call("getpeerinfo"), node.client.call("getpeerinfo")

    assert bcoin.call("getblockcount") == HEIGHT + 6
    assert bcoin.coin_facts() == node.coin_facts()
    assert [peer["subver"] for peer in theirs] == [node.client.call("getnetworkinfo")["subversion"]]
    assert [peer["subver"] for peer in ours] == ["/bcoin:v1.0.2/"]
    assert [peer["banscore"] for peer in (*theirs, *ours)] == [0, 0]


def test_bcoin_validates_the_chain_that_the_reference_daemon_mined(
    vectors: Path, start_node: Callable[..., Node], start_bcoin: Callable[..., Bcoin]
) -> None:
    blocks = vectors / "chain" / "chain-main.blk.gz"
    node = start_node("-testmaturity=5000", f"-loadblock={blocks}")
    node.process.wait_until(lambda: bool(node.client.block_count() == RECORDED_HEIGHT))

    bcoin = start_bcoin(node, maturity=5000)
    bcoin.follow(node)

    assert bcoin.coin_facts() == node.coin_facts()


def test_bcoin_refuses_a_block_of_which_it_is_told_other_rules(
    node: Node, start_bcoin: Callable[..., Bcoin]
) -> None:
    node.pay(SCRIPT, COIN)
    node.grow()

    bcoin = start_bcoin(node, maturity=HEIGHT + 1)
    reason = "bad-txns-premature-spend-of-coinbase"
    bcoin.wait_until(lambda: reason in bcoin.process.log.read_text())

    assert bcoin.call("getblockcount") == HEIGHT


def test_bcoin_follows_a_payment_and_a_reorganisation(
    node: Node, start_bcoin: Callable[..., Bcoin]
) -> None:
    bcoin = start_bcoin(node)
    bcoin.follow(node)
    before = bcoin.coin_facts()

    txid = node.pay(SCRIPT, COIN)
    bcoin.wait_until(lambda: bool(bcoin.call("getrawmempool") == [txid]))
    node.grow(3)
    bcoin.follow(node)
    mined, left = bcoin.call("gettxout", txid, 0), bcoin.coin_facts()
    node.take_back(HEIGHT - 5, 20)
    bcoin.follow(node)

    assert (before["height"], left["height"]) == (HEIGHT, HEIGHT + 3)
    assert (mined["value"], mined["confirmations"]) == (1, 3)
    assert bcoin.call("gettxout", txid, 0)["confirmations"] == 20
    assert bcoin.call("getrawmempool") == []
    assert bcoin.coin_facts() == node.coin_facts()


def test_payment_given_to_bcoin_reaches_our_pool(
    node: Node, start_bcoin: Callable[..., Bcoin]
) -> None:
    bcoin = start_bcoin(node)
    bcoin.follow(node)
    tx = node.draft(SCRIPT, COIN)

    bcoin.call("sendrawtransaction", tx.encode().hex())

    bcoin.wait_until(lambda: bool(node.client.call("getrawmempool") == [format_hash(tx.txid)]))


def test_another_node_downloads_the_chain_from_bcoin(
    node: Node, start_bcoin: Callable[..., Bcoin], start_node: Callable[..., Node]
) -> None:
    bcoin = start_bcoin(node)
    bcoin.follow(node)

    other = start_node(f"-connect={bcoin.peer_address}")
    other.process.wait_until(lambda: bool(other.tip == node.tip))
    node.grow()
    other.process.wait_until(lambda: bool(other.tip == node.tip))

    assert other.coin_facts() == node.coin_facts()
    assert [peer["subver"] for peer in other.client.call("getpeerinfo")] == ["/bcoin:v1.0.2/"]
