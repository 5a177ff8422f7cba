"""A reorganisation of many full blocks is right, and takes no more memory than a short one.

`CCXX_REORG_BLOCKS=1000` makes it as long as a node must survive; it prints what it took.
"""

import os
import re
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ccxx_core.block import Block, BlockHeader
from ccxx_core.hashes import format_hash
from ccxx_core.merkle import merkle_root
from ccxx_core.script import build_script
from ccxx_core.transaction import NULL_OUTPOINT, OutPoint, Transaction, TxInput, TxOutput
from ccxx_node.client.rpc import NodeClient
from ccxx_node.consensus.genesis import genesis_block
from ccxx_node.consensus.params import REGTEST
from ccxx_node.mining.miner import mine

LENGTH = int(os.environ.get("CCXX_REORG_BLOCKS") or 12)
# Each lane spends in every block what it made in the one before: a block of one megabyte.
LANES = 500
PADDING = 1900
ANYONE = b"\x51"
# Interpreter, databases and a coin cache of 32 MiB; a thousand blocks would be a gigabyte.
MOST_MEGABYTES = 330
# Transactions of disconnected blocks go back to the pool up to this size, the first blocks' first.
MOST_RETURNED_BYTES = 20_000_000
SECONDS = 3000
MOST_SECONDS_A_CALL = 5
PAID = (TxOutput(0, b"\x61" * 30 + ANYONE),)
# Several turns long on any machine.
LONG_WAY = 36


def mined(parent: BlockHeader, coinbase_outputs: int, *transactions: Transaction) -> Block:
    coinbase = Transaction(
        1,
        (TxInput(NULL_OUTPOINT, build_script(parent.hash)),),
        (TxOutput(0, ANYONE),) * coinbase_outputs,
    )
    everything = (coinbase, *transactions)
    root = merkle_root([tx.txid for tx in everything])
    header = BlockHeader(0x20000000, parent.hash, root, parent.time + 150, 0x207FFFFF, 0)
    block = mine(Block(header, everything), tries=10_000)
    assert block is not None
    return block


def branch(start: Block, name: bytes, length: int) -> Iterator[Block]:
    """Mine full blocks that move every output of a coinbase on and on."""
    lanes = [OutPoint(start.transactions[0].txid, lane) for lane in range(LANES)]
    padding = TxOutput(0, b"\x6a" + build_script(name.ljust(PADDING, b".")))
    parent = start.header
    for _ in range(length):
        moves = [Transaction(2, (TxInput(lane),), (TxOutput(0, ANYONE), padding)) for lane in lanes]
        block = mined(parent, 1, *moves)
        lanes = [OutPoint(move.txid, 0) for move in moves]
        parent = block.header
        yield block


def write(path: Path, blocks: Iterator[Block]) -> list[bytes]:
    hashes = []
    with path.open("wb") as file:
        for block in blocks:
            raw = block.encode()
            file.write(struct.pack("<I", len(raw)) + raw)
            hashes.append(block.hash)
    return hashes


