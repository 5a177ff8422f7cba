"""A node and an explorer beside it, asked as strangers ask them."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from ccxx_core.address import encode_address
from ccxx_core.hashes import format_hash, hash160, sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.network import REGTEST
from ccxx_core.script import p2pkh_script, p2wpkh_script
from ccxx_core.sighash import SIGHASH_ALL, segwit_sighash
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_regtest.node import RegtestNode
from ccxx_regtest.processes import Process, free_ports, program

MATURITY = 10
FEE = 10_000
KEY = PrivateKey(sha256(b"miner"))
MINER_SCRIPT = p2wpkh_script(hash160(KEY.public_key))
MINER = encode_address(MINER_SCRIPT, REGTEST) or ""
OTHER_MINER = encode_address(p2wpkh_script(bytes(20)), REGTEST) or ""


@dataclass
class World:
    """A node whose miner is rich, and an explorer beside it."""

    node: RegtestNode
    explorer: Process
    url: str
    spent: int = 0
    miner_script: bytes = MINER_SCRIPT

    @property
    def height(self) -> int:
        """The height of the node's tip."""
        return self.node.client.block_count()

    def ask(self, path: str) -> str | None:
        """Return what the explorer says, None where it has no such thing."""
        try:
            with urllib.request.urlopen(f"{self.url}{path}", timeout=30) as reply:
                return str(reply.read().decode())
        except urllib.error.HTTPError as error:
            error.close()
        except OSError:
            pass
        return None

    def get(self, path: str) -> str | None:
        """Return what `/api` says, None where it has no such thing."""
        return self.ask(f"/api{path}")

    def pay(self, *outputs: TxOutput) -> Transaction:
        """Pay somebody out of the next reward, and wait until the explorer shows it."""
        signed = self.draft(*outputs)
        self.node.client.send(signed)
        self.wait_for_pending(format_hash(signed.txid))
        return signed

    def draft(self, *outputs: TxOutput) -> Transaction:
        """Sign a payment out of the next reward, and send it to nobody."""
        client = self.node.client
        self.spent += 1
        coinbase = client.block(client.block_hash(self.spent)).transactions[0]
        coin = coinbase.outputs[0].value
        left = coin - FEE - sum(output.value for output in outputs)
        spent = (TxInput(OutPoint(coinbase.txid, 0)),)
        tx = Transaction(2, spent, (*outputs, TxOutput(left, MINER_SCRIPT)))
        code = p2pkh_script(hash160(KEY.public_key))
        digest = segwit_sighash(tx, 0, code, coin, SIGHASH_ALL)
        witness = (KEY.sign(digest) + bytes([SIGHASH_ALL]), KEY.public_key)
        return Transaction(2, (tx.inputs[0]._replace(witness=witness),), tx.outputs)

    def wait_for_pending(self, txid: str) -> None:
        """Wait until the explorer's pool has a transaction."""
        self.explorer.wait_until(lambda: txid in (self.get("/mempool/txids") or ""))

    def mine(self, count: int = 1, address: str = MINER) -> None:
        """Mine, and wait until the explorer follows."""
        self.node.mine(count, address)
        self.wait_for_tip()

    def wait_for_tip(self) -> None:
        """Wait until the explorer stands where the node does, with nothing mined in its pool."""
        best = str(self.node.client.call("getbestblockhash"))
        waiting = len(self.node.client.call("getrawmempool"))
        self.explorer.wait_until(
            lambda: (
                self.get("/blocks/tip/hash") == best
                and f'"count":{waiting},' in (self.get("/mempool") or "")
            )
        )

    def take_back(self, height: int, others: int) -> None:
        """Let the node leave a block and all above it, and give it other blocks instead."""
        client = self.node.client
        client.call("invalidateblock", client.call("getblockhash", height))
        self.mine(others, OTHER_MINER)


@contextmanager
def started_world(folder: Path) -> Iterator[World]:
    """Start a node with some mature rewards, and an explorer that has caught up."""
    options = (f"-testmaturity={MATURITY}",)
    with RegtestNode(folder / "node", folder / "node.log", options) as node:
        port = free_ports(1)[0]
        command = [
            program("ccxx-explorer"),
            "serve",
            f"--database={folder / 'index.sqlite'}",
            f"--port={port}",
        ]
        explorer = Process("ccxx-explorer", command, folder / "explorer.log", node.settings)
        try:
            world = World(node, explorer, f"http://127.0.0.1:{port}")
            world.mine(MATURITY + 5)
            yield world
        finally:
            explorer.stop()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A node and an explorer of a test's own."""
    with started_world(tmp_path) as started:
        yield started


@pytest.fixture(scope="module")
def lasting_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A node and an explorer for all tests of a file."""
    with started_world(tmp_path_factory.mktemp("lasting")) as started:
        yield started
