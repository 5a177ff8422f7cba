"""Transactions whose parents are not known yet: kept for a while, in case the parents come.

Nothing about them could be checked, so a few small ones are kept and none for long. Clock and
chance are arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ccxx_core.hashes import Txid
from ccxx_core.transaction import OutPoint, Transaction
from ccxx_node.mempool.policy import MAX_STANDARD_WEIGHT

MAX_ORPHANS = 100
# Each input takes as much memory as a small transaction.
MAX_INPUTS = 20_000
EXPIRY_SECONDS = 20 * 60


@dataclass(frozen=True, slots=True)
class Orphan:
    """A transaction, who sent it, and the unix time from which it is not kept any more."""

    tx: Transaction
    peer: int
    expires: int


class Orphans:
    """The orphans by id and by the outputs that they spend."""

    def __init__(self, choose: Callable[[int], int], max_count: int = MAX_ORPHANS) -> None:
        """`choose(n)` gives a number below n: nobody may foresee who leaves a full pool."""
        self._choose = choose
        self._max_count = max_count
        self._orphans: dict[Txid, Orphan] = {}
        self._spenders: dict[OutPoint, set[Txid]] = {}
        self._inputs = 0

    def __len__(self) -> int:
        return len(self._orphans)

    def __contains__(self, txid: object) -> bool:
        return txid in self._orphans

    def get(self, txid: Txid) -> Orphan | None:
        """Return an orphan, None if it is not here."""
        return self._orphans.get(txid)

    def add(self, tx: Transaction, peer: int, now: int) -> bool:
        """Keep a transaction; tells whether it is kept, for others leave at random too."""
        if tx.txid in self._orphans or tx.weight > MAX_STANDARD_WEIGHT:
            return False
        self._orphans[tx.txid] = Orphan(tx, peer, now + EXPIRY_SECONDS)
        self._inputs += len(tx.inputs)
        for tx_input in tx.inputs:
            self._spenders.setdefault(tx_input.prevout, set()).add(tx.txid)
        self.expire(now)
        while len(self._orphans) > self._max_count or self._inputs > MAX_INPUTS:
            self.remove(sorted(self._orphans)[self._choose(len(self._orphans))])
        return tx.txid in self._orphans

    def children_of(self, parent: Transaction) -> list[Orphan]:
        """Give the orphans that spend an output of a transaction, by the output's position."""
        found: dict[Txid, Orphan] = {}
        for position in range(len(parent.outputs)):
            for txid in sorted(self._spenders.get(OutPoint(parent.txid, position), ())):
                found[txid] = self._orphans[txid]
        return list(found.values())

    def remove(self, txid: Txid) -> None:
        """Let a transaction go, if it is there."""
        orphan = self._orphans.pop(txid, None)
        if orphan is None:
            return
        self._inputs -= len(orphan.tx.inputs)
        for outpoint in {tx_input.prevout for tx_input in orphan.tx.inputs}:
            spenders = self._spenders[outpoint]
            spenders.remove(txid)
            if not spenders:
                del self._spenders[outpoint]

    def remove_from(self, peer: int) -> None:
        """Let go what a peer sent that is gone."""
        self._remove_where(lambda orphan: orphan.peer == peer)

    def remove_for_block(self, transactions: Iterable[Transaction]) -> None:
        """Let go what a block has, and what spends the same outputs as its transactions."""
        for tx in transactions:
            for tx_input in tx.inputs:
                for txid in list(self._spenders.get(tx_input.prevout, ())):
                    self.remove(txid)

    def expire(self, now: int) -> None:
        """Let go what nobody sent the parents of in time."""
        self._remove_where(lambda orphan: orphan.expires <= now)

    def _remove_where(self, is_meant: Callable[[Orphan], bool]) -> None:
        for txid in [txid for txid, orphan in self._orphans.items() if is_meant(orphan)]:
            self.remove(txid)
