"""The recorded chain and every recorded block on top of it, judged by the pure rules alone."""

import base64
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ccxx_core.block import Block, BlockHeader, decode_block
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import BlockHash, format_hash
from ccxx_core.transaction import OutPoint
from ccxx_node.consensus.block import check_block, check_block_context, with_reserved_value
from ccxx_node.consensus.coins import BlockUndo, Coin, CoinChanges, undo_block
from ccxx_node.consensus.context import context_after
from ccxx_node.consensus.deployments import DeploymentCache, DeploymentState, deployment_state
from ccxx_node.consensus.errors import ConsensusError
from ccxx_node.consensus.genesis import genesis_block
from ccxx_node.consensus.header import check_header, check_header_context, median_time
from ccxx_node.consensus.inputs import connect_block
from ccxx_node.consensus.params import REGTEST
from ccxx_node.consensus.sigcheck import InlineVerifier, ScriptChecks


@dataclass(frozen=True)
class Entry:
    """A chain entry that finds its ancestors in a shared list."""

    header: BlockHeader
    height: int
    below: "list[Entry]"

    @property
    def hash(self) -> BlockHash:
        return self.header.hash

    @property
    def version(self) -> int:
        return self.header.version

    @property
    def time(self) -> int:
        return self.header.time

    @property
    def bits(self) -> int:
        return self.header.bits

    @property
    def median_time_past(self) -> int:
        recent = self.below[max(self.height - 10, 0) : self.height]
        return median_time([self.time, *(entry.time for entry in recent)])

    @property
    def parent(self) -> "Entry | None":
        return self.ancestor(self.height - 1)

    def ancestor(self, height: int) -> "Entry | None":
        if height == self.height:
            return self
        return self.below[height] if 0 <= height < self.height else None


class Coins:
    """A set of coins in memory."""

    def __init__(self) -> None:
        self.coins: dict[OutPoint, Coin] = {}

    def get_coin(self, outpoint: OutPoint) -> Coin | None:
        return self.coins.get(outpoint)

    def write(self, changes: CoinChanges) -> None:
        for outpoint, coin in changes.changes.items():
            if coin is None:
                self.coins.pop(outpoint, None)
            else:
                self.coins[outpoint] = coin


class Chain:
    """A chain that only grows; blocks can be tried on its end."""

    def __init__(self) -> None:
        self.entries = [Entry(genesis_block(REGTEST).header, 0, [])]
        self.coins = Coins()
        self.undos: list[tuple[Block, BlockUndo]] = []
        self.deployments: DeploymentCache = {}

    @property
    def tip(self) -> Entry:
        return self.entries[-1]

    def try_block(
        self, block: Block, now: int, is_proposal: bool = False
    ) -> tuple[CoinChanges, BlockUndo]:
        """Judge a block in the order of the reference; raises ConsensusError."""
        context = context_after(self.tip, REGTEST, self.deployments)
        if is_proposal:
            check_header_context(block.header, self.tip, REGTEST, now)
        check_block(block, REGTEST, is_proposal)
        if not is_proposal:
            check_header(block.header, REGTEST)
            check_header_context(block.header, self.tip, REGTEST, now)
        check_block_context(block, context)
        changes = CoinChanges(self.coins)
        scripts = ScriptChecks(context.flags, InlineVerifier())
        return changes, connect_block(block, context, changes, scripts)

    def extend(self, block: Block, now: int) -> None:
        changes, undo = self.try_block(block, now)
        self.coins.write(changes)
        self.undos.append((block, undo))
        self.entries.append(Entry(block.header, len(self.entries), self.entries))

    def shrink(self) -> None:
        block, undo = self.undos.pop()
        changes = CoinChanges(self.coins)
        undo_block(block, undo, changes)
        self.coins.write(changes)
        self.entries.pop()


def read_blocks(path: Path) -> Iterator[Block]:
    data = gzip.decompress(path.read_bytes())
    offset = 0
    while offset < len(data):
        length = int.from_bytes(data[offset : offset + 4], "little")
        yield Block.decode(data[offset + 4 : offset + 4 + length])
        offset += 4 + length


def read_block(case: dict[str, Any]) -> bytes:
    if "block_gz" in case:
        return gzip.decompress(base64.b64decode(case["block_gz"]))
    return bytes.fromhex(case["block_hex"])


