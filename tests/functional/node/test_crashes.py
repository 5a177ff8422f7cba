"""A node killed at any moment comes back, without a rebuild, with the coins of its tip.

Kills fall at random, from the first moment of a start on: while blocks are imported, while one
branch replaces another, and while `invalidateblock` and `reconsiderblock` move the tip to and fro.
`CCXX_CRASHES=100` kills as often; `CCXX_SEED` chooses other moments.
"""

import os
import random
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from threading import Timer
from typing import Any

from ccxx_core.block import Block, BlockHeader
from ccxx_core.hashes import BlockHash, format_hash, parse_block_hash
from ccxx_core.merkle import merkle_root
from ccxx_core.script import build_script, is_unspendable
from ccxx_core.transaction import NULL_OUTPOINT, OutPoint, Transaction, TxInput, TxOutput
from ccxx_node.chainstate.utxo_stats import UtxoCounter
from ccxx_node.client.rpc import NodeError
from ccxx_node.consensus.coins import Coin
from ccxx_node.consensus.genesis import genesis_block
from ccxx_node.consensus.params import REGTEST
from ccxx_node.mining.miner import mine

CRASHES = int(os.environ.get("CCXX_CRASHES") or 6)
SEED = int(os.environ.get("CCXX_SEED") or 7)
ANYONE = b"\x51"
# With the smallest cache the coins are written every few blocks, so also half-way.
OUTPUTS = 1500
LENGTH = 40
FLIPS = 6
OPTIONS = ("-testmaturity=1", "-dbcache=4")
# A start takes half a second; then so many more seconds of work may pass before the kill.
EARLIEST, LATEST = 0.2, 2.5


class Model:
    """What every tip's coins have to be, worked out without a node."""

    def __init__(self, blocks: Iterable[Block]) -> None:
        """Take blocks of any number of branches."""
        self._blocks = {block.hash: block for block in blocks}
        self._known: dict[BlockHash, str] = {}

    def utxo_hash(self, tip: BlockHash) -> str:
        """Return `hash_serialized_2` of the coins at a tip."""
        if tip not in self._known:
            self._known[tip] = self._compute(tip)
        return self._known[tip]

    def height(self, tip: BlockHash) -> int:
        return len(self._path(tip))

    def _path(self, tip: BlockHash) -> list[Block]:
        path = []
        while (block := self._blocks.get(tip)) is not None:
            path.append(block)
            tip = block.header.prev_hash
        return path[::-1]

    def _compute(self, tip: BlockHash) -> str:
        coins: dict[OutPoint, Coin] = {}
        for height, block in enumerate(self._path(tip), start=1):
            for tx in block.transactions:
                for tx_input in tx.inputs:
                    coins.pop(tx_input.prevout, None)
                for vout, (value, script) in enumerate(tx.outputs):
                    if not is_unspendable(script):
                        coins[OutPoint(tx.txid, vout)] = Coin(value, script, height, False)
        counter = UtxoCounter(tip, self.height(tip))
        for outpoint, coin in sorted(coins.items()):
            counter.add(outpoint, coin)
        stats = counter.finish(0)
        return format_hash(stats.hash_serialized_2)


