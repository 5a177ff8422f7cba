"""Nodes that know coins and peers, for programs that were written for other nodes."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ccxx_core.address import encode_address
from ccxx_core.hashes import format_hash, hash160, sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.network import REGTEST
from ccxx_core.script import p2pkh_script, p2wpkh_script
from ccxx_core.sighash import SIGHASH_ALL, segwit_sighash
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_regtest.node import RegtestNode

MATURITY = 10
FEE = 10_000
KEY = PrivateKey(sha256(b"miner"))
MINER_SCRIPT = p2wpkh_script(hash160(KEY.public_key))
MINER = encode_address(MINER_SCRIPT, REGTEST) or ""
OTHER_MINER = encode_address(p2wpkh_script(bytes(20)), REGTEST) or ""


class ServingNode(RegtestNode):
    """A `ccxx-node` that listens for peers, and whose miner is rich."""

    maturity = MATURITY

    def __init__(self, folder: Path, options: tuple[str, ...] = ()) -> None:
        """Start it; `peer_address` is where others find it."""
        self.spent = 0
        options = (f"-testmaturity={MATURITY}", *options)
        super().__init__(folder, folder.with_suffix(".log"), options, listens=True)

    @property
    def cookie(self) -> str:
        """Name and password for RPC."""
        return (self.datadir / "regtest" / ".cookie").read_text()

    @property
    def tip(self) -> str:
        """The id of the best block."""
        return str(self.client.call("getbestblockhash"))

    def grow(self, count: int = 1) -> None:
        """Mine blocks that reward the miner."""
        self.mine(count, MINER)

    def take_back(self, height: int, others: int) -> None:
        """Leave a block and all above it, and mine other blocks instead."""
        self.client.call("invalidateblock", self.client.call("getblockhash", height))
        self.mine(others, OTHER_MINER)

    def draft(self, script: bytes, value: int) -> Transaction:
        """Sign a payment out of the next reward, and send it to nobody."""
        self.spent += 1
        coinbase = self.client.block(self.client.block_hash(self.spent)).transactions[0]
        coin = coinbase.outputs[0].value
        spent = (TxInput(OutPoint(coinbase.txid, 0)),)
        outputs = (TxOutput(value, script), TxOutput(coin - FEE - value, MINER_SCRIPT))
        tx = Transaction(2, spent, outputs)
        digest = segwit_sighash(tx, 0, p2pkh_script(hash160(KEY.public_key)), coin, SIGHASH_ALL)
        witness = (KEY.sign(digest) + bytes([SIGHASH_ALL]), KEY.public_key)
        return Transaction(2, (tx.inputs[0]._replace(witness=witness),), outputs)

    def pay(self, script: bytes, value: int) -> str:
        """Pay somebody out of the next reward; gives the transaction's id."""
        tx = self.draft(script, value)
        self.client.send(tx)
        return format_hash(tx.txid)

    def coin_facts(self) -> dict[str, Any]:
        """Tell what any other full node must say of the unspent coins too."""
        facts = self.client.call("gettxoutsetinfo")
        return {name: facts[name] for name in ("height", "bestblock", "txouts", "total_amount")}


@pytest.fixture
def start_node(tmp_path: Path) -> Iterator[Callable[..., ServingNode]]:
    """Give a function that starts a node of its own folder with more options."""
    with ExitStack() as running:
        folders = (tmp_path / f"node{number}" for number in range(9))

        def start(*options: str) -> ServingNode:
            return running.enter_context(ServingNode(next(folders), options))

        yield start
