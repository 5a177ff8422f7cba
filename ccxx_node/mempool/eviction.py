"""Who leaves a full pool first: the transaction whose package of descendants pays least."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from typing import Protocol

from ccxx_core.hashes import Txid

# Beyond so many outdated notes for each transaction the order is built anew.
_MAX_NOTES = 8


class Rated(Protocol):
    """All that the order asks of a pool."""

    @property
    def entries(self) -> Mapping[Txid, object]:
        """The transactions that are in the pool."""

    def descendant_rate(self, txid: Txid) -> float:
        """Return what a transaction, or it with its descendants, pays per byte."""


class EvictionOrder:
    """Finds the worst paid transaction without looking at all of them.

    Every change of a rate is noted; a note that no longer tells the present rate is dropped when
    it comes up.
    """

    def __init__(self, pool: Rated) -> None:
        self._pool = pool
        self._notes: list[tuple[float, Txid]] = []
        self._rebuild()

    def note(self, txids: Iterable[Txid]) -> None:
        """Note the present rates of transactions whose packages changed."""
        for txid in txids:
            if txid in self._pool.entries:
                heapq.heappush(self._notes, (self._pool.descendant_rate(txid), txid))
        if len(self._notes) > _MAX_NOTES * (len(self._pool.entries) + 1):
            self._rebuild()

    def worst(self) -> Txid:
        """Return the worst paid transaction of a pool that is not empty."""
        while True:
            rate, txid = self._notes[0]
            if txid in self._pool.entries and self._pool.descendant_rate(txid) == rate:
                return txid
            heapq.heappop(self._notes)

    def _rebuild(self) -> None:
        rate = self._pool.descendant_rate
        self._notes = [(rate(txid), txid) for txid in self._pool.entries]
        heapq.heapify(self._notes)