@pytest.fixture(scope="module")
def recorded(vectors: Path) -> dict[str, Any]:
    recorded: dict[str, Any] = json.loads((vectors / "chain" / "invalid-blocks.json").read_text())
    return recorded


@pytest.fixture(scope="module")
def chain(vectors: Path, recorded: dict[str, Any]) -> Chain:
    """The whole recorded chain; whoever extends it takes the blocks back."""
    chain = Chain()
    for block in read_blocks(vectors / "chain" / "chain-main.blk.gz"):
        chain.extend(block, recorded["mocktime"])
    return chain


def test_recorded_chain_is_accepted_whole(chain: Chain, recorded: dict[str, Any]) -> None:
    assert chain.tip.height == 5150
    assert format_hash(chain.tip.hash) == recorded["base"]["hash"]


def test_csv_becomes_active_at_432_on_the_recorded_chain(chain: Chain) -> None:
    def state(height: int) -> DeploymentState:
        parent = chain.entries[height - 1]
        return deployment_state(parent, REGTEST.csv, REGTEST, {})

    states = [state(height) for height in (143, 144, 287, 288, 431, 432)]

    assert states == ["defined", "started", "started", "locked_in", "locked_in", "active"]


def test_blocks_of_the_recorded_chain_can_be_taken_back(chain: Chain) -> None:
    before = dict(chain.coins.coins)
    blocks = [block for block, _ in chain.undos[-149:]]

    for _ in blocks:
        chain.shrink()
    assert chain.tip.height == 5001
    for block in blocks:
        chain.extend(block, now=2**31)

    assert chain.coins.coins == before


def judge(chain: Chain, raw: bytes, now: int, is_proposal: bool = False) -> ConsensusError | None:
    try:
        # Bytes behind a block are not looked at when it is submitted, and what the miner may leave
        # out of the coinbase's witness is put in.
        block, _ = decode_block(raw, 0)
        chain.try_block(block if is_proposal else with_reserved_value(block), now, is_proposal)
    except ConsensusError as error:
        return error
    return None


def test_recorded_blocks_get_the_recorded_verdicts(chain: Chain, recorded: dict[str, Any]) -> None:
    wrong = []
    tried = 0
    for case in recorded["cases"]:
        if case["on_top_of"] != 5150 or case["pre"] or isinstance(case["verdict"], dict):
            continue
        tried += 1
        # What fails before it is connected is just "invalid"; the log has the reason in full.
        error = judge(chain, read_block(case), recorded["mocktime"])
        if case["verdict"] == "invalid":
            verdict, expected = str(error), case["reject_reason"]
        else:
            verdict, expected = error and error.reason, case["verdict"]
        if verdict != expected:
            wrong.append((case["name"], verdict, expected))

    assert tried == 395
    assert wrong == []


def test_recorded_blocks_after_another_get_the_recorded_verdicts(
    chain: Chain, recorded: dict[str, Any]
) -> None:
    wrong = []
    tried = 0
    for case in recorded["cases"]:
        if [block["verdict"] for block in case["pre"]] != [None]:
            continue
        tried += 1
        chain.extend(Block.decode(read_block(case["pre"][0])), recorded["mocktime"])
        error = judge(chain, read_block(case), recorded["mocktime"])
        chain.shrink()
        if (error and error.reason) != case["verdict"]:
            wrong.append((case["name"], error and error.reason, case["verdict"]))

    assert tried == 6
    assert wrong == []


def test_proposals_get_the_recorded_verdicts(chain: Chain, recorded: dict[str, Any]) -> None:
    wrong = []
    tried = 0
    for case in recorded["cases"]:
        if case["on_top_of"] != 5150 or case["pre"] or not isinstance(case.get("proposal"), str):
            continue
        tried += 1
        error = judge(chain, read_block(case), recorded["mocktime"], is_proposal=True)
        if (error and error.reason) != case["proposal"]:
            wrong.append((case["name"], error and error.reason, case["proposal"]))

    assert tried > 200
    assert wrong == []


def test_recorded_bytes_that_are_no_block_do_not_decode(recorded: dict[str, Any]) -> None:
    broken = [case for case in recorded["cases"] if case["name"].startswith("raw-")]
    refused = [case for case in broken if isinstance(case["verdict"], dict)]

    assert len(refused) == 4
    for case in refused:
        with pytest.raises(DecodeError):
            Block.decode(read_block(case))
