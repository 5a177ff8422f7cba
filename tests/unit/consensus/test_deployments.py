"""Soft forks that miners switch on, through all their states."""

from dataclasses import dataclass

import pytest

from ccxx_core.hashes import BlockHash
from ccxx_node.consensus import flags as f
from ccxx_node.consensus.deployments import (
    DeploymentState,
    block_version,
    count_signals,
    deployment_state,
    is_csv_active,
    is_segwit_active,
    script_flags,
    state_since,
)
from ccxx_node.consensus.params import MAIN, REGTEST

SIGNAL = 0x20000001
SILENT = 0x20000000


@dataclass(frozen=True)
class Entry:
    """A chain entry of regtest whose past is a list of versions."""

    versions: tuple[int, ...]

    @property
    def height(self) -> int:
        return len(self.versions) - 1

    @property
    def hash(self) -> BlockHash:
        return BlockHash(self.height.to_bytes(32, "little"))

    @property
    def version(self) -> int:
        return self.versions[-1]

    @property
    def time(self) -> int:
        return self.height

    @property
    def bits(self) -> int:
        return 0x207FFFFF

    @property
    def median_time_past(self) -> int:
        return self.height

    @property
    def parent(self) -> "Entry | None":
        return self.ancestor(self.height - 1)

    def ancestor(self, height: int) -> "Entry | None":
        return Entry(self.versions[: height + 1]) if 0 <= height <= self.height else None


def chain(*periods: int) -> Entry:
    """Build a chain of periods of 144 blocks, of which the first so many signal."""
    versions: list[int] = []
    for signals in periods:
        versions += [SIGNAL] * signals + [SILENT] * (144 - signals)
    return Entry(tuple(versions))


@pytest.mark.parametrize(
    ("periods", "state"),
    [
        ((0,), "started"),
        ((144,), "started"),
        ((0, 107), "started"),
        ((0, 108), "locked_in"),
        ((0, 108, 0), "active"),
        ((0, 108, 0, 0), "active"),
        ((0, 107, 108), "locked_in"),
    ],
)
def test_signals_of_a_whole_period_lock_a_fork_in(periods: tuple[int, ...], state: str) -> None:
    assert deployment_state(chain(*periods), REGTEST.csv, REGTEST, {}) == state


def test_state_holds_from_the_first_block_of_a_period_to_the_last() -> None:
    whole = chain(0, 108, 0)
    parents = [whole.ancestor(height) for height in (0, 142, 143, 286, 287, 430, 431)]

    states = [deployment_state(p, REGTEST.csv, REGTEST, {}) for p in parents if p is not None]

    assert states == [
        "defined",
        "defined",
        "started",
        "started",
        "locked_in",
        "locked_in",
        "active",
    ]


def test_state_is_the_same_with_what_was_remembered() -> None:
    cache: dict[tuple[str, BlockHash], DeploymentState] = {}

    first = deployment_state(chain(0, 108, 0), REGTEST.csv, REGTEST, cache)

    assert cache
    assert deployment_state(chain(0, 108, 0), REGTEST.csv, REGTEST, cache) is first


@pytest.mark.parametrize(
    ("periods", "since"), [((0,), 144), ((0, 0), 144), ((0, 108), 288), ((0, 108, 0, 0), 432)]
)
def test_state_is_known_to_hold_since_a_height(periods: tuple[int, ...], since: int) -> None:
    assert state_since(chain(*periods), REGTEST.csv, REGTEST, {}) == since


def test_fork_that_is_always_active_holds_since_genesis() -> None:
    assert deployment_state(Entry((1,)), REGTEST.segwit, REGTEST, {}) is DeploymentState.ACTIVE
    assert state_since(chain(0, 0), REGTEST.segwit, REGTEST, {}) == 0
    assert is_csv_active(Entry((1,)), MAIN, {})


def test_new_blocks_signal_what_is_under_way() -> None:
    assert block_version(Entry((1,)), REGTEST, {}) == 0x20000000
    assert block_version(chain(0), REGTEST, {}) == 0x30000001
    assert block_version(chain(0, 108, 0), REGTEST, {}) == 0x30000000
    assert block_version(chain(0), MAIN, {}) == 0x20000000


def test_only_versions_of_bip_9_signal() -> None:
    entry = Entry((SIGNAL, 1, 0x40000001, -1, SILENT, SIGNAL))

    assert count_signals(entry, REGTEST.csv, 6) == 2
    assert count_signals(entry, REGTEST.csv, 100) == 2


def test_script_rules_switch_on_at_their_heights() -> None:
    always = f.P2SH | f.WITNESS | f.NULLDUMMY

    assert script_flags(1250, False, REGTEST) == always
    assert script_flags(1251, False, REGTEST) == always | f.DERSIG
    assert script_flags(1351, False, REGTEST) == always | f.DERSIG | f.CHECKLOCKTIMEVERIFY
    assert script_flags(1, True, MAIN) == (
        always | f.DERSIG | f.CHECKLOCKTIMEVERIFY | f.CHECKSEQUENCEVERIFY
    )


def test_a_soft_fork_that_is_not_locked_in_in_time_has_failed_for_ever() -> None:
    params = REGTEST.with_deployment("csv", 0, 300)
    silent = Entry((SILENT,) * 288)
    late = Entry((SILENT,) * 288 + (SIGNAL,) * 600)

    assert deployment_state(silent, params.csv, params, {}) is DeploymentState.STARTED
    assert deployment_state(late, params.csv, params, {}) is DeploymentState.FAILED


def test_before_segwit_its_script_rules_do_not_hold() -> None:
    params = REGTEST.with_deployment("segwit", 0, 0)
    parent = Entry((SILENT,) * 10)

    assert not is_segwit_active(parent, params, {})
    assert not params.knows_segwit
    assert script_flags(1, False, params, is_segwit=False) == f.P2SH


def test_only_regtest_has_other_schedules_and_only_for_forks_that_there_are() -> None:
    with pytest.raises(ValueError, match="only be overridden on regtest"):
        MAIN.with_deployment("csv", 0, 1)
    with pytest.raises(ValueError, match=r"Invalid deployment \(taproot\)"):
        REGTEST.with_deployment("taproot", 0, 1)
