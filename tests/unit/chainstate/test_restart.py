"""What is on the disk is enough: clean restarts, torn files, rebuilding, kill -9, a full disk."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ccxx_core.block import Block
from ccxx_core.hashes import BlockHash
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.chainstate.errors import CorruptionError
from ccxx_node.chainstate.storage import ChainstateOptions
from ccxx_node.chainstate.utxo_stats import UtxoStats
from ccxx_node.consensus.params import REGTEST, ConsensusParams

NOW = 1_700_868_523
AS_IT_IS = ChainstateOptions()
REINDEX = ChainstateOptions(reindex=True)
REINDEX_CHAINSTATE = ChainstateOptions(reindex_chainstate=True)
WITH_TRANSACTIONS = ChainstateOptions(transaction_index=True)

MakeBranch = Callable[..., list[Block]]


def facts(chainstate: Chainstate) -> UtxoStats:
    return replace(chainstate.utxo_stats(), disk_size=0)


def facts_of(folder: Path, options: ChainstateOptions = AS_IT_IS) -> UtxoStats:
    with Chainstate.open(folder, REGTEST, options) as chainstate:
        return facts(chainstate)


@pytest.fixture
def recorded(recorded_folder: Path) -> UtxoStats:
    return facts_of(recorded_folder)


def test_closed_chain_opens_where_it_was(recorded_folder: Path, recorded: UtxoStats) -> None:
    assert recorded.height == 5150
    assert facts_of(recorded_folder) == recorded


def test_unflushed_blocks_are_connected_again(
    tmp_path: Path, params: ConsensusParams, make_branch: MakeBranch
) -> None:
    chainstate = Chainstate.open(tmp_path / "a", params)
    blocks = make_branch(chainstate.tip.header, 5)
    for block in blocks[:2]:
        chainstate.accept_block(block, NOW)
    chainstate.flush()
    for block in blocks[2:]:
        chainstate.accept_block(block, NOW)
    shutil.copytree(tmp_path / "a", tmp_path / "killed")
    before = facts(chainstate)
    chainstate.close()

    with Chainstate.open(tmp_path / "killed", params) as chainstate:
        assert facts(chainstate) == before


def test_block_that_waits_for_its_parent_survives_a_crash(
    tmp_path: Path, params: ConsensusParams, make_branch: MakeBranch
) -> None:
    chainstate = Chainstate.open(tmp_path / "a", params)
    blocks = make_branch(chainstate.tip.header, 3)
    for block in blocks:
        chainstate.accept_header(block.header, NOW)
    chainstate.accept_block(blocks[2], NOW)
    chainstate.accept_block(blocks[1], NOW)
    shutil.copytree(tmp_path / "a", tmp_path / "killed")
    chainstate.close()

    with Chainstate.open(tmp_path / "killed", params) as chainstate:
        events = list(chainstate.accept_block(blocks[0], NOW))

    assert [event.block for event in events] == blocks


@pytest.mark.parametrize("flushed", range(5))
def test_move_away_from_a_failed_branch_goes_on_after_a_crash(
    tmp_path: Path, params: ConsensusParams, make_branch: MakeBranch, flushed: int
) -> None:
    with Chainstate.open(tmp_path / "a", params) as chainstate:
        blocks = make_branch(chainstate.tip.header, 5)
        for block in blocks:
            chainstate.accept_block(block, NOW)
        for block in reversed(blocks[flushed:]):
            chainstate.invalidate_block(block.hash)
        shutil.copytree(tmp_path / "a" / "chainstate", tmp_path / "coins")
        chainstate.reconsider_block(blocks[0].hash)
        chainstate.invalidate_block(blocks[0].hash)

    # The index was written, the coins were not: they stopped somewhere on the way.
    shutil.rmtree(tmp_path / "a" / "chainstate")
    shutil.move(tmp_path / "coins", tmp_path / "a" / "chainstate")

    with Chainstate.open(tmp_path / "a", params) as chainstate:
        assert chainstate.height == 0
        assert chainstate.utxo_stats().txouts == 0


def test_verdicts_and_preferences_survive_a_restart(
    tmp_path: Path, params: ConsensusParams, make_branch: MakeBranch
) -> None:
    with Chainstate.open(tmp_path, params) as chainstate:
        first = make_branch(chainstate.tip.header, 2, "first")
        second = make_branch(chainstate.tip.header, 2, "second")
        third = make_branch(chainstate.tip.header, 3, "third")
        for block in first + second + third:
            chainstate.accept_block(block, NOW)
        chainstate.invalidate_block(third[1].hash)
        chainstate.precious_block(second[1].hash)

    with Chainstate.open(tmp_path, params) as chainstate:
        entries = [chainstate.entry(block.hash) for block in third]

        assert chainstate.tip.hash == second[1].hash
        assert [entry is not None and entry.is_failed for entry in entries] == [False, True, True]


def test_rebuilding_takes_blocks_in_any_order(
    tmp_path: Path, params: ConsensusParams, make_branch: MakeBranch
) -> None:
    with Chainstate.open(tmp_path, params) as chainstate:
        blocks = make_branch(chainstate.tip.header, 20)
        for block in blocks:
            chainstate.accept_header(block.header, NOW)
        for block in random.Random(7).sample(blocks, len(blocks)):
            chainstate.accept_block(block, NOW)
        before = facts(chainstate)

    with Chainstate.open(tmp_path, params, REINDEX) as chainstate:
        assert facts(chainstate) == before


def damage(path: Path) -> None:
    """Overwrite the middle of a file."""
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 64] = bytes(64)
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("victim", "remedy", "options"),
    [
        ("chainstate/CURRENT", "-reindex-chainstate", REINDEX_CHAINSTATE),
        ("blocks/index/CURRENT", "-reindex", REINDEX),
    ],
)
def test_damaged_database_names_a_remedy_that_works(
    recorded_folder: Path,
    recorded: UtxoStats,
    victim: str,
    remedy: str,
    options: ChainstateOptions,
) -> None:
    damage(recorded_folder / victim)

    with pytest.raises(CorruptionError, match=f"{Path(victim).parent}.*start with {remedy} "):
        facts_of(recorded_folder)

    assert facts_of(recorded_folder, options) == recorded
    assert facts_of(recorded_folder) == recorded


def test_damaged_undo_file_names_a_remedy_that_works(
    recorded_folder: Path, recorded: UtxoStats
) -> None:
    path = recorded_folder / "blocks" / "rev00000.dat"
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(CorruptionError, match=r"rev00000.dat is .*-reindex-chainstate"):
        facts_of(recorded_folder)

    assert facts_of(recorded_folder, REINDEX_CHAINSTATE) == recorded


def test_damaged_block_is_noticed_and_rebuilding_keeps_what_is_before_it(
    recorded_folder: Path,
) -> None:
    with Chainstate.open(recorded_folder, REGTEST) as chainstate:
        entry = chainstate.entry_at(5100)
        assert entry is not None and entry.block_position is not None
        offset, block_hash = entry.block_position.offset, entry.hash
    path = recorded_folder / "blocks" / "blk00000.dat"
    data = bytearray(path.read_bytes())
    data[offset : offset + 80] = bytes(80)
    path.write_bytes(data)

    with (
        Chainstate.open(recorded_folder, REGTEST) as chainstate,
        pytest.raises(CorruptionError, match=r"blk00000.dat is corrupted: start with -reindex"),
    ):
        chainstate.get_block(block_hash)

    assert facts_of(recorded_folder, REINDEX).height == 5099


def test_torn_block_at_the_end_is_dropped(
    tmp_path: Path, params: ConsensusParams, make_branch: MakeBranch
) -> None:
    chainstate = Chainstate.open(tmp_path / "a", params)
    blocks = make_branch(chainstate.tip.header, 2)
    for block in blocks:
        chainstate.accept_block(block, NOW)
    shutil.copytree(tmp_path / "a", tmp_path / "torn")
    chainstate.close()
    path = tmp_path / "torn" / "blocks" / "blk00000.dat"
    path.write_bytes(path.read_bytes()[:-3])

    with Chainstate.open(tmp_path / "torn", params) as chainstate:
        assert chainstate.height == 1
        assert len(chainstate.accept_block(blocks[1], NOW)) == 1


def test_transaction_index_finds_all_and_catches_up(recorded_folder: Path) -> None:
    with Chainstate.open(recorded_folder, REGTEST, WITH_TRANSACTIONS) as chainstate:
        block = chainstate.get_block(chainstate.tip.hash)
        assert block is not None
        found = [chainstate.find_transaction(tx.txid) for tx in block.transactions]
        chainstate.invalidate_block(block.hash)
        stale = chainstate.find_transaction(block.transactions[-1].txid)

    with Chainstate.open(recorded_folder, REGTEST) as chainstate:
        assert chainstate.find_transaction(block.transactions[0].txid) is None
        chainstate.reconsider_block(block.hash)

    with Chainstate.open(recorded_folder, REGTEST, WITH_TRANSACTIONS) as chainstate:
        again = [chainstate.find_transaction(tx.txid) for tx in block.transactions]

    assert found == [(block.hash, position) for position in range(len(block.transactions))]
    assert stale == (block.hash, len(block.transactions) - 1)
    assert again == found


IMPORT = """
import sys
from pathlib import Path
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.chainstate.import_file import import_blocks
from ccxx_node.chainstate.storage import ChainstateOptions
from ccxx_node.consensus.params import REGTEST

