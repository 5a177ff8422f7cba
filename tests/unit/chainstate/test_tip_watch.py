"""What an operator is told at a new tip."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from ccxx_core.block import Block
from ccxx_core.hashes import format_hash
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.consensus.errors import ConsensusError
from ccxx_node.consensus.unknown_rules import UnknownRulesWatch
from ccxx_node.node.notifications import Notifier
from ccxx_node.node.tip_watch import TipWatch

NOW = 1_700_868_523

MakeBranch = Callable[..., list[Block]]


class Operator:
    """Remembers what it heard."""

    def __init__(self) -> None:
        self.blocks: list[str] = []
        self.alerts: list[str] = []

    def block(self, block_hash: str) -> None:
        self.blocks.append(block_hash)

    def alert(self, text: str) -> None:
        self.alerts.append(text)


@pytest.fixture
def operator() -> Operator:
    return Operator()


def watch(chainstate: Chainstate, operator: Operator, *, downloads: bool = False) -> TipWatch:
    rules = UnknownRulesWatch(chainstate.params, {})
    return TipWatch(chainstate, rules, lambda: downloads, operator)


def test_each_new_tip_is_told_once(
    chainstate: Chainstate, make_branch: MakeBranch, operator: Operator
) -> None:
    watching = watch(chainstate, operator)
    first, second = make_branch(chainstate.genesis.header, 2)

    for block in (first, second):
        chainstate.accept_block(block, NOW)
        watching.look()
        watching.look()

    assert operator.blocks == [format_hash(first.hash), format_hash(second.hash)]
    assert operator.alerts == []


def test_each_block_is_told_where_one_connects_those_that_waited(
    chainstate: Chainstate, make_branch: MakeBranch, operator: Operator
) -> None:
    first, *later = make_branch(chainstate.genesis.header, 3)
    chainstate.accept_headers([block.header for block in (first, *later)], NOW)
    for block in later:
        chainstate.accept_block(block, NOW)
    watching = watch(chainstate, operator)

    chainstate.accept_block(first, NOW)
    watching.look()

    assert operator.blocks == [format_hash(block.hash) for block in (first, *later)]


def test_of_another_branch_only_what_leads_further_is_told(
    chainstate: Chainstate, make_branch: MakeBranch, operator: Operator
) -> None:
    ours = make_branch(chainstate.genesis.header, 2)
    theirs = make_branch(chainstate.genesis.header, 4, name="theirs")
    chainstate.accept_headers([block.header for block in theirs], NOW)
    for block in (*ours, theirs[0], theirs[1], theirs[3]):
        chainstate.accept_block(block, NOW)
    watching = watch(chainstate, operator)

    chainstate.accept_block(theirs[2], NOW)
    watching.look()

    assert operator.blocks == [format_hash(block.hash) for block in theirs[2:]]


def test_first_download_is_silent(
    chainstate: Chainstate, make_branch: MakeBranch, operator: Operator
) -> None:
    watching = watch(chainstate, operator, downloads=True)

    chainstate.accept_block(make_branch(chainstate.genesis.header, 1)[0], NOW)
    watching.look()

    assert operator.blocks == []


@pytest.fixture
def refused(
    chainstate: Chainstate, make_branch: MakeBranch, make_block: Callable[..., Block]
) -> Block:
    """The first block of a branch of 13 that was announced, and that breaks a rule."""
    bad = make_block(chainstate.genesis.header, value=10**12)
    above = make_branch(bad.header, 12)
    chainstate.accept_headers([block.header for block in (bad, *above)], NOW)
    with suppress(ConsensusError):
        chainstate.accept_block(bad, NOW)
    return bad


@pytest.mark.usefixtures("refused")
def test_longer_branch_that_breaks_a_rule_is_worth_one_alert(
    chainstate: Chainstate, make_branch: MakeBranch, operator: Operator
) -> None:
    watching = watch(chainstate, operator)

    for block in make_branch(chainstate.genesis.header, 2):
        chainstate.accept_block(block, NOW)
        watching.look()

    assert len(operator.alerts) == 1
    assert "do not appear to fully agree" in operator.alerts[0]
    assert len(watching.warnings) == 1


@pytest.mark.usefixtures("refused")
def test_refused_branch_is_told_where_the_tip_stays(
    chainstate: Chainstate, operator: Operator
) -> None:
    watching = watch(chainstate, operator)

    watching.look()
    watching.look()

    assert len(operator.alerts) == len(watching.warnings) == 1
    assert operator.blocks == []


@pytest.mark.usefixtures("refused")
def test_refused_branch_is_told_again_after_a_restart(
    chainstate: Chainstate, operator: Operator, tmp_path: Path
) -> None:
    chainstate.close()

    with Chainstate.open(tmp_path / "regtest", chainstate.params) as again:
        watch(again, operator, downloads=True).look()

        assert (again.height, again.best_header.height, again.best_announced.height) == (0, 0, 13)
    assert len(operator.alerts) == 1


def test_branch_that_is_reconsidered_is_no_warning_any_more(
    chainstate: Chainstate, make_branch: MakeBranch, operator: Operator
) -> None:
    headers = [block.header for block in make_branch(chainstate.genesis.header, 13)]
    chainstate.accept_headers(headers, NOW)
    chainstate.invalidate_block(headers[0].hash)
    watching = watch(chainstate, operator)
    watching.look()
    before = watching.warnings

    chainstate.reconsider_block(headers[0].hash)
    watching.look()

    assert (len(before), watching.warnings) == (1, ())


async def test_text_of_a_warning_cannot_run_as_a_command(tmp_path: Path) -> None:
    notifier = Notifier("", f"echo %s > {tmp_path}/said")

    notifier.alert(f"Warning: '; touch {tmp_path}/evil; $(touch {tmp_path}/evil) `id`")
    await notifier.close()

    assert not (tmp_path / "evil").exists()
    assert (tmp_path / "said").read_text().startswith("Warning: ; touch")


async def test_commands_beyond_the_bound_wait_for_their_turn(tmp_path: Path) -> None:
    notifier = Notifier(f"echo %s >> {tmp_path}/said", "")

    for number in range(30):
        notifier.block(f"{number:02}")
    while notifier._running:
        await asyncio.wait(notifier._running)
        # Those that waited start when the loop hears of the end.
        await asyncio.sleep(0)

    assert sorted((tmp_path / "said").read_text().split()) == [f"{n:02}" for n in range(30)]


async def test_of_too_many_commands_the_newest_are_kept() -> None:
    notifier = Notifier("true %s", "")

    for number in range(1100):
        notifier.block(str(number))
    waiting = list(notifier._waiting)
    await notifier.close()

    assert waiting == [f"true {number}" for number in range(100, 1100)]
