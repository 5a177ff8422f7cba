"""Recorded blocks are read from plain and packed files of both formats, in any order."""

import gzip
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccxx_core.block import Block
from ccxx_core.hashes import format_hash
from ccxx_core.network import REGTEST as NETWORK
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.chainstate.errors import ChainError
from ccxx_node.chainstate.import_file import WaitingBlocks, import_blocks, read_block_file
from ccxx_node.consensus.params import REGTEST, ConsensusParams

NOW = 1_700_868_523

MakeBranch = Callable[..., list[Block]]


def now() -> int:
    return NOW


def with_lengths(blocks: list[Block]) -> bytes:
    raw = [block.encode() for block in blocks]
    return b"".join(len(each).to_bytes(4, "little") + each for each in raw)


def with_magic(blocks: list[Block]) -> bytes:
    raw = [block.encode() for block in blocks]
    return b"".join(NETWORK.magic + len(each).to_bytes(4, "little") + each for each in raw)


@pytest.fixture
def branch(chainstate: Chainstate, make_branch: MakeBranch) -> list[Block]:
    return make_branch(chainstate.tip.header, 10)


def test_first_blocks_of_the_recorded_chain_reach_the_recorded_tip(
    tmp_path: Path, recorded_blocks: list[Block], recorded_facts: dict[str, list[list[object]]]
) -> None:
    path = tmp_path / "first.blk"
    path.write_bytes(with_lengths(recorded_blocks[:5001]))

    with Chainstate.open(tmp_path / "regtest", REGTEST) as chainstate:
        count = sum(len(events) for events in import_blocks(chainstate, path, now))
        tip = [chainstate.height, chainstate.tip.hash[::-1].hex()]

    assert count == 5001
    assert tip == recorded_facts["blocks"][5000][:2]


@pytest.mark.parametrize("write", [with_lengths, with_magic])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_both_formats_are_read_plain_and_packed(
    chainstate: Chainstate,
    branch: list[Block],
    tmp_path: Path,
    write: Callable[[list[Block]], bytes],
    pack: Callable[[bytes], bytes],
) -> None:
    path = tmp_path / "blocks"
    path.write_bytes(pack(write(branch)))

    events = [event for each in import_blocks(chainstate, path, now) for event in each]

    assert [event.block for event in events] == branch


def test_block_files_of_another_node_are_read(
    chainstate: Chainstate, branch: list[Block], tmp_path: Path, params: ConsensusParams
) -> None:
    with Chainstate.open(tmp_path / "other", params) as other:
        for block in branch:
            other.accept_block(block, NOW)
    path = tmp_path / "other" / "blocks" / "blk00000.dat"
    path.write_bytes(path.read_bytes() + bytes(5000))

    for _ in import_blocks(chainstate, path, now):
        pass

    assert chainstate.tip.hash == branch[-1].hash


def test_children_before_their_parents_are_connected_in_the_end(
    chainstate: Chainstate, branch: list[Block], tmp_path: Path
) -> None:
    path = tmp_path / "blocks"
    path.write_bytes(with_lengths(random.Random(3).sample(branch, len(branch))))

    for _ in import_blocks(chainstate, path, now):
        pass

    assert chainstate.tip.hash == branch[-1].hash


def test_known_blocks_are_passed_over(
    chainstate: Chainstate, branch: list[Block], tmp_path: Path
) -> None:
    path = tmp_path / "blocks"
    chainstate.accept_block(branch[0], NOW)
    path.write_bytes(with_lengths(branch))

    events = [event for each in import_blocks(chainstate, path, now) for event in each]

    assert [event.block for event in events] == branch[1:]


def test_refused_blocks_are_named_when_all_others_are_in(
    chainstate: Chainstate, branch: list[Block], tmp_path: Path, spoil: Callable[[Block], Block]
) -> None:
    path = tmp_path / "blocks"
    spoiled = spoil(branch[1])
    path.write_bytes(with_lengths([branch[0], spoiled, *branch[1:]]))

    with pytest.raises(ChainError, match=f"refused: 1, the first is {format_hash(spoiled.hash)}"):
        list(import_blocks(chainstate, path, now))

    assert chainstate.tip.hash == branch[-1].hash