def most_megabytes(pid: int) -> int:
    """Return the most memory that a process ever had."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) // 1024


def utxo_hash(node: Any) -> str:
    return str(node.client.call("gettxoutsetinfo")["hash_serialized_2"])


def wait_for_height(node: Any, height: int) -> None:
    deadline = time.monotonic() + SECONDS
    while node.client.block_count() < height:
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads memory from /proc")
def test_long_reorganisation_is_right_and_bounded_in_memory(
    start_node: Callable[..., Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    start = mined(genesis_block(REGTEST).header, LANES)
    write(tmp_path / "start.blk", iter([start]))
    first = write(tmp_path / "first.blk", branch(start, b"first", LENGTH))
    second = write(tmp_path / "second.blk", branch(start, b"second", LENGTH + 1))
    loading = [f"-loadblock={tmp_path / name}.blk" for name in ("start", "first", "second")]
    options = ("-testmaturity=1", "-dbcache=32")

    node = start_node(*options, *loading[:2])
    wait_for_height(node, LENGTH + 1)
    on_first = utxo_hash(node)
    connecting = most_megabytes(node.process.pid)
    node.stop()
    node = start_node(*options, loading[2], datadir=node.datadir)
    wait_for_height(node, LENGTH + 2)
    on_second, waiting = utxo_hash(node), node.client.call("getrawmempool")
    reorganising = most_megabytes(node.process.pid)
    began = time.monotonic()
    node.client.call("invalidateblock", format_hash(second[0]))
    seconds = time.monotonic() - began
    back, tip = utxo_hash(node), node.client.tip()
    node.client.call("invalidateblock", format_hash(first[0]))
    returned = node.client.call("getmempoolinfo")
    most = most_megabytes(node.process.pid)
    node.stop()
    fresh = start_node(*options, loading[0], loading[2])
    wait_for_height(fresh, LENGTH + 2)

    with capsys.disabled():
        print(  # noqa: T201
            f"\n{LENGTH} blocks: {seconds:.1f} s to go back, MiB connecting={connecting}"
            f" reorganising={reorganising} all={most}, returned to the pool={returned['size']}"
        )
    assert waiting == []
    assert 0 < returned["bytes"] <= MOST_RETURNED_BYTES
    assert tip == (LENGTH + 1, first[-1])
    assert back == on_first
    assert on_second == utxo_hash(fresh)
    assert max(connecting, most) < MOST_MEGABYTES


def test_callers_are_answered_while_a_long_way_is_gone(
    start_node: Callable[..., Any], tmp_path: Path
) -> None:
    """The tip is seen on its way; only who leads it there, or brings a transaction, waits."""
    start = mined(genesis_block(REGTEST).header, LANES)
    write(tmp_path / "start.blk", iter([start]))
    first = list(branch(start, b"first", LONG_WAY))
    write(tmp_path / "first.blk", iter(first))
    second = list(branch(start, b"second", LONG_WAY + 1))
    loading = [f"-loadblock={tmp_path / name}.blk" for name in ("start", "first")]
    node = start_node("-testmaturity=1", *loading)
    wait_for_height(node, LONG_WAY + 1)
    for block in second[:-1]:
        node.client.call("submitblock", block.encode().hex())
    assert node.client.block_count() == LONG_WAY + 1
    caller = NodeClient(node.client.address, auth=node.datadir / "regtest" / ".cookie")
    last = second[-1].encode().hex()
    submitting = threading.Thread(target=node.client.call, args=("submitblock", last))

    heights, waits = [caller.block_count()], []
    submitting.start()
    while heights[-1] != LONG_WAY + 2:
        began = time.monotonic()
        heights.append(caller.block_count())
        waits.append(time.monotonic() - began)
    submitting.join()
    best = caller.call("getbestblockhash")
    waiting = caller.call("getrawmempool")
    with ThreadPoolExecutor() as pool:
        leaving = pool.submit(node.client.call, "invalidateblock", format_hash(second[0].hash))
        while (height := caller.block_count()) == LONG_WAY + 2:
            assert not leaving.done()
        # It spends a coin that is there at the end of the way only.
        child = Transaction(2, (TxInput(OutPoint(first[-1].transactions[-1].txid, 0)),), PAID)
        verdict = caller.call("testmempoolaccept", [child.encode().hex()])
        leaving.result()
    back = caller.call("getbestblockhash")
    caller.close()

    assert best == format_hash(second[-1].hash)
    # Seen between the old tip and the new one.
    assert set(heights) - {LONG_WAY + 1, LONG_WAY + 2}
    # A turn is a quarter of a second and what follows from it; the machine may be busy.
    assert max(waits) < MOST_SECONDS_A_CALL
    # The first branch's transactions spend what the second one spent.
    assert waiting == []
    assert height < LONG_WAY + 1
    assert verdict[0]["reject-reason"] == "66: min relay fee not met"
    assert back == format_hash(first[-1].hash)
    assert node.stop() == 0
