"""Old blocks are deleted, and nothing that the chain still needs."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ccxx_core.block import Block
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.chainstate.errors import ChainError, StorageError
from ccxx_node.chainstate.pruning import KEPT_BLOCKS
from ccxx_node.chainstate.storage import ChainstateOptions
from ccxx_node.consensus.genesis import genesis_block
from ccxx_node.consensus.params import ConsensusParams

NOW = 1_700_868_523
BY_HAND = ChainstateOptions(prune_target=0, file_bytes=8192, prune_after=100, check_blocks=6)
# Dies at the first file of blocks that it deletes, as a power cut would have it.
DIES_WHILE_PRUNING = """
import os, signal, sys
from pathlib import Path
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.chainstate.storage import ChainstateOptions
from ccxx_node.consensus.params import REGTEST

def die(event, arguments):
    if event == "os.remove" and "blk" in str(arguments[0]):
        os.kill(os.getpid(), signal.SIGKILL)

params = REGTEST.with_test_overrides(maturity=1, subsidy_interval=150)
options = ChainstateOptions(prune_target=0, file_bytes=8192, prune_after=100)
with Chainstate.open(Path(sys.argv[1]), params, options) as chainstate:
    sys.addaudithook(die)
    chainstate.pruner.prune_up_to(chainstate.height)
