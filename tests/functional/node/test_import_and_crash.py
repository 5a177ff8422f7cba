"""Recorded blocks come in through `-loadblock`, and no crash loses the way."""

import json
import re
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ccxx_core.hashes import format_hash

FIRST_BLOCKS = 5001


@pytest.fixture(scope="module")
def first_blocks(recorded_blocks: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("blocks") / "first.blk"
    parts = (struct.pack("<I", len(raw)) + raw for raw in recorded_blocks[:FIRST_BLOCKS])
    path.write_bytes(b"".join(parts))
    return path


@pytest.fixture(scope="module")
def recorded_hashes(vectors: Path) -> dict[int, str]:
    rows = json.loads((vectors / "chain" / "chain-main.json").read_text())["blocks"]
    return {row[0]: row[1] for row in rows}


def test_loadblock_reaches_the_recorded_tip(
    start_node: Callable[..., Any], first_blocks: Path, recorded_hashes: dict[int, str]
) -> None:
    node = start_node(f"-loadblock={first_blocks}")

    node.wait_for_height(FIRST_BLOCKS)

    height, tip = node.client.tip()
    assert (height, format_hash(tip)) == (FIRST_BLOCKS, recorded_hashes[FIRST_BLOCKS])


def test_node_killed_during_an_import_goes_on_where_it_was(
    start_node: Callable[..., Any], first_blocks: Path, recorded_hashes: dict[int, str]
) -> None:
    node = start_node(f"-loadblock={first_blocks}")
    node.wait_for_height(1000)

    node.kill()
    again = start_node(f"-loadblock={first_blocks}", datadir=node.datadir)
    again.wait_for_height(FIRST_BLOCKS)

    height, tip = again.client.tip()
    assert (height, format_hash(tip)) == (FIRST_BLOCKS, recorded_hashes[FIRST_BLOCKS])
    assert again.stop() == 0


def test_node_killed_with_a_whole_chain_finds_it_again(
    start_node: Callable[..., Any], first_blocks: Path
) -> None:
    node = start_node(f"-loadblock={first_blocks}")
    node.wait_for_height(FIRST_BLOCKS)
    before = node.client.call("gettxoutsetinfo")

    node.kill()
    again = start_node(datadir=node.datadir)

    after = again.client.call("gettxoutsetinfo")
    assert after["hash_serialized_2"] == before["hash_serialized_2"]
    assert after["height"] == FIRST_BLOCKS


def test_calls_are_answered_during_an_import(
    start_node: Callable[..., Any], first_blocks: Path
) -> None:
    node = start_node(f"-loadblock={first_blocks}")

    heights = [node.client.block_count() for _ in range(20)]

    assert heights == sorted(heights)
    node.wait_for_height(FIRST_BLOCKS)


def test_damaged_file_is_imported_up_to_the_damage(first_blocks: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.blk"
    damaged.write_bytes(first_blocks.read_bytes()[:50_000])
    command = [sys.executable, "-m", "ccxx_node.daemon", "-regtest", f"-datadir={tmp_path}"]
    options = [f"-loadblock={damaged}", "-stopafterblockimport", "-server=0"]

    result = subprocess.run(
        [*command, *options], capture_output=True, text=True, timeout=60, check=False
    )

    assert result.returncode == 1
    assert re.fullmatch(rf"Error: {damaged} is no file .* at byte \d+\n", result.stderr)
    log = (tmp_path / "regtest" / "debug.log").read_text()
    assert "block connected height=108" in log
    assert "import incomplete" in log
