"""Whatever happens to a file: a wrong answer never, a clear error perhaps, a remedy always."""

import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ccxx_core.block import Block
from ccxx_core.transaction import OutPoint, Transaction
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.chainstate.errors import CorruptionError
from ccxx_node.chainstate.storage import ChainstateOptions
from ccxx_node.chainstate.utxo_stats import UtxoStats
from ccxx_node.consensus.params import ConsensusParams

NOW = 1_700_868_523
LENGTH = 30
FLIPS = 12
REMEDIES = {
    "-reindex": ChainstateOptions(reindex=True),
    "-reindex-chainstate": ChainstateOptions(reindex_chainstate=True),
}
KINDS = (
    "blocks/blk*.dat",
    "blocks/rev*.dat",
    "blocks/index/*.ldb",
    "blocks/index/*.log",
    "blocks/index/MANIFEST-*",
    "blocks/index/CURRENT",
    "chainstate/*.ldb",
    "chainstate/*.log",
    "chainstate/MANIFEST-*",
    "chainstate/CURRENT",
)


@pytest.fixture(scope="module")
def blocks(
    params: ConsensusParams,
    make_block: Callable[..., Block],
    spend: Callable[..., Transaction],
    tmp_path_factory: pytest.TempPathFactory,
) -> list[Block]:
    made: list[Block] = []
    with Chainstate.open(tmp_path_factory.mktemp("genesis"), params) as chainstate:
        parent = chainstate.tip.header
    for _ in range(LENGTH):
        spends = [spend(OutPoint(made[-1].transactions[0].txid, 0), outputs=9)] if made else []
        made.append(make_block(parent, *spends))
        parent = made[-1].header
    return made


@pytest.fixture(scope="module")
def whole(
    params: ConsensusParams, blocks: list[Block], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A network folder whose databases have both tables and a log."""
    folder = tmp_path_factory.mktemp("whole") / "regtest"
    for some in (blocks[:10], blocks[10:20], blocks[20:]):
        with Chainstate.open(folder, params) as chainstate:
            for block in some:
                chainstate.accept_block(block, NOW)
    return folder


def look_at_all(
    folder: Path, params: ConsensusParams, options: ChainstateOptions | None = None
) -> UtxoStats:
    with Chainstate.open(folder, params, options or ChainstateOptions()) as chainstate:
        stats = replace(chainstate.utxo_stats(), disk_size=0)
        for _ in chainstate.verify(level=4, depth=0):
            pass
        return stats


def repair(folder: Path, params: ConsensusParams, error: CorruptionError, kind: str) -> UtxoStats:
    """Follow the error's advice, and get lost blocks again if it was about them."""
    remedy = str(error).partition("start with ")[2].split()[0]
    assert str(folder) in str(error)
    try:
        return look_at_all(folder, params, REMEDIES[remedy])
    except CorruptionError as second:
        # Only the block files hold what the coins are made of.
        assert kind == "blocks/blk*.dat" and "-reindex " in str(second)
        return look_at_all(folder, params, REMEDIES["-reindex"])


def complete(folder: Path, params: ConsensusParams, blocks: list[Block]) -> UtxoStats:
    with Chainstate.open(folder, params) as chainstate:
        for block in blocks:
            entry = chainstate.entry(block.hash)
            if entry is None or entry.block_position is None:
                chainstate.accept_block(block, NOW)
    return look_at_all(folder, params)


def flipped(whole: Path, kind: str) -> Iterator[tuple[Path, int, int]]:
    chance = random.Random(kind)
    for path in sorted(whole.glob(kind)):
        size = path.stat().st_size
        for _ in range(FLIPS):
            yield path, chance.randrange(size), 1 << chance.randrange(8)


def check(
    folder: Path, params: ConsensusParams, blocks: list[Block], kind: str, recorded: UtxoStats
) -> None:
    try:
        stats = look_at_all(folder, params)
    except CorruptionError as error:
        stats = repair(folder, params, error, kind)
    if kind == "blocks/blk*.dat":
        assert stats.height <= recorded.height
        stats = complete(folder, params, blocks)
    assert stats == recorded


@pytest.mark.parametrize("kind", KINDS)
def test_flipped_bit_is_harmless_or_has_a_remedy(
    whole: Path, params: ConsensusParams, blocks: list[Block], kind: str, tmp_path: Path
) -> None:
    recorded = look_at_all(Path(shutil.copytree(whole, tmp_path / "whole")), params)

    for number, (path, offset, bit) in enumerate(flipped(whole, kind)):
        folder = Path(shutil.copytree(whole, tmp_path / f"flipped{number}"))
        victim = folder / path.relative_to(whole)
        data = bytearray(victim.read_bytes())
        data[offset] ^= bit
        victim.write_bytes(data)

        check(folder, params, blocks, kind, recorded)


@pytest.mark.parametrize("kind", KINDS)
def test_missing_file_is_harmless_or_has_a_remedy(
    whole: Path, params: ConsensusParams, blocks: list[Block], kind: str, tmp_path: Path
) -> None:
    recorded = look_at_all(Path(shutil.copytree(whole, tmp_path / "whole")), params)

    for number, path in enumerate(sorted(whole.glob(kind))):
        folder = Path(shutil.copytree(whole, tmp_path / f"missing{number}"))
        (folder / path.relative_to(whole)).unlink()

        check(folder, params, blocks, kind, recorded)
