"""A node whose files were damaged says so in one line, and the remedy that it names works."""

import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ccxx_node.client.rpc import RpcError

KEPT_BLOCKS = 400


class Case(NamedTuple):
    """Files to damage below the network's folder, and what the error has to name."""

    files: str
    named: str
    remedy: str


CASES = [
    Case("blocks/blk*.dat", "blocks/blk00000.dat", "-reindex"),
    Case("blocks/rev*.dat", "blocks/rev00000.dat", "-reindex-chainstate"),
    Case("blocks/index/*.ldb", "blocks/index", "-reindex"),
    Case("chainstate/*.ldb", "chainstate", "-reindex-chainstate"),
]


class Whole(NamedTuple):
    """A data folder with the first recorded blocks, and the file that they come from."""

    datadir: Path
    source: Path


@pytest.fixture(scope="module")
def whole(recorded_blocks: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> Whole:
    folder = tmp_path_factory.mktemp("whole")
    source = folder / "first.blk"
    raws = recorded_blocks[:KEPT_BLOCKS]
    source.write_bytes(b"".join(struct.pack("<I", len(raw)) + raw for raw in raws))
    # Twice, because only the second start makes tables of the databases' logs.
    for _ in range(2):
        run(folder, f"-loadblock={source}", "-stopafterblockimport")
    return Whole(folder, source)


def run(datadir: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """Start a node that is expected to stop by itself."""
    command = [sys.executable, "-m", "ccxx_node.daemon", "-regtest", f"-datadir={datadir}"]
    return subprocess.run(
        [*command, "-server=0", *options], capture_output=True, text=True, timeout=60, check=False
    )


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def utxo_hash(node: Any) -> str:
    return str(node.client.call("gettxoutsetinfo")["hash_serialized_2"])


@pytest.mark.parametrize("damage", [flip, Path.unlink])
@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.files))
def test_damage_is_one_line_with_a_remedy_that_works(
    start_node: Callable[..., Any],
    whole: Whole,
    tmp_path: Path,
    damage: Callable[[Path], None],
    case: Case,
) -> None:
    datadir = Path(shutil.copytree(whole.datadir, tmp_path / "damaged"))
    expected = start_node(datadir=Path(shutil.copytree(whole.datadir, tmp_path / "whole")))
    for path in (datadir / "regtest").glob(case.files):
        damage(path)

    refused = run(datadir, "-checkblocks=0", "-stopatheight=1")
    mended = start_node(case.remedy, f"-loadblock={whole.source}", datadir=datadir)
    mended.wait_for_height(KEPT_BLOCKS)

    assert refused.returncode == 1
    assert refused.stdout == ""
    [line] = refused.stderr.splitlines()
    assert line.startswith("Error: ")
    place = datadir / "regtest" / case.named
    assert f"{place} is corrupted: start with {case.remedy} " in line
    assert utxo_hash(mended) == utxo_hash(expected)
    assert mended.stop() == 0


def test_damage_found_while_running_stops_the_node(
    start_node: Callable[..., Any], whole: Whole, tmp_path: Path
) -> None:
    datadir = Path(shutil.copytree(whole.datadir, tmp_path / "damaged"))
    flip(datadir / "regtest" / "blocks" / "blk00000.dat")
    node = start_node(datadir=datadir)

    assert node.client.call("verifychain", 4, 0) is False
    hashes = [node.client.call("getblockhash", height) for height in range(KEPT_BLOCKS)]
    with pytest.raises(RpcError, match=r"blk00000.dat is corrupted: start with -reindex "):
        for block_hash in hashes:
            node.client.call("getblock", block_hash, 2)

    assert node.wait() == 1
    [line] = node.errors.read_text().splitlines()
    assert line.startswith("Error: ") and "blk00000.dat" in line


def test_whole_chain_verifies_at_every_level(
    start_node: Callable[..., Any], whole: Whole, tmp_path: Path
) -> None:
    node = start_node(datadir=Path(shutil.copytree(whole.datadir, tmp_path / "whole")))

    assert all(node.client.call("verifychain", level, 0) for level in range(5))


def test_node_stops_at_the_wanted_height(whole: Whole, tmp_path: Path) -> None:
    result = run(tmp_path, f"-loadblock={whole.source}", "-stopatheight=123")

    log = (tmp_path / "regtest" / "debug.log").read_text()
    assert (result.returncode, result.stderr) == (0, "")
    assert "block connected height=123 " in log
    assert "block connected height=124 " not in log
