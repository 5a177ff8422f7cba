"""A transaction that no block holds yet is shown as pending, never as confirmed."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ccxx_core.address import encode_address
from ccxx_core.hashes import format_hash, hash160, sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.network import REGTEST
from ccxx_core.script import null_data_script, p2pkh_script, p2wpkh_script
from ccxx_core.sighash import SIGHASH_ALL, segwit_sighash
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_node.client.rpc import NodeClient
from ccxx_regtest.node import RegtestNode
from ccxx_regtest.processes import Process, free_ports, program

KEY = PrivateKey(sha256(b"miner"))
KEY_HASH = hash160(KEY.public_key)
SCRIPT = p2wpkh_script(KEY_HASH)
MINER = encode_address(SCRIPT, REGTEST) or ""
MATURITY = 10


@pytest.fixture
def node(tmp_path: Path) -> Iterator[NodeClient]:
    """A node whose first reward may be spent."""
    options = (f"-testmaturity={MATURITY}",)
    with RegtestNode(tmp_path, tmp_path / "node.log", options) as node:
        node.mine(MATURITY + 2, MINER)
        yield node.client


@pytest.fixture
def explorer(tmp_path: Path, node: NodeClient) -> Iterator[tuple[Process, str]]:
    """An explorer beside that node, and its address."""
    port = free_ports(1)[0]
    settings = {
        "CCXX_NETWORK": "regtest",
        "CCXX_NODE": node.address,
        "CCXX_DATADIR": str(tmp_path),
    }
    options = [f"--database={tmp_path / 'index.sqlite'}", f"--port={port}"]
    command = [program("ccxx-explorer"), "serve", *options]
    process = Process("ccxx-explorer", command, tmp_path / "explorer.log", settings)
    yield process, f"http://127.0.0.1:{port}"
    process.stop()


def ask(url: str) -> Any:
    """Return the JSON at an address, None where there is none."""
    try:
        with urllib.request.urlopen(url, timeout=30) as reply:
            return json.load(reply)
    except urllib.error.HTTPError as error:
        error.close()
    except OSError:
        pass
    return None


def payment(node: NodeClient) -> Transaction:
    """Spend the first reward, with a few words on the chain."""
    coinbase = node.block(node.block_hash(1)).transactions[0]
    value = coinbase.outputs[0].value
    outputs = (TxOutput(value - 10_000, SCRIPT), TxOutput(0, null_data_script(b"hello there")))
    tx = Transaction(2, (TxInput(OutPoint(coinbase.txid, 0)),), outputs)
    digest = segwit_sighash(tx, 0, p2pkh_script(KEY_HASH), value, SIGHASH_ALL)
    witness = (KEY.sign(digest) + bytes([SIGHASH_ALL]), KEY.public_key)
    return Transaction(2, (tx.inputs[0]._replace(witness=witness),), outputs)


def test_unconfirmed_transaction_is_pending_until_a_block_holds_it(
    node: NodeClient, explorer: tuple[Process, str]
) -> None:
    process, url = explorer
    tx = payment(node)
    page = f"{url}/tx/{format_hash(tx.txid)}.json"
    process.wait_until(lambda: ask(f"{url}/block/{MATURITY + 2}.json") is not None)
    assert ask(page) is None

    node.send(tx)
    process.wait_until(lambda: ask(page) is not None)
    pending = ask(page)
    node.call("generatetoaddress", 1, MINER)
    process.wait_until(lambda: ask(page)["status"] == "confirmed")
    confirmed = ask(page)

    assert (pending["status"], pending["confirmations"]) == ("pending", 0)
    assert pending["height"] is None and pending["verdict"] is None
    assert pending["fee"] == confirmed["fee"] == 10_000
    assert pending["outputs"][1]["data"]["text"] == "hello there"
    assert confirmed["confirmations"] == 1
    assert confirmed["inputs"][0]["keys"] == [
        {"key": KEY.public_key.hex(), "role": "owner", "signed": True, "sighash": "ALL"}
    ]
