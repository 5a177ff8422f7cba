"""What peer logic wants done: the shell that owns the sockets does it, in this order."""

from __future__ import annotations

from dataclasses import dataclass

from ccxx_node.p2p.messages import Message


@dataclass(frozen=True, slots=True)
class Send:
    """Send a message to a peer."""

    peer_id: int
    message: Message


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Close a connection; short words that were said last still go out. `reason` is for the log."""

    peer_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class Ban:
    """Close a connection and refuse its address for a while, unless that is a local one."""

    peer_id: int
    reason: str


Action = Send | Disconnect | Ban