def branch(name: bytes, length: int) -> Iterator[Block]:
    """Mine blocks that each make many coins and spend those of the one before."""
    parent, spendable = genesis_block(REGTEST).header, list[OutPoint]()
    for _ in range(length):
        unlock = build_script(parent.hash, name)
        outputs = (TxOutput(0, ANYONE),) * OUTPUTS
        coinbase = Transaction(1, (TxInput(NULL_OUTPOINT, unlock),), outputs)
        # Some coins stay unspent for good.
        spends = tuple(map(TxInput, spendable[: OUTPUTS * 9 // 10]))
        moved = [Transaction(2, spends, (TxOutput(0, ANYONE),) * 50)] if spends else []
        root = merkle_root([tx.txid for tx in (coinbase, *moved)])
        header = BlockHeader(0x20000000, parent.hash, root, parent.time + 150, 0x207FFFFF, 0)
        block = mine(Block(header, (coinbase, *moved)), tries=10_000)
        assert block is not None
        parent = block.header
        spendable = [OutPoint(coinbase.txid, vout) for vout in range(OUTPUTS)]
        yield block


def write(path: Path, blocks: Iterable[Block]) -> Path:
    raws = (block.encode() for block in blocks)
    path.write_bytes(b"".join(struct.pack("<I", len(raw)) + raw for raw in raws))
    return path


def check_coins(node: Any, model: Model) -> BlockHash:
    """Compare the node's coins with the model's; return the tip they belong to."""
    facts = node.client.call("gettxoutsetinfo")
    tip = parse_block_hash(facts["bestblock"])
    assert facts["height"] == model.height(tip)
    assert facts["hash_serialized_2"] == model.utxo_hash(tip)
    return tip


def run_until_killed(node: Any, seconds: float, act: Callable[[Any], None]) -> None:
    """Act as soon as the node answers, until the kill that comes so many seconds from now."""
    timer = Timer(seconds, node.process.kill)
    timer.start()
    try:
        while True:
            try:
                act(node)
            except NodeError:
                if node.process.poll() is not None:
                    break
                time.sleep(0.02)
    finally:
        timer.join()
    assert node.wait() == -9, node.errors.read_text()


def test_node_killed_while_branches_change_always_finds_its_coins(
    start_node: Callable[..., Any], tmp_path: Path
) -> None:
    first, second = list(branch(b"first", LENGTH)), list(branch(b"second", LENGTH + 1))
    model = Model([*first, *second])
    loading = f"-loadblock={write(tmp_path / 'first.blk', first)}"
    submitted = [block.encode().hex() for block in second]
    chance = random.Random(SEED)
    datadir, reached = tmp_path, [0]

    def look(node: Any) -> None:
        reached.append(model.height(check_coins(node, model)))

    def submit(node: Any) -> None:
        look(node)
        for text in submitted:
            node.client.call("submitblock", text)
        look(node)

    def flip(node: Any) -> None:
        look(node)
        turn = format_hash(second[chance.randrange(5)].hash)
        node.client.call("invalidateblock", turn)
        look(node)
        node.client.call("reconsiderblock", turn)

    stage = flips = 0
    for number in range(CRASHES):
        # Import, then replace by another branch, then to and fro some times; all from the start.
        if stage == flips == 0:
            datadir = tmp_path / f"killed{number}"
        reached = [0]
        node = start_node(*OPTIONS, *[loading][stage:], datadir=datadir, waits=False)
        run_until_killed(node, chance.uniform(EARLIEST, LATEST), (look, submit, flip)[stage])
        if stage < 2:
            stage += max(reached) == LENGTH + stage
        else:
            flips += 1
        if flips == FLIPS:
            stage = flips = 0

    node = start_node(*OPTIONS, loading, datadir=datadir)
    node.wait_for_height(LENGTH)
    for text in submitted:
        node.client.call("submitblock", text)
    node.client.call("reconsiderblock", format_hash(second[0].hash))
    node.wait_for_height(LENGTH + 1)
    assert check_coins(node, model) == second[-1].hash
    assert "-reindex" not in (datadir / "regtest" / "debug.log").read_text()


def test_node_killed_while_it_imports_never_loses_what_it_had(
    start_node: Callable[..., Any], recorded_blocks: list[bytes], vectors: Path, tmp_path: Path
) -> None:
    model = Model(map(Block.decode, recorded_blocks))
    source = vectors / "chain" / "chain-main.blk.gz"
    chance = random.Random(SEED)
    datadir, seen = tmp_path / "killed0", 0

    for number in range(CRASHES // 2):
        node = start_node(f"-loadblock={source}", datadir=datadir, waits=False)
        heights = [seen]

        def look(node: Any, heights: list[int] = heights) -> None:
            if len(heights) == 1:
                heights.append(model.height(check_coins(node, model)))
            heights.append(node.client.block_count())

        run_until_killed(node, chance.uniform(EARLIEST, LATEST), look)
        assert heights == sorted(heights)
        seen = heights[-1]
        if seen == len(recorded_blocks):
            datadir, seen = tmp_path / f"killed{number + 1}", 0

    node = start_node(f"-loadblock={source}", datadir=datadir)
    node.wait_for_height(len(recorded_blocks))
    assert check_coins(node, model) == Block.decode(recorded_blocks[-1]).hash
