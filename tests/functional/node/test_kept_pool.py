"""What waits in the pool survives a crash between two saves, and not for longer than it should."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ccxx_core.address import encode_address
from ccxx_core.hashes import format_hash
from ccxx_core.network import REGTEST
from ccxx_core.script import p2sh_script, push_data
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput

# Anyone may spend what pays to it.
UNLOCK = b"\x51"
SCRIPT = p2sh_script(UNLOCK)
OPTIONS = ("-testmaturity=5",)
HOUR = 3600

StartNode = Callable[..., Any]


@pytest.fixture
def rich(node: Any) -> Any:
    """A node with ten coinbases that anyone may spend."""
    node.client.call("generatetoaddress", 10, encode_address(SCRIPT, REGTEST))
    return node


def send(node: Any, height: int) -> str:
    """Spend the coinbase of a block; return the transaction's id."""
    coinbase = node.client.block(node.client.block_hash(height)).transactions[0]
    spends = TxInput(OutPoint(coinbase.txid, 0), push_data(UNLOCK))
    pays = TxOutput(coinbase.outputs[0].value - 10_000, SCRIPT)
    return format_hash(node.client.send(Transaction(2, (spends,), (pays,))))


def pool_file(node: Any) -> Path:
    path: Path = node.datadir / "regtest" / "mempool.dat"
    return path


def log(node: Any) -> str:
    return str((node.datadir / "regtest" / "debug.log").read_text())


def test_saved_pool_survives_a_crash(rich: Any, start_node: StartNode) -> None:
    saved = send(rich, 1)
    rich.client.call("savemempool")
    send(rich, 2)

    rich.kill()
    again = start_node(*OPTIONS, datadir=rich.datadir)

    assert again.client.call("getrawmempool") == [saved]


def test_save_that_was_cut_short_leaves_the_one_before(rich: Any, start_node: StartNode) -> None:
    saved = send(rich, 1)
    rich.client.call("savemempool")
    rich.kill()
    whole = pool_file(rich).read_bytes()
    pool_file(rich).with_name("mempool.dat.new").write_bytes(whole[:50])

    again = start_node(*OPTIONS, datadir=rich.datadir)

    assert again.client.call("getrawmempool") == [saved]
    again.client.call("savemempool")
    assert pool_file(again).read_bytes() == whole


@pytest.mark.parametrize("rubbish", [b"", b"\1\0\0", b"\1" + bytes(7) + b"\xff" * 60])
def test_damaged_pool_is_one_line_in_the_log(
    rich: Any, start_node: StartNode, rubbish: bytes
) -> None:
    rich.stop()
    pool_file(rich).write_bytes(rubbish)

    again = start_node(*OPTIONS, datadir=rich.datadir)

    assert again.client.call("getrawmempool") == []
    assert log(again).count("mempool not loaded file=") == 1
    assert again.stop() == 0


def test_half_a_pool_file_is_not_used(rich: Any, start_node: StartNode) -> None:
    send(rich, 1)
    rich.stop()
    pool_file(rich).write_bytes(pool_file(rich).read_bytes()[:-20])

    again = start_node(*OPTIONS, datadir=rich.datadir)

    assert again.client.call("getrawmempool") == []
    assert "mempool not loaded" in log(again)


def test_priorities_are_kept_for_known_and_unknown(rich: Any, start_node: StartNode) -> None:
    known = send(rich, 1)
    rich.client.call("prioritisetransaction", known, 0, 5000)
    rich.client.call("prioritisetransaction", "ab" * 32, 0, 7)
    rich.stop()

    again = start_node(*OPTIONS, datadir=rich.datadir)

    entry = again.client.call("getmempoolentry", known)
    assert Decimal(str(entry["modifiedfee"])) == Decimal("0.00015000")
    again.client.call("savemempool")
    assert bytes.fromhex("ab" * 32) in pool_file(again).read_bytes()


def test_old_transactions_expire(start_node: StartNode) -> None:
    node = start_node(*OPTIONS, "-mempoolexpiry=2")
    node.client.call("generatetoaddress", 10, encode_address(SCRIPT, REGTEST))
    now = node.client.call("getblockheader", node.client.call("getbestblockhash"))["time"]
    node.client.call("setmocktime", now)
    old = send(node, 1)
    node.client.call("setmocktime", now + 2 * HOUR + 1)
    new = send(node, 2)

    assert node.client.call("getrawmempool") == [new]
    assert old != new


def test_what_expired_while_the_node_was_down_is_not_loaded(
    rich: Any, start_node: StartNode
) -> None:
    now = rich.client.call("getblockheader", rich.client.call("getbestblockhash"))["time"]
    rich.client.call("setmocktime", now)
    send(rich, 1)
    rich.stop()

    again = start_node(*OPTIONS, f"-mocktime={now + 337 * HOUR}", datadir=rich.datadir)

    assert again.client.call("getrawmempool") == []
