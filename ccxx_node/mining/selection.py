"""Which transactions go into a block: packages of a transaction and its ancestors, best paid first.

A child that pays well carries its parents with it (CPFP). The order is that of Bitcoin Core 0.17.1.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass

from ccxx_core.hashes import Txid
from ccxx_core.transaction import WITNESS_SCALE_FACTOR, Transaction
from ccxx_node.consensus.params import MAX_BLOCK_SIGOPS_COST
from ccxx_node.mempool.entry import Entry
from ccxx_node.mempool.policy import fee_for
from ccxx_node.mempool.pool import Mempool

# Room for header and coinbase.
_RESERVED_WEIGHT = 4000
_RESERVED_SIGOP_COST = 400
_MAX_FAILURES_IN_A_ROW = 1000


@dataclass(frozen=True, slots=True)
class BlockLimits:
    """What a block may have; `min_fee` is satoshis per 1000 virtual bytes of a package."""

    max_weight: int = 3_996_000
    min_fee: int = 1000
    with_witness: bool = True


@dataclass(slots=True)
class _Candidate:
    """An entry and what of its ancestors (itself included) is not in the block yet."""

    entry: Entry
    ancestors: set[Txid]
    fees: int
    size: int
    sigop_cost: int

    def key(self) -> tuple[float, bytes]:
        own = self.entry.modified_fee / self.entry.size
        return -min(own, self.fees / self.size), self.entry.txid

    def drop(self, included: Entry) -> None:
        self.ancestors.discard(included.txid)
        self.fees -= included.modified_fee
        self.size -= included.size
        self.sigop_cost -= included.sigop_cost


class Selection:
    """Fills one block from a pool."""

    def __init__(
        self, pool: Mempool, limits: BlockLimits, is_final: Callable[[Transaction], bool]
    ) -> None:
        self._pool = pool
        self._limits = limits
        self._is_final = is_final
        self._weight = _RESERVED_WEIGHT
        self._sigop_cost = _RESERVED_SIGOP_COST
        self._candidates = {entry.txid: self._candidate(entry) for entry in pool}
        self._depth = {txid: len(c.ancestors) for txid, c in self._candidates.items()}
        self._chosen: list[Entry] = []

    def run(self) -> list[Entry]:
        """Return the chosen entries, each behind all that it depends on."""
        heap = [candidate.key() for candidate in self._candidates.values()]
        heapq.heapify(heap)
        failed: set[Txid] = set()
        failures_in_a_row = 0
        while heap:
            key = heapq.heappop(heap)
            txid = Txid(key[1])
            candidate = self._candidates.get(txid)
            if candidate is None or txid in failed or candidate.key() != key:
                continue
            if candidate.fees < fee_for(self._limits.min_fee, candidate.size):
                break
            if not self._fits(candidate):
                failed.add(txid)
                failures_in_a_row += 1
                is_full = self._weight > self._limits.max_weight - _RESERVED_WEIGHT
                if failures_in_a_row > _MAX_FAILURES_IN_A_ROW and is_full:
                    break
                continue
            failures_in_a_row = 0
            for changed in self._include(candidate):
                heapq.heappush(heap, self._candidates[changed].key())
        return self._chosen

    def _candidate(self, entry: Entry) -> _Candidate:
        ancestors = self._pool.ancestors(entry.tx) | {entry.txid}
        entries = [self._pool.entries[txid] for txid in ancestors]
        return _Candidate(
            entry,
            ancestors,
            fees=sum(one.modified_fee for one in entries),
            size=sum(one.size for one in entries),
            sigop_cost=sum(one.sigop_cost for one in entries),
        )

    def _fits(self, candidate: _Candidate) -> bool:
        weight = self._weight + candidate.size * WITNESS_SCALE_FACTOR
        sigop_cost = self._sigop_cost + candidate.sigop_cost
        if weight >= self._limits.max_weight or sigop_cost >= MAX_BLOCK_SIGOPS_COST:
            return False
        return all(self._may_be_in(self._pool.entries[txid].tx) for txid in candidate.ancestors)

    def _may_be_in(self, tx: Transaction) -> bool:
        return self._is_final(tx) and (self._limits.with_witness or not tx.has_witness)

    def _include(self, candidate: _Candidate) -> set[Txid]:
        changed: set[Txid] = set()
        order = sorted(candidate.ancestors, key=lambda txid: (self._depth[txid], txid))
        for txid in order:
            entry = self._pool.entries[txid]
            self._chosen.append(entry)
            self._weight += entry.tx.weight
            self._sigop_cost += entry.sigop_cost
            del self._candidates[txid]
            for descendant in self._pool.descendants_of([txid]):
                if descendant in self._candidates:
                    self._candidates[descendant].drop(entry)
                    changed.add(descendant)
        return changed.intersection(self._candidates)
