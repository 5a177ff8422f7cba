"""Calls that could hold up others: in turns, or refused before anything is read."""

import asyncio
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from ccxx_core.address import encode_address
from ccxx_core.hashes import Txid, sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.network import REGTEST, Network
from ccxx_core.script import p2pkh_script, p2wpkh_script
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_node.consensus.params import MAX_BLOCK_WEIGHT
from ccxx_node.mempool.accept import Acceptor
from ccxx_node.mempool.policy import Policy
from ccxx_node.mempool.pool import Mempool
from ccxx_node.rpc.arguments import as_bytes, as_integer
from ccxx_node.rpc.call_times import CallTimes
from ccxx_node.rpc.dispatch import Dispatcher
from ccxx_node.rpc.errors import Code, RpcFault
from ccxx_node.rpc.methods import REGISTRY
from ccxx_node.rpc.permissions import Permissions
from ccxx_node.rpc.wire import encode

WIF = "cMceqPhHedrhbcR9eXgzmfWy7kRqLyAxMYwFT6ABDWsiwUp9Nsq9"
KEYS = (
    "wpkh(tpubD6NzVbkrYhZ4WaWSyoBvQwbpLkojyoTZPRsgXELWz3Popb3qkjcJyJUGLnL4qHHoQvao8ESaAst"
    "xYSnhyswJ76uZPStJRJCTKvosUCJZL5B/*)"
)
MANY = 1500


@dataclass(frozen=True)
class Tip:
    """The best block."""

    hash: bytes = bytes(32)
    height: int = 0


class NoCoins:
    """A chain without any."""

    tip = Tip()
    height = 0

    def get_coin(self, _: OutPoint) -> None:
        return None

    def find_transaction(self, _: Txid) -> None:
        return None

    def iterate_coins(self) -> Iterator[Any]:
        return iter(())


@dataclass(eq=False)
class Node:
    """All of a node that these methods ask for."""

    network: Network = REGTEST
    chain: NoCoins = field(default_factory=NoCoins)
    acceptor: Acceptor = field(default_factory=lambda: Acceptor(Mempool(), Policy()))
    calls: CallTimes = field(default_factory=CallTimes)
    starting: str | None = None
    is_stopping: bool = False


@dataclass
class Caller:
    """Somebody who asks."""

    user: str | None = "alice"
    waiting: Any = None
    is_gone: bool = False


def call(name: str, *params: Any) -> Any:
    return REGISTRY.methods[name].handler(Node(), *params)


def finish(work: Coroutine[Any, Any, Any]) -> tuple[Any, int]:
    """Return what work gives, and how many turns others had before that."""
    turns = 0
    while True:
        try:
            work.send(None)
        except StopIteration as end:
            return end.value, turns
        turns += 1


def coin(number: int) -> OutPoint:
    return OutPoint(Txid(sha256(number.to_bytes(4))), number)


def test_many_inputs_are_signed_in_turns() -> None:
    script = p2pkh_script(PrivateKey.from_wif(WIF, REGTEST).public_key[:20])
    tx = Transaction(2, tuple(TxInput(coin(n)) for n in range(MANY)), (TxOutput(1, b""),))
    known = [
        {
            "txid": one.prevout.txid[::-1].hex(),
            "vout": one.prevout.vout,
            "scriptPubKey": script.hex(),
        }
        for one in tx.inputs
    ]

    shape, turns = finish(call("signrawtransactionwithkey", tx.encode().hex(), [WIF], known))

    assert len(shape["errors"]) == MANY
    assert turns > 10


def test_many_transactions_are_looked_for_in_turns() -> None:
    txids = [coin(n).txid.hex() for n in range(MANY)]
    work = call("gettxoutproof", txids)

    turns = 0
    with pytest.raises(RpcFault, match="not yet in block"):
        while True:
            work.send(None)
            turns += 1

    assert turns > 2


def test_search_can_be_aborted_while_its_keys_are_derived() -> None:
    node = Node()
    scan = REGISTRY.methods["scantxoutset"].handler
    search = scan(node, "start", [{"desc": KEYS, "range": 1_000_000}])
    search.send(None)

    was_running, _ = finish(scan(node, "abort"))
    result, turns = finish(search)

    assert was_running is True
    assert result["success"] is False
    assert turns < 10


@pytest.mark.parametrize(
    ("method", "hex_text", "code"),
    [
        ("decodescript", "00" * (MAX_BLOCK_WEIGHT + 1), Code.INVALID_PARAMETER),
        ("decoderawtransaction", "00" * (MAX_BLOCK_WEIGHT + 1), Code.DESERIALIZATION_ERROR),
        ("decoderawtransaction", "large", Code.DESERIALIZATION_ERROR),
        ("converttopsbt", "large", Code.DESERIALIZATION_ERROR),
    ],
)
def test_what_no_block_holds_is_not_taken_apart(method: str, hex_text: str, code: Code) -> None:
    if hex_text == "large":
        output = TxOutput(0, bytes(MAX_BLOCK_WEIGHT // 4))
        hex_text = Transaction(2, (TxInput(coin(0)),), (output,)).encode().hex()

    with pytest.raises(RpcFault) as error:
        call(method, hex_text)

    assert error.value.code is code


def test_hex_as_long_as_a_block_is_read() -> None:
    assert len(as_bytes("00" * MAX_BLOCK_WEIGHT, "it")) == MAX_BLOCK_WEIGHT


def test_transaction_of_more_outputs_than_a_block_holds_is_not_made() -> None:
    address = encode_address(p2wpkh_script(bytes(20)), REGTEST)

    with pytest.raises(RpcFault, match="more than 32258 outputs"):
        call("createrawtransaction", [], [{address: 1}] * 32_259)


async def test_batch_ends_with_its_caller_and_leaves_its_place() -> None:
    node: Any = Node()
    dispatcher, caller = Dispatcher(REGISTRY, node, Permissions(), room=1), Caller()
    batch = encode([{"method": "echo"}] * 1000)
    work = asyncio.create_task(dispatcher.answer(batch, caller))
    await asyncio.sleep(0)

    caller.waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work

    assert dict(node.calls)["echo"].count < 10
    assert (await dispatcher.answer(encode([]), Caller()))[0] == 200


async def test_wait_of_less_than_nothing_is_over_at_once() -> None:
    assert (await call("waitforblockheight", 9, -1))["height"] == 0


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (Decimal("1.5"), "JSON integer out of range"),
        (Decimal(2**70), "JSON integer out of range"),
        (2**63, "JSON integer out of range"),
        (True, "JSON value is not an integer as expected"),
        ("1", "JSON value is not an integer as expected"),
    ],
)
def test_number_that_is_no_integer_is_told_from_what_is_no_number(value: Any, message: str) -> None:
    with pytest.raises(RpcFault) as error:
        as_integer(value)

    assert error.value.message == message


def test_two_spellings_of_one_parameter_are_one_too_many() -> None:
    with pytest.raises(RpcFault, match="Unknown named parameter verbose"):
        REGISTRY.methods["getblock"].arrange({"blockhash": "00", "verbosity": 0, "verbose": True})


def test_help_about_nothing_is_the_list() -> None:
    assert call("help", "") == call("help")


def test_network_is_not_switched_by_nothing() -> None:
    with pytest.raises(RpcFault, match="not a boolean"):
        call("setnetworkactive", None)
