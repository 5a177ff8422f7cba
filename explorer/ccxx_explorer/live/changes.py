"""What is worth telling between two looks: pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ccxx_explorer.facts.live import LiveState

# So many blocks behind the node the index tells its progress instead of single blocks.
_BEHIND = 2


@dataclass(frozen=True, slots=True)
class News:
    """One thing to tell: the name of the event, and its facts."""

    event: str
    data: dict[str, Any]


def changes(before: LiveState, after: LiveState, common_height: int | None = None) -> list[News]:
    """List what happened between two looks.

    `common_height` is given after a reorganisation: the last block seen before that still stands,
    or -1 where none of them does.
    """
    return [
        *_of_index(before, after),
        *_of_node(before, after),
        *_of_tip(before, after, common_height),
        *_of_pool(before, after),
    ]


def _of_index(before: LiveState, after: LiveState) -> Iterator[News]:
    if before.readable != after.readable:
        yield News("index", {"readable": after.readable, "since": after.away_since})


def _of_node(before: LiveState, after: LiveState) -> Iterator[News]:
    if before.node.online != after.node.online:
        yield News("node", {"online": after.node.online, "since": after.node.since})


def _of_tip(before: LiveState, after: LiveState, common_height: int | None) -> Iterator[News]:
    tip = after.tip
    if tip is None or tip == before.tip:
        return
    facts = {"height": tip.height, "hash": tip.hash, "time": tip.time}
    if common_height is not None:
        yield News("reorganisation", {**facts, "common_height": common_height})
        return
    last = after.node.height
    if last is not None and last - tip.height > _BEHIND:
        yield News("progress", {"height": tip.height, "of": last})
    else:
        yield News("tip", facts)


def _of_pool(before: LiveState, after: LiveState) -> Iterator[News]:
    if before.pool.sequence != after.pool.sequence:
        pool = after.pool
        yield News("mempool", {"known": pool.known, "count": pool.count, "size": pool.size})