"""

Open = Callable[..., Chainstate]


@pytest.fixture(scope="session")
def long_branch(make_branch: Callable[..., list[Block]], params: ConsensusParams) -> list[Block]:
    """So many blocks that the first hundred may go."""
    return make_branch(genesis_block(params).header, KEPT_BLOCKS + 112)


@pytest.fixture
def opened(tmp_path: Path, params: ConsensusParams) -> Open:
    def open_chain(options: ChainstateOptions = BY_HAND) -> Chainstate:
        return Chainstate.open(tmp_path / "regtest", params, options)

    return open_chain


@pytest.fixture
def pruned(opened: Open, long_branch: list[Block]) -> Any:
    """A chain of 400 blocks, pruned as far as it may be."""
    with opened() as chainstate:
        accept(chainstate, long_branch)
        chainstate.pruner.prune_up_to(chainstate.height)
        yield chainstate


def accept(chainstate: Chainstate, blocks: list[Block]) -> None:
    for block in blocks:
        chainstate.accept_block(block, NOW)


def test_last_288_blocks_stay_and_old_ones_go(pruned: Chainstate, long_branch: list[Block]) -> None:
    lowest = pruned.pruner.lowest_stored()

    assert 0 < lowest <= pruned.height - KEPT_BLOCKS + 1
    assert pruned.get_block(long_branch[lowest - 2].hash) is None
    assert pruned.get_undo(long_branch[lowest - 2].hash) is None
    assert pruned.get_block(long_branch[lowest - 1].hash) == long_branch[lowest - 1]


def test_coins_are_those_of_an_unpruned_chain(
    pruned: Chainstate, long_branch: list[Block], tmp_path: Path, params: ConsensusParams
) -> None:
    with Chainstate.open(tmp_path / "whole", params) as whole:
        accept(whole, long_branch)

        assert pruned.utxo_stats().hash_serialized_2 == whole.utxo_stats().hash_serialized_2


def test_files_shrink_with_the_blocks(opened: Open, long_branch: list[Block]) -> None:
    with opened() as chainstate:
        accept(chainstate, long_branch)
        before = chainstate.blocks_size()

        chainstate.pruner.prune_up_to(chainstate.height)

        assert chainstate.blocks_size() < before * 0.85


def test_target_bounds_the_files(opened: Open, long_branch: list[Block]) -> None:
    target = 85_000
    with opened(replace(BY_HAND, prune_target=target)) as chainstate:
        for block in long_branch:
            chainstate.accept_block(block, NOW)
            chainstate.prune_when_due()

        assert chainstate.blocks_size() < target
        assert 0 < chainstate.pruner.lowest_stored() <= chainstate.height - KEPT_BLOCKS


def test_nothing_goes_while_the_chain_is_short(opened: Open, long_branch: list[Block]) -> None:
    with opened(replace(BY_HAND, prune_target=1, prune_after=1000)) as chainstate:
        accept(chainstate, long_branch)

        chainstate.prune_when_due()

        assert chainstate.pruner.lowest_stored() == 0


def test_chain_is_the_same_after_a_restart(
    opened: Open, long_branch: list[Block], make_branch: Callable[..., list[Block]]
) -> None:
    with opened() as chainstate:
        accept(chainstate, long_branch)
        chainstate.pruner.prune_up_to(chainstate.height)
        lowest = chainstate.pruner.lowest_stored()

    with opened(replace(BY_HAND, check_blocks=0)) as again:
        assert (again.tip.hash, again.pruner.lowest_stored()) == (long_branch[-1].hash, lowest)
        accept(again, make_branch(long_branch[-1].header, 2))
        assert again.height == len(long_branch) + 2


def test_death_between_note_and_deletion_loses_nothing(
    opened: Open, long_branch: list[Block], tmp_path: Path
) -> None:
    with opened() as chainstate:
        accept(chainstate, long_branch)
        size = chainstate.blocks_size()

    command = [sys.executable, "-c", DIES_WHILE_PRUNING, str(tmp_path / "regtest")]
    died = subprocess.run(command, capture_output=True, timeout=60, check=False)

    assert died.returncode == -9, died.stderr
    with opened(replace(BY_HAND, check_blocks=0)) as again:
        assert again.tip.hash == long_branch[-1].hash
        assert again.pruner.lowest_stored() > 0
        assert again.blocks_size() < size * 0.85


def test_reorganisation_within_the_kept_blocks_is_made(
    pruned: Chainstate, long_branch: list[Block], make_branch: Callable[..., list[Block]]
) -> None:
    fork = long_branch[-KEPT_BLOCKS]
    other = make_branch(fork.header, KEPT_BLOCKS, name="other")

    accept(pruned, other)

    assert pruned.tip.hash == other[-1].hash


def test_reorganisation_over_pruned_blocks_is_refused_and_the_chain_stays(
    pruned: Chainstate, long_branch: list[Block], make_branch: Callable[..., list[Block]]
) -> None:
    fork = long_branch[9]
    other = make_branch(fork.header, len(long_branch) - 8, name="other")

    accept(pruned, other)

    assert pruned.tip.hash == long_branch[-1].hash
    assert pruned.best_header.hash == other[-1].hash
    more = make_branch(long_branch[-1].header, 2)
    accept(pruned, more)
    assert pruned.tip.hash == more[-1].hash


def test_block_below_pruned_ones_cannot_be_invalidated(
    pruned: Chainstate, long_branch: list[Block]
) -> None:
    with pytest.raises(ChainError):
        pruned.invalidate_block(long_branch[9].hash)

    assert pruned.tip.hash == long_branch[-1].hash


def test_pruned_block_can_be_stored_again(pruned: Chainstate, long_branch: list[Block]) -> None:
    pruned.accept_block(long_branch[0], NOW)

    assert pruned.get_block(long_branch[0].hash) == long_branch[0]
    assert pruned.tip.hash == long_branch[-1].hash


@pytest.mark.parametrize(
    "options", [ChainstateOptions(), replace(BY_HAND, reindex_chainstate=True)]
)
def test_folder_without_its_blocks_cannot_be_used_as_if_it_had_them(
    opened: Open, long_branch: list[Block], options: ChainstateOptions
) -> None:
    with opened() as chainstate:
        accept(chainstate, long_branch)
        chainstate.pruner.prune_up_to(chainstate.height)

    with pytest.raises(StorageError) as error:
        opened(options)

    assert "-reindex" in str(error.value)


def test_reindex_of_a_pruned_folder_starts_from_nothing(
    opened: Open, long_branch: list[Block], caplog: pytest.LogCaptureFixture
) -> None:
    with opened() as chainstate:
        accept(chainstate, long_branch)
        chainstate.pruner.prune_up_to(chainstate.height)

    with opened(replace(BY_HAND, reindex=True)) as again:
        assert again.height == 0
        assert "blocks dropped files=" in caplog.text
        accept(again, long_branch)
        assert again.tip.hash == long_branch[-1].hash


def test_blocks_may_have_a_folder_of_their_own(
    opened: Open, tmp_path: Path, long_branch: list[Block]
) -> None:
    elsewhere = ChainstateOptions(blocks_folder=tmp_path / "elsewhere")
    with opened(elsewhere) as chainstate:
        accept(chainstate, long_branch[:3])

    with opened(elsewhere) as again:
        assert again.get_block(long_branch[2].hash) == long_branch[2]
        assert again.height == 3
    assert (tmp_path / "elsewhere" / "blk00000.dat").exists()
    assert not list((tmp_path / "regtest" / "blocks").glob("*.dat"))


def test_nothing_is_pruned_in_the_middle_of_a_long_way(
    opened: Open, make_branch: Callable[..., list[Block]], params: ConsensusParams
) -> None:
    genesis = genesis_block(params).header
    first, second = make_branch(genesis, 3), make_branch(genesis, 4, name="second")
    with opened() as chainstate:
        accept(chainstate, first + second[:3])
        chainstate.accept_block(second[3], NOW, seconds=0)
        assert not chainstate.is_settled

        with pytest.raises(ChainError):
            chainstate.prune_up_to(chainstate.height)
