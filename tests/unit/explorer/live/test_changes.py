"""What is told between two looks at index, node and pool."""

from dataclasses import replace
from typing import Any

import pytest

from ccxx_explorer.facts import TipFacts
from ccxx_explorer.facts.live import LiveState, NodePulse, PoolPulse
from ccxx_explorer.live.changes import changes

TIP = TipFacts(height=10, hash="aa", time=1_000, median_time_past=900)
STATE = LiveState(True, TIP, NodePulse(True, 500, 10), PoolPulse(True, 1, 2, 300))
NEXT = replace(TIP, height=11, hash="bb")


def told(before: LiveState, after: LiveState, common: int | None = None) -> dict[str, Any]:
    """Return what is told, by the name of the event."""
    return {news.event: news.data for news in changes(before, after, common)}


def test_nothing_is_told_while_nothing_changes() -> None:
    assert told(STATE, STATE) == {}


def test_new_block_is_told_with_its_hash() -> None:
    after = replace(STATE, tip=NEXT, node=NodePulse(True, 500, 11))

    assert told(STATE, after) == {"tip": {"height": 11, "hash": "bb", "time": 1_000}}


def test_reorganisation_names_the_last_block_that_still_stands() -> None:
    after = replace(STATE, tip=NEXT)

    assert told(STATE, after, 8)["reorganisation"]["common_height"] == 8


def test_index_that_is_far_behind_tells_its_progress_instead_of_blocks() -> None:
    after = replace(STATE, tip=NEXT, node=NodePulse(True, 500, 900))

    assert told(STATE, after) == {"progress": {"height": 11, "of": 900}}


@pytest.mark.parametrize("online", [True, False])
def test_node_that_comes_or_goes_is_told_with_the_time(online: bool) -> None:
    before = replace(STATE, node=NodePulse(not online, 500, 10))
    after = replace(STATE, node=NodePulse(online, 777, 10))

    assert told(before, after) == {"node": {"online": online, "since": 777}}


def test_pool_is_told_by_its_number_even_where_it_is_as_large_as_before() -> None:
    after = replace(STATE, pool=PoolPulse(True, 2, 2, 300))

    assert told(STATE, after) == {"mempool": {"known": True, "count": 2, "size": 300}}


def test_index_that_cannot_be_read_is_told() -> None:
    after = replace(STATE, readable=False, away_since=88)

    assert told(STATE, after) == {"index": {"readable": False, "since": 88}}
