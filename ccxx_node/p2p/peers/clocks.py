"""Whether our clock agrees with those of our peers: it is said, and never acted upon (adr 27)."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median_low

from ccxx_node.p2p.peers.peer import Peer

_MIN_CLOCKS = 3
_MUCH = 10 * 60
_WARNING = "the clock of this computer differs from those of its peers by over ten minutes: set it"


def median_offset(peers: Iterable[Peer]) -> int:
    """Return by how many seconds the clocks of peers that we called were ahead of ours.

    Each was looked at when it was introduced; 0 if they are too few to tell whose clock is wrong.
    """
    offsets = [peer.facts.time_offset for peer in peers if peer.is_ready and not peer.inbound]
    return median_low(offsets) if len(offsets) >= _MIN_CLOCKS else 0


def clock_warnings(peers: Iterable[Peer]) -> tuple[str, ...]:
    """Return what an operator should read about the clock, nothing if it agrees."""
    return (_WARNING,) if abs(median_offset(peers)) > _MUCH else ()
