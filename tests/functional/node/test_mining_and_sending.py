"""Coins are mined, spent, confirmed, and come back when the chain is reorganised."""

from decimal import Decimal
from typing import Any

import pytest

from ccxx_core.address import encode_address
from ccxx_core.amount import COIN
from ccxx_core.hashes import format_hash, hash160, parse_txid
from ccxx_core.keys import PrivateKey
from ccxx_core.network import REGTEST
from ccxx_core.script import p2pkh_script, p2wpkh_script
from ccxx_core.sighash import SIGHASH_ALL, segwit_sighash
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_node.client.rpc import RpcError

KEY = PrivateKey(bytes(31) + b"\7")
KEY_HASH = hash160(KEY.public_key)
SCRIPT = p2wpkh_script(KEY_HASH)
ADDRESS = encode_address(SCRIPT, REGTEST)
FEE = 10_000


def spend(
    outpoint: OutPoint, value: int, fee: int = FEE, sequence: int = 0xFFFFFFFF
) -> Transaction:
    """Sign a payment of a witness coin of ours to ourselves."""
    tx = Transaction(2, (TxInput(outpoint, sequence=sequence),), (TxOutput(value - fee, SCRIPT),))
    digest = segwit_sighash(tx, 0, p2pkh_script(KEY_HASH), value, SIGHASH_ALL)
    witness = (KEY.sign(digest) + bytes([SIGHASH_ALL]), KEY.public_key)
    return Transaction(2, (tx.inputs[0]._replace(witness=witness),), tx.outputs)


def first_coin(node: Any, height: int = 1) -> tuple[OutPoint, int]:
    coinbase = node.client.block(node.client.block_hash(height)).transactions[0]
    return OutPoint(coinbase.txid, 0), coinbase.outputs[0].value


def mine(node: Any, count: int) -> list[str]:
    hashes: list[str] = node.client.call("generatetoaddress", count, ADDRESS)
    return hashes


@pytest.fixture
def rich(node: Any) -> Any:
    """A node with ten coinbases of ours, the first of them mature."""
    mine(node, 10)
    return node


def test_template_with_nothing_to_wait_for_comes_at_once(rich: Any) -> None:
    template = rich.client.call("getblocktemplate", {"rules": ["segwit"], "longpollid": None})

    assert template["height"] == 11


def test_sent_transaction_waits_and_is_mined(rich: Any) -> None:
    tx = spend(*first_coin(rich))

    txid = rich.client.send(tx)
    waiting = rich.client.call("getrawmempool")
    (block_hash,) = mine(rich, 1)

    assert txid == tx.txid
    assert waiting == [format_hash(txid)]
    assert rich.client.call("getrawmempool") == []
    assert format_hash(txid) in rich.client.call("getblock", block_hash)["tx"]
    assert rich.client.call("gettxout", format_hash(txid), 0)["confirmations"] == 1


def test_miner_earns_the_fee(rich: Any) -> None:
    rich.client.send(spend(*first_coin(rich)))

    mine(rich, 1)

    assert first_coin(rich, height=11)[1] == 30_000 * COIN + FEE


def test_immature_coinbase_cannot_be_spent(rich: Any) -> None:
    with pytest.raises(RpcError) as error:
        rich.client.send(spend(*first_coin(rich, height=10)))

    assert error.value.code == -26
    assert error.value.message.startswith("bad-txns-premature-spend-of-coinbase")


def test_same_coin_cannot_be_sent_twice(rich: Any) -> None:
    coin = first_coin(rich)
    rich.client.send(spend(*coin))

    verdict = rich.client.test_accept(spend(*coin, fee=FEE * 2))

    assert verdict == "18: txn-mempool-conflict"


def test_child_pays_for_its_parent_and_stands_behind_it(rich: Any) -> None:
    parent = spend(*first_coin(rich), fee=200)
    rich.client.send(parent)
    child = spend(OutPoint(parent.txid, 0), parent.outputs[0].value, fee=50_000)
    rich.client.send(child)

    (block_hash,) = mine(rich, 1)

    mined = rich.client.call("getblock", block_hash)["tx"][1:]
    assert mined == [format_hash(parent.txid), format_hash(child.txid)]