def test_block_that_was_refused_before_is_named_again(
    chainstate: Chainstate, make_block: Callable[..., Block], tmp_path: Path
) -> None:
    path = tmp_path / "blocks"
    path.write_bytes(with_lengths([make_block(chainstate.tip.header, value=10**12)]))

    for _ in range(2):
        with pytest.raises(ChainError, match="refused: 1"):
            list(import_blocks(chainstate, path, now))


def test_blocks_whose_parent_is_nowhere_are_named(
    chainstate: Chainstate, branch: list[Block], tmp_path: Path
) -> None:
    path = tmp_path / "blocks"
    path.write_bytes(with_lengths([branch[0], *branch[2:]]))

    with pytest.raises(ChainError, match=f"left out: 8, .* parent {format_hash(branch[1].hash)}"):
        list(import_blocks(chainstate, path, now))

    assert chainstate.height == 1


def test_parents_may_be_in_the_next_file(
    chainstate: Chainstate, branch: list[Block], tmp_path: Path
) -> None:
    first, second, waiting = tmp_path / "first", tmp_path / "second", WaitingBlocks()
    first.write_bytes(with_lengths([branch[0], *branch[2:6]]))
    second.write_bytes(with_lengths([branch[1], *branch[6:]]))

    for path in (first, second):
        list(import_blocks(chainstate, path, now, waiting))

    assert chainstate.tip.hash == branch[-1].hash
    assert waiting.complaint() is None


def test_children_come_in_when_their_parent_came_from_a_peer_meanwhile(
    chainstate: Chainstate, branch: list[Block], tmp_path: Path, make_branch: MakeBranch
) -> None:
    path = tmp_path / "blocks"
    aside = make_branch(chainstate.tip.header, 5, name="aside")
    parent, *children = branch
    path.write_bytes(with_lengths([*children, *aside, parent]))

    def peer() -> int:
        if chainstate.entry(parent.hash) is None:
            chainstate.accept_block(parent, NOW)
        return NOW

    for _ in import_blocks(chainstate, path, peer):
        pass

    assert chainstate.tip.hash == branch[-1].hash


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_file_cut_short_keeps_what_came_before(
    chainstate: Chainstate,
    branch: list[Block],
    tmp_path: Path,
    pack: Callable[[bytes], bytes],
) -> None:
    path = tmp_path / "blocks"
    path.write_bytes(pack(with_lengths(branch)[:-10]))

    with pytest.raises(ChainError, match="blocks is no file of recorded blocks, or ends within"):
        for _ in import_blocks(chainstate, path, now):
            pass

    assert chainstate.height == 9


def test_packed_file_cut_short_is_named(
    chainstate: Chainstate, branch: list[Block], tmp_path: Path
) -> None:
    path = tmp_path / "blocks"
    path.write_bytes(gzip.compress(with_lengths(branch))[:-20])

    with pytest.raises(ChainError, match="blocks is not a whole gzip file"):
        list(import_blocks(chainstate, path, now))


def test_missing_file_is_named(chainstate: Chainstate, tmp_path: Path) -> None:
    with pytest.raises(ChainError, match=r"cannot read .*nowhere"):
        list(import_blocks(chainstate, tmp_path / "nowhere", now))


@given(st.binary(max_size=300), st.booleans(), st.booleans())
def test_hostile_bytes_raise_nothing_but_chain_errors(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, is_packed: bool, has_magic: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "hostile"
    data = (NETWORK.magic if has_magic else b"") + data
    path.write_bytes(b"\x1f\x8b" + data if is_packed else data)

    try:
        blocks = list(read_block_file(path, NETWORK.magic))
    except ChainError:
        return

    assert sum(map(len, blocks)) <= len(data)