folder, source, flush_blocks, now = sys.argv[1:]
options = ChainstateOptions(flush_blocks=int(flush_blocks))
with Chainstate.open(Path(folder), REGTEST, options) as chainstate:
    for _ in import_blocks(chainstate, Path(source), lambda: int(now)):
        print(chainstate.height, flush=True)
"""

FLIP = """
import sys
from pathlib import Path
from ccxx_core.hashes import parse_block_hash
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.chainstate.storage import ChainstateOptions
from ccxx_node.consensus.params import REGTEST

options = ChainstateOptions(flush_blocks=int(sys.argv[3]))
with Chainstate.open(Path(sys.argv[1]), REGTEST, options) as chainstate:
    block_hash = parse_block_hash(sys.argv[2])
    while True:
        chainstate.reconsider_block(block_hash)
        print("with", flush=True)
        chainstate.invalidate_block(block_hash)
        print("without", flush=True)
"""


def run_and_kill(script: str, *arguments: object, after_lines: int) -> None:
    """Run a script and kill it once it has printed so many lines (and is busy with the next)."""
    with subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        assert process.stdout is not None
        for _ in range(after_lines):
            if not process.stdout.readline():
                break
        process.send_signal(signal.SIGKILL)


@pytest.mark.parametrize("flush_blocks", [1, 7, 100_000])
def test_killed_import_goes_on_to_the_same_chain(
    recorded_start: Path, chain_vectors: Path, recorded: UtxoStats, flush_blocks: int
) -> None:
    source = chain_vectors / "chain-main.blk.gz"
    chance = random.Random(flush_blocks)
    heights = []

    for _ in range(3):
        lines = chance.randrange(1, 50)
        run_and_kill(IMPORT, recorded_start, source, flush_blocks, NOW, after_lines=lines)
        with Chainstate.open(recorded_start, REGTEST) as chainstate:
            heights.append(chainstate.height)
    run_and_kill(IMPORT, recorded_start, source, 2000, NOW, after_lines=10_000)

    assert heights == sorted(set(heights))
    assert facts_of(recorded_start) == recorded


@pytest.mark.parametrize("flush_blocks", [1, 20, 100_000])
def test_killed_reorganisation_ends_on_one_of_the_two_chains(
    recorded_folder: Path, recorded: UtxoStats, flush_blocks: int
) -> None:
    with Chainstate.open(recorded_folder, REGTEST) as chainstate:
        fork = chainstate.entry_at(5050)
        assert fork is not None
        text = fork.hash[::-1].hex()
        chainstate.invalidate_block(fork.hash)
        without = facts(chainstate)
        chainstate.reconsider_block(fork.hash)

    for lines in (1, 2, 3):
        run_and_kill(FLIP, recorded_folder, text, flush_blocks, after_lines=lines)
        after = facts_of(recorded_folder)
        assert after in (recorded, without)
        assert facts_of(recorded_folder) == after


FILL = """
import json, resource, sys
from pathlib import Path
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.chainstate.errors import StorageError
from ccxx_node.chainstate.import_file import import_blocks
from ccxx_node.chainstate.storage import ChainstateOptions
from ccxx_node.consensus.params import REGTEST

