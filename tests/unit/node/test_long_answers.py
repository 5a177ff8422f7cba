"""Answers that take long: made in turns, as of one moment, and no more than there is room for."""

import asyncio
import json
import socket
import time
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from ccxx_core.block import Block, BlockHeader
from ccxx_core.hashes import BlockHash, Txid, format_hash, sha256
from ccxx_core.network import REGTEST, Network
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_node.chainstate.block_entry import BlockEntry
from ccxx_node.chainstate.errors import CorruptionError, StorageError
from ccxx_node.mempool.accept import Acceptor
from ccxx_node.mempool.entry import Entry
from ccxx_node.mempool.policy import Policy
from ccxx_node.mempool.pool import Mempool, Removal
from ccxx_node.rpc.auth import Authenticator
from ccxx_node.rpc.blocks import block_in_full
from ccxx_node.rpc.call_times import CallTimes
from ccxx_node.rpc.errors import RpcFault
from ccxx_node.rpc.mempool import all_entries
from ccxx_node.rpc.methods import REGISTRY
from ccxx_node.rpc.rest import RestInterface
from ccxx_node.rpc.server import RpcServer, RpcSettings
from ccxx_node.rpc.turns import TURN_SECONDS, in_turns
from ccxx_node.rpc.wire import encode

# Takes many turns, and its entries are more bytes than two sockets hold.
MANY = 12_000


def payment(number: int) -> Transaction:
    coin = OutPoint(Txid(sha256(number.to_bytes(4))), 0)
    return Transaction(2, (TxInput(coin),), (TxOutput(1, b""),))


class Damaged:
    """A chain that cannot be read."""

    def entry(self, _: bytes) -> None:
        raise CorruptionError("/home/somebody/blocks is not what was written")


@dataclass
class OneBlock:
    """A chain of one block."""

    tip: BlockEntry
    block: Block

    def get_block(self, _: BlockHash) -> Block:
        return self.block

    def next_entry(self, _: BlockEntry) -> None:
        return None


@dataclass(eq=False)
class Node:
    """All of a node that the pool's methods ask for."""

    acceptor: Acceptor = field(default_factory=lambda: Acceptor(Mempool(), Policy()))
    calls: CallTimes = field(default_factory=CallTimes)
    is_stopping: bool = False
    starting: str | None = None
    network: Network = REGTEST
    chain: Damaged | OneBlock | None = None
    failed: StorageError | None = None

    def fail(self, error: StorageError) -> None:
        self.failed = error

    def now(self) -> int:
        return 0

    def fill(self, count: int) -> None:
        for number in range(count):
            self.acceptor.pool.add(Entry(payment(number), 1000, 100, 4, 0, 1, False))


def begin(work: Coroutine[Any, Any, Any]) -> None:
    """Let work have its first turn, after which there must be more to do."""
    work.send(None)


def finish(work: Coroutine[Any, Any, Any]) -> Any:
    while True:
        try:
            work.send(None)
        except StopIteration as end:
            return end.value


def slow_items(count: int) -> Iterator[int]:
    for number in range(count):
        time.sleep(TURN_SECONDS)
        yield number


async def test_others_have_their_turn_between_the_parts_of_long_work() -> None:
    others = 0

    async def count_turns() -> None:
        nonlocal others
        while True:
            others += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(count_turns())

    items = [item async for item in in_turns(Node(), slow_items(10))]

    other.cancel()
    assert items == list(range(10))
    assert others >= 8


async def test_long_work_ends_when_the_node_stops() -> None:
    with pytest.raises(RpcFault):
        _ = [item async for item in in_turns(Node(is_stopping=True), slow_items(3))]


def test_list_of_the_pool_is_that_of_one_moment() -> None:
    node: Any = Node()
    node.fill(2000)
    pool = node.acceptor.pool
    txids = list(pool.entries)
    work = all_entries(node)

    begin(work)
    pool.remove(txids, Removal.EXPIRED)
    node.fill(1)

    assert set(json.loads(encode(finish(work)))) == {format_hash(txid) for txid in txids}


def test_block_is_listed_with_pauses_and_in_order() -> None:
    header = BlockHeader(4, BlockHash(bytes(32)), bytes(32), 1, 0x207FFFFF, 0)
    block = Block(header, tuple(payment(number) for number in range(500)))
    node: Any = Node()
    node.chain = OneBlock(BlockEntry(header, None), block)
    work = block_in_full(node, node.chain.tip)

    begin(work)
    listed = json.loads(encode(finish(work)))["tx"]

    assert [each["txid"] for each in listed] == [format_hash(tx.txid) for tx in block.transactions]


async def test_rest_on_damaged_data_stops_the_node_and_names_no_file() -> None:
    node: Any = Node()
    node.chain = Damaged()

    found = await RestInterface(node).answer(f"/rest/block/{'11' * 32}.json", b"")

    assert (found.status, found.body) == (500, b"internal error, see debug.log\r\n")
    assert isinstance(node.failed, CorruptionError)


async def ask(caller: socket.socket, port: int, path: str) -> bytes:
    """Send a request, and return the first byte of its answer."""
    # What is not read stays with the node, but for a few kilobytes.
    caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    caller.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(caller, ("127.0.0.1", port))
    head = f"GET /rest/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    await loop.sock_sendall(caller, head.encode())
    return await loop.sock_recv(caller, 1)


async def read(caller: socket.socket, received: bytes) -> tuple[int, bytes]:
    """Return status and body of an answer of which some was read."""
    pieces = [received]
    while piece := await asyncio.get_running_loop().sock_recv(caller, 1 << 20):
        pieces.append(piece)
    head, _, body = b"".join(pieces).partition(b"\r\n\r\n")
    return int(head.split()[1]), body


async def test_answers_of_rest_that_nobody_reads_are_bounded() -> None:
    node: Any = Node()
    node.fill(MANY)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    settings = RpcSettings([("127.0.0.1", port)], Authenticator([], []), has_rest=True, room=1)
    server = RpcServer(settings, REGISTRY, node)
    await server.open()

    with socket.socket() as idle, socket.socket() as second, socket.socket() as third:
        begun = await ask(idle, port, "mempool/contents.json")
        refused = await read(second, await ask(second, port, "mempool/info.json"))
        status, body = await read(idle, begun)
        answered, _ = await read(third, await ask(third, port, "mempool/info.json"))

    await server.close()
    assert refused == (500, b"Work queue depth exceeded")
    assert (status, len(json.loads(body))) == (200, MANY)
    assert answered == 200