def test_transaction_returns_to_the_pool_when_its_block_is_invalidated(rich: Any) -> None:
    tx = spend(*first_coin(rich))
    rich.client.send(tx)
    (block_hash,) = mine(rich, 1)

    rich.client.call("invalidateblock", block_hash)
    returned = rich.client.call("getrawmempool")
    rich.client.call("reconsiderblock", block_hash)

    assert returned == [format_hash(tx.txid)]
    assert rich.client.call("getrawmempool") == []
    assert rich.client.call("getbestblockhash") == block_hash


def test_descendants_leave_with_a_coinbase_that_is_gone(rich: Any) -> None:
    (top,) = mine(rich, 1)
    rich.client.send(spend(*first_coin(rich, height=6)))

    rich.client.call("invalidateblock", rich.client.call("getblockhash", 6))

    assert top != rich.client.call("getbestblockhash")
    assert rich.client.call("getrawmempool") == []


def test_pool_survives_a_restart(rich: Any, start_node: Any) -> None:
    tx = spend(*first_coin(rich))
    rich.client.send(tx)

    assert rich.stop() == 0
    again = start_node("-testmaturity=5", datadir=rich.datadir)

    assert again.client.call("getrawmempool") == [format_hash(tx.txid)]


def test_unknown_parent_is_missing_inputs(rich: Any) -> None:
    nothing = OutPoint(parse_txid("11" * 32), 0)

    with pytest.raises(RpcError) as error:
        rich.client.send(spend(nothing, COIN))

    assert (error.value.code, error.value.message) == (-25, "Missing inputs")


def test_template_lists_what_waits_and_what_it_pays(rich: Any) -> None:
    tx = spend(*first_coin(rich))
    rich.client.send(tx)

    template = rich.client.call("getblocktemplate", {"rules": ["segwit"]})

    assert [entry["txid"] for entry in template["transactions"]] == [format_hash(tx.txid)]
    assert template["coinbasevalue"] == 30_000 * COIN + FEE
    assert template["height"] == 11


def test_same_block_is_never_mined_twice(rich: Any) -> None:
    rich.client.call("setmocktime", 1_900_000_000)
    (first,) = mine(rich, 1)
    rich.client.call("invalidateblock", first)

    (second,) = mine(rich, 1)

    assert second != first
    assert rich.client.call("getbestblockhash") == second


def test_better_paid_replacement_is_taken_where_it_is_switched_on(start_node: Any) -> None:
    node = start_node("-testmaturity=5", "-mempoolreplacement=1")
    mine(node, 10)
    coin = first_coin(node)
    node.client.send(spend(*coin, sequence=0xFFFFFFFD))

    better = spend(*coin, fee=FEE * 2)
    node.client.send(better)

    assert node.client.call("getrawmempool") == [format_hash(better.txid)]
    assert node.client.call("getmempoolentry", format_hash(better.txid))["fee"] == Decimal("0.0002")


def test_waiting_for_a_block_ends_when_it_comes(rich: Any) -> None:
    reached = rich.client.call("waitforblockheight", 10, 1000)
    timed_out = rich.client.call("waitforblockheight", 99, 50)

    assert reached["height"] == timed_out["height"] == 10


def test_fee_deltas_stay_within_the_money_there_is(node: Any) -> None:
    most = 21_000_000 * 10**8
    node.client.call("prioritisetransaction", "11" * 32, 0, most)

    with pytest.raises(RpcError, match="more money than there is"):
        node.client.call("prioritisetransaction", "11" * 32, 0, 1)

    node.client.call("savemempool")
    assert node.stop() == 0


def test_clock_is_set_to_no_time_that_a_header_cannot_hold(node: Any) -> None:
    with pytest.raises(RpcError, match="from 0 to 4294967295"):
        node.client.call("setmocktime", 2**32)

    node.client.call("setmocktime", 2**32 - 1)
    node.client.call("generatetoaddress", 1, ADDRESS)
    assert node.client.header(node.client.tip()[1])["time"] == 2**32 - 1
