"""Who has to leave when everybody's place is taken: never those that are hard to imitate.

Source: the idea is Bitcoin Core's. Some are protected for each of several properties; an attacker
would have to be better than honest peers at all of them to take all places.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Candidate:
    """What counts of an inbound peer; `group` is a keyed number of its network group.

    Times are in seconds of any one clock, 0 for never; `shortest_ping` is infinite if unknown.
    """

    peer_id: int
    group: int
    connected_at: float
    shortest_ping: float
    last_block_at: int
    last_transaction_at: int
    is_useful: bool
    wants_transactions: bool
    has_filter: bool


def choose_to_evict(candidates: Sequence[Candidate]) -> int | None:
    """Return the peer that has to leave, None if all of them are protected."""
    left = list(candidates)
    left = _protect(left, 4, lambda one: one.group)
    left = _protect(left, 8, lambda one: -one.shortest_ping)
    left = _protect(left, 4, _by_transactions)
    left = _protect(left, 4, _by_blocks)
    left = _protect(left, len(left) // 2, lambda one: -one.connected_at)
    if not left:
        return None
    return _youngest_of_largest_group(left).peer_id


def _protect(
    candidates: list[Candidate], count: int, worth: Callable[[Candidate], Any]
) -> list[Candidate]:
    """Return all but the `count` that are worth most, those worth least first."""
    ordered = sorted(candidates, key=worth)
    return ordered[: max(0, len(ordered) - count)]


def _by_transactions(one: Candidate) -> tuple[int, bool, bool, float]:
    plain = not one.has_filter
    return one.last_transaction_at, one.wants_transactions, plain, -one.connected_at


def _by_blocks(one: Candidate) -> tuple[int, bool, float]:
    return one.last_block_at, one.is_useful, -one.connected_at


def _youngest_of_largest_group(candidates: Sequence[Candidate]) -> Candidate:
    groups: dict[int, list[Candidate]] = defaultdict(list)
    for one in candidates:
        groups[one.group].append(one)
    youngest = [max(group, key=lambda one: one.connected_at) for group in groups.values()]
    return max(youngest, key=lambda one: (len(groups[one.group]), one.connected_at))
