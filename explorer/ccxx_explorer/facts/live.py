"""What the live stream tells, and its answer to whoever polls instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ccxx_explorer.facts.status import TipFacts


@dataclass(frozen=True, slots=True)
class NodePulse:
    """Whether the node answers, since when (unix seconds), and its height."""

    online: bool
    since: int
    height: int | None


@dataclass(frozen=True, slots=True)
class PoolPulse:
    """The node's pool: `sequence` grows with every change; `count` is 0 while it is not known."""

    known: bool
    sequence: int
    count: int
    size: int


@dataclass(frozen=True, slots=True)
class LiveState:
    """How things are at one moment; `readable` is false while the index cannot be read.

    `away_since` says since when (unix seconds), None while it can.
    """

    readable: bool
    tip: TipFacts | None
    node: NodePulse
    pool: PoolPulse
    away_since: int | None = None


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """One thing that happened; `id` is what a listener names to go on after it."""

    id: str
    event: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class LivePoll:
    """What happened after the id that was named; `resync` says that some of it is forgotten.

    `poll_seconds` is how long to wait before asking again.
    """

    id: str
    resync: bool
    events: tuple[LiveEvent, ...]
    state: LiveState
    poll_seconds: int
