"""Recorded chains, and small chains mined on the spot."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ccxx_core.block import Block, BlockHeader
from ccxx_core.hashes import BlockHash
from ccxx_core.merkle import merkle_root
from ccxx_core.network import REGTEST
from ccxx_core.script import build_script
from ccxx_core.transaction import NULL_OUTPOINT, OutPoint, Transaction, TxInput, TxOutput
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.chainstate.import_file import import_blocks, read_block_file
from ccxx_node.consensus import params as consensus_params
from ccxx_node.mining.miner import mine

# Later than every recorded block.
NOW = 1_700_868_523
ANYONE = b"\x51"

MakeBlock = Callable[..., Block]


@pytest.fixture(scope="session")
def params() -> consensus_params.ConsensusParams:
    """Regtest, where a coinbase can be spent in the next block."""
    return consensus_params.REGTEST.with_test_overrides(maturity=1, subsidy_interval=150)


@pytest.fixture(scope="session")
def make_block() -> MakeBlock:
    """Mine a block on a parent; ``name`` tells blocks with the same parent and contents apart."""

    def make(
        parent: BlockHeader, *transactions: Transaction, name: str = "", value: int = 0
    ) -> Block:
        unlock = build_script(parent.hash[:8], name.encode() or b"-")
        coinbase = Transaction(
            1, (TxInput(NULL_OUTPOINT, unlock),), (TxOutput(value, ANYONE), TxOutput(0, ANYONE))
        )
        everything = (coinbase, *transactions)
        root = merkle_root([tx.txid for tx in everything])
        header = BlockHeader(0x20000000, parent.hash, root, parent.time + 150, 0x207FFFFF, 0)
        block = mine(Block(header, everything), tries=1000)
        assert block is not None
        return block

    return make


@pytest.fixture(scope="session")
def make_branch(make_block: MakeBlock) -> Callable[..., list[Block]]:
    """Mine so many empty blocks, one on the other."""

    def make(parent: BlockHeader, count: int, name: str = "") -> list[Block]:
        blocks: list[Block] = []
        for _ in range(count):
            blocks.append(make_block(blocks[-1].header if blocks else parent, name=name))
        return blocks

    return make


@pytest.fixture(scope="session")
def spend() -> Callable[..., Transaction]:
    """Spend outputs that anyone can spend, into one output."""

    def make(*outpoints: OutPoint, value: int = 0, outputs: int = 1) -> Transaction:
        inputs = tuple(TxInput(outpoint) for outpoint in outpoints)
        return Transaction(2, inputs, (TxOutput(value, ANYONE),) * outputs)

    return make


@pytest.fixture
def chainstate(tmp_path: Path, params: consensus_params.ConsensusParams) -> Any:
    """An empty chain."""
    with Chainstate.open(tmp_path / "regtest", params) as opened:
        yield opened


@pytest.fixture(scope="session")
def chain_vectors(vectors: Path) -> Path:
    """Folder of the chain that the reference daemon mined."""
    return vectors / "chain"


@pytest.fixture(scope="session")
def recorded_facts(chain_vectors: Path) -> Any:
    """What the reference daemon said about its chain."""
    return json.loads((chain_vectors / "chain-main.json").read_text())


@pytest.fixture(scope="session")
def recorded_blocks(chain_vectors: Path) -> list[Block]:
    """Its 5,150 blocks in order."""
    path = chain_vectors / "chain-main.blk.gz"
    return [Block.decode(raw) for raw in read_block_file(path, REGTEST.magic)]


@pytest.fixture(scope="session")
def _imported(chain_vectors: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recorded")
    with Chainstate.open(folder / "regtest", consensus_params.REGTEST) as chainstate:
        for _ in import_blocks(chainstate, chain_vectors / "chain-main.blk.gz", lambda: NOW):
            if chainstate.height == 5000:
                chainstate.flush()
                shutil.copytree(folder / "regtest", folder / "empty-blocks")
    return folder


@pytest.fixture
def recorded_folder(_imported: Path, tmp_path: Path) -> Path:
    """A network folder that holds the recorded chain, to do with as one likes."""
    return Path(shutil.copytree(_imported / "regtest", tmp_path / "recorded"))


@pytest.fixture
def recorded_start(_imported: Path, tmp_path: Path) -> Path:
    """A network folder that holds its first 5,000 blocks, which have no transactions."""
    return Path(shutil.copytree(_imported / "empty-blocks", tmp_path / "start"))


@pytest.fixture
def unlinked_hash() -> BlockHash:
    """A hash that no block has."""
    return BlockHash(b"\x5a" * 32)


@pytest.fixture(scope="session")
def spoil() -> Callable[[Block], Block]:
    """Change a block so that its transactions do not match its header any more."""

    def change(block: Block) -> Block:
        return replace(block, transactions=(*block.transactions, block.transactions[-1]))

    return change
