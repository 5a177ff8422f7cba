"""Difficulty, time and version of headers."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ccxx_core.block import BlockHeader, bits_from_target
from ccxx_core.hashes import BlockHash
from ccxx_node.consensus.errors import OBSOLETE, ConsensusError, Reject
from ccxx_node.consensus.header import (
    LOWEST_VERSION,
    check_header,
    check_header_context,
    least_version,
    next_bits,
    retarget,
)
from ccxx_node.consensus.params import MAIN, PARAMS, REGTEST, TEST

LIMIT_BITS = bits_from_target(MAIN.pow_limit)


@dataclass(frozen=True)
class Entry:
    """A chain entry whose past is a list; it stands at the end of it."""

    times: tuple[int, ...]
    all_bits: tuple[int, ...]
    version: int = 0x20000000

    @property
    def height(self) -> int:
        return len(self.times) - 1

    @property
    def hash(self) -> BlockHash:
        return BlockHash(self.height.to_bytes(32, "little"))

    @property
    def time(self) -> int:
        return self.times[-1]

    @property
    def bits(self) -> int:
        return self.all_bits[-1]

    @property
    def median_time_past(self) -> int:
        recent = sorted(self.times[-11:])
        return recent[len(recent) // 2]

    @property
    def parent(self) -> "Entry | None":
        return self.ancestor(self.height - 1)

    def ancestor(self, height: int) -> "Entry | None":
        if not 0 <= height <= self.height:
            return None
        return replace(self, times=self.times[: height + 1], all_bits=self.all_bits[: height + 1])


def build_chain(length: int, bits: int, gap: int = 150) -> Entry:
    return Entry(tuple(1000 + gap * i for i in range(length)), (bits,) * length)


def header_after(parent: Entry, **changes: int) -> BlockHeader:
    header = BlockHeader(
        0x20000000, parent.hash, bytes(32), parent.time + 150, parent.bits, nonce=0
    )
    return replace(header, **changes)  # type: ignore[arg-type]


def test_retargets_are_those_recorded_from_the_reference(vectors: Path) -> None:
    cases = json.loads((vectors / "retarget.json").read_text())["vectors"]

    wrong = [
        (chain, bits, span, expected)
        for chain, bits, span, expected in cases
        if retarget(bits, span, PARAMS[chain]) != expected
    ]

    assert len(cases) == 396
    assert wrong == []


def test_bits_stay_between_retargets_on_main() -> None:
    parent = build_chain(100, 0x1D00FFFF)

    assert next_bits(parent, parent.time + 10_000, MAIN) == 0x1D00FFFF


def test_first_retarget_looks_back_one_block_less() -> None:
    parent = build_chain(576, 0x1D00FFFF)

    assert next_bits(parent, 0, MAIN) == retarget(0x1D00FFFF, 575 * 150, MAIN)


def test_later_retargets_look_back_a_whole_interval() -> None:
    parent = build_chain(1152, 0x1D00FFFF)

    assert next_bits(parent, 0, MAIN) == retarget(0x1D00FFFF, 576 * 150, MAIN)


def test_late_block_on_test_may_have_the_lowest_difficulty() -> None:
    parent = build_chain(100, 0x1D00FFFF)

    assert next_bits(parent, parent.time + 301, TEST) == LIMIT_BITS
    assert next_bits(parent, parent.time + 300, TEST) == 0x1D00FFFF


def test_block_after_a_late_one_returns_to_the_difficulty_before() -> None:
    parent = build_chain(100, 0x1D00FFFF)
    parent = replace(parent, all_bits=(*parent.all_bits[:-3], LIMIT_BITS, LIMIT_BITS, LIMIT_BITS))

    assert next_bits(parent, parent.time + 150, TEST) == 0x1D00FFFF


def test_regtest_never_retargets() -> None:
    parent = build_chain(2016, 0x207FFFFF, gap=1)

    assert next_bits(parent, parent.time, REGTEST) == 0x207FFFFF


@pytest.mark.parametrize(
    ("changes", "reject"),
    [
        ({"bits": 0x207FFFFE}, Reject.BAD_BITS),
        ({"time": 1000 + 150 * 94}, Reject.TIME_TOO_OLD),
        ({"time": 100_000 + 7201}, Reject.TIME_TOO_NEW),
        ({"version": 0x1FFFFFFF}, Reject.BAD_VERSION),
        ({"version": -1}, Reject.BAD_VERSION),
    ],
)
def test_header_that_does_not_fit_its_chain_is_refused(
    changes: dict[str, int], reject: Reject
) -> None:
    parent = build_chain(100, 0x207FFFFF)

    with pytest.raises(ConsensusError) as error:
        check_header_context(header_after(parent, **changes), parent, REGTEST, now=100_000)

    assert error.value.reject is reject


def test_header_at_the_borders_of_its_times_is_accepted() -> None:
    parent = build_chain(100, 0x207FFFFF)

    oldest = header_after(parent, time=1000 + 150 * 94 + 1)
    newest = header_after(parent, time=100_000 + 7200)

    check_header_context(oldest, parent, REGTEST, now=100_000)
    check_header_context(newest, parent, REGTEST, now=100_000)


def test_version_is_shown_unsigned_in_the_reject_string() -> None:
    parent = build_chain(100, 0x207FFFFF)

    with pytest.raises(ConsensusError) as error:
        check_header_context(header_after(parent, version=-1), parent, REGTEST, now=100_000)

    assert error.value.reason == "bad-version(0xffffffff)"
    assert error.value.code == OBSOLETE


def test_no_fork_may_start_below_a_checkpoint() -> None:
    parent = build_chain(100, 0x207FFFFF)

    with pytest.raises(ConsensusError) as error:
        check_header_context(header_after(parent), parent, REGTEST, 100_000, checkpoint_height=101)

    assert error.value.reject is Reject.BAD_FORK


@pytest.mark.parametrize("bits", [0, 0x20800001, 0x22000100, 0x2100FFFF, 0x03000001])
def test_header_whose_target_is_no_target_or_out_of_reach_is_refused(bits: int) -> None:
    header = header_after(build_chain(2, 0x207FFFFF), bits=bits)

    with pytest.raises(ConsensusError) as error:
        check_header(header, REGTEST)

    assert error.value.reject is Reject.HIGH_HASH


def test_before_segwit_the_lowest_version_follows_the_older_forks() -> None:
    heights = [1, REGTEST.bip66_height, REGTEST.bip65_height]

    least = [least_version(height, REGTEST, is_segwit=False) for height in heights]

    assert least == [-(1 << 31), 3, 4]
    assert least_version(1, REGTEST, is_segwit=True) == LOWEST_VERSION