folder, source, limit, now = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
try:
    with Chainstate.open(Path(folder), REGTEST, ChainstateOptions(flush_blocks=500)) as chainstate:
        for _ in import_blocks(chainstate, Path(source), lambda: int(now)):
            pass
except StorageError as error:
    print(json.dumps(str(error)))
"""


@pytest.mark.parametrize("room", [5_000, 100_000])
def test_full_disk_is_one_clear_line_and_loses_nothing(
    recorded_start: Path, chain_vectors: Path, recorded: UtxoStats, room: int
) -> None:
    source = chain_vectors / "chain-main.blk.gz"
    limit = (recorded_start / "blocks" / "blk00000.dat").stat().st_size + room
    arguments = [str(recorded_start), str(source), str(limit), str(NOW)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}

    full = subprocess.run(
        [sys.executable, "-c", FILL, *arguments],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    with Chainstate.open(recorded_start, REGTEST) as chainstate:
        height = chainstate.height
    run_and_kill(IMPORT, recorded_start, source, 2000, NOW, after_lines=10_000)

    assert json.loads(full.stdout).startswith(f"disk full while writing {recorded_start}")
    assert 5000 < height < 5150
    assert facts_of(recorded_start) == recorded


def test_index_of_another_network_is_refused(tmp_path: Path) -> None:
    Chainstate.open(tmp_path, REGTEST).close()
    other = replace(REGTEST, genesis_hash=BlockHash(bytes(32)))

    with pytest.raises(CorruptionError, match="another network"):
        Chainstate.open(tmp_path, other)
