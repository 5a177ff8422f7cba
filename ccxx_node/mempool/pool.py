"""The pool itself: entries, who spends whom, and removal with everything that depends on it.

Nothing is judged here. `accept` decides what comes in; the clock and the fee policy are arguments.
"""

from __future__ import annotations

import heapq
import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import StrEnum

from ccxx_core.hashes import Txid, format_hash
from ccxx_core.transaction import OutPoint, Transaction
from ccxx_node.consensus.coins import Coin, CoinView
from ccxx_node.mempool.entry import Entry, Package
from ccxx_node.mempool.errors import PolicyError, PolicyReject
from ccxx_node.mempool.eviction import EvictionOrder
from ccxx_node.mempool.policy import ChainLimits
from ccxx_node.mempool.rolling_fee import RollingFee

_log = logging.getLogger("ccxx.mempool")

# An unconfirmed coin has the height that no block reaches.
MEMPOOL_HEIGHT = 0x7FFFFFFF
_LEAST_AGES = 1000


class Removal(StrEnum):
    """Why transactions leave the pool, as the log says it."""

    CONFIRMED = "confirmed"
    CONFLICT = "conflict-with-block"
    EXPIRED = "expired"
    POOL_FULL = "pool-full"
    REORGANISATION = "reorganisation"
    REPLACED = "replaced"


class Mempool:
    """Entries by id, and which of them spends which output."""

    def __init__(self) -> None:
        self.entries: dict[Txid, Entry] = {}
        self.spenders: dict[OutPoint, Txid] = {}
        self.deltas: dict[Txid, int] = {}
        self.rolling_fee = RollingFee()
        self.updates = 0
        self.size = 0
        self.usage = 0
        # Made when the pool overflows for the first time: most never do.
        self._eviction: EvictionOrder | None = None
        self._by_age: list[tuple[int, Txid]] = []

    def __len__(self) -> int:
        return len(self.entries)

    def __contains__(self, txid: object) -> bool:
        return txid in self.entries

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries.values())

    def get(self, txid: Txid) -> Entry | None:
        """Return the entry of a transaction, or None if it is not in the pool."""
        return self.entries.get(txid)

    def get_coin(self, outpoint: OutPoint) -> Coin | None:
        """Return an unconfirmed output as a coin, whether or not the pool spends it."""
        entry = self.entries.get(outpoint.txid)
        if entry is None or outpoint.vout >= len(entry.tx.outputs):
            return None
        output = entry.tx.outputs[outpoint.vout]
        return Coin(output.value, output.script_pubkey, MEMPOOL_HEIGHT, False)

    def copy(self) -> Mempool:
        """Return the same entries, without sums and deltas, for a look that changes nothing."""
        copied = Mempool()
        copied.entries, copied.spenders = dict(self.entries), dict(self.spenders)
        return copied

    def add(self, entry: Entry) -> None:
        """Take in an entry whose inputs nobody else in the pool spends."""
        self.entries[entry.txid] = entry
        for tx_input in entry.tx.inputs:
            self.spenders[tx_input.prevout] = entry.txid
        self.size += entry.size
        self.usage += entry.usage
        self.updates += 1
        heapq.heappush(self._by_age, (entry.time, entry.txid))
        self._note_change([entry])
        if _log.isEnabledFor(logging.DEBUG):
            _log.debug(
                "transaction added txid=%s fee=%d vsize=%d txs=%d",
                format_hash(entry.txid),
                entry.fee,
                entry.size,
                len(self.entries),
            )

    def remove(self, txids: Iterable[Txid], reason: Removal) -> list[Entry]:
        """Take out exactly these transactions; the caller has included all that depend on them."""
        removed = [self.entries.pop(txid) for txid in txids]
        for entry in removed:
            for tx_input in entry.tx.inputs:
                del self.spenders[tx_input.prevout]
            self.size -= entry.size
            self.usage -= entry.usage
        self.updates += len(removed)
        self._forget_ages()
        self._note_change(removed)
        if _log.isEnabledFor(logging.DEBUG):
            for entry in removed:
                _log.debug("transaction removed txid=%s reason=%s", format_hash(entry.txid), reason)
        return removed

    def _note_change(self, changed: Iterable[Entry]) -> None:
        if self._eviction is not None:
            for entry in changed:
                self._eviction.note(self.ancestors(entry.tx) | {entry.txid})

    def remove_with_descendants(self, txids: Iterable[Txid], reason: Removal) -> list[Entry]:
        """Take out these transactions and everything that spends them."""
        return self.remove(self.descendants_of(txids), reason)

    def remove_for_block(self, transactions: Iterable[Transaction]) -> None:
        """Take out what a block confirmed, and what conflicts with it."""
        for tx in transactions:
            if tx.txid in self.entries:
                self.remove([tx.txid], Removal.CONFIRMED)
            spenders = {self.spenders.get(tx_input.prevout) for tx_input in tx.inputs}
            conflicts = [txid for txid in spenders if txid is not None]
            self.remove_with_descendants(conflicts, Removal.CONFLICT)
            self.deltas.pop(tx.txid, None)
        self.rolling_fee.note_block()

    def expire(self, before: int) -> list[Entry]:
        """Take out what came in before a time, with everything that spends it."""
        old: list[Txid] = []
        while self._by_age and self._by_age[0][0] < before:
            time, txid = heapq.heappop(self._by_age)
            entry = self.entries.get(txid)
            # It may have left and come back since.
            if entry is not None and entry.time == time:
                old.append(txid)
        return self.remove_with_descendants(old, Removal.EXPIRED)

    def _forget_ages(self) -> None:
        """Let go the ages of what has left, once they are the most part: a block takes many."""
        if len(self._by_age) > 2 * len(self.entries) + _LEAST_AGES:
            self._by_age = [(entry.time, entry.txid) for entry in self.entries.values()]
            heapq.heapify(self._by_age)

    def trim(self, max_usage: int, incremental_fee: int, now: int) -> list[Entry]:
        """Take out the packages that pay least until the pool fits; the floor of fees rises."""
        removed: list[Entry] = []
        while self.usage > max_usage and self.entries:
            self._eviction = self._eviction or EvictionOrder(self)
            worst = self._eviction.worst()
            package = self.descendant_package(worst)
            rate = package.fees * 1000 // package.size
            self.rolling_fee.raise_to(rate + incremental_fee, now)
            removed += self.remove_with_descendants([worst], Removal.POOL_FULL)
        return removed

    def descendant_rate(self, txid: Txid) -> float:
        """Return the fee per byte of a transaction, alone or with its descendants: the higher."""
        entry, package = self.entries[txid], self.descendant_package(txid)
        return max(entry.modified_fee / entry.size, package.fees / package.size)

    def prioritise(self, txid: Txid, delta: int) -> None:
        """Let a transaction count as if it paid so many satoshis more (or less)."""
        total = self.deltas.get(txid, 0) + delta
        self.deltas[txid] = total
        if txid in self.entries:
            self.entries[txid] = replace(self.entries[txid], fee_delta=total)
            self.updates += 1
            self._note_change([self.entries[txid]])

    def parents(self, tx: Transaction) -> set[Txid]:
        """Return the transactions in the pool that a transaction spends directly."""
        return {i.prevout.txid for i in tx.inputs if i.prevout.txid in self.entries}

    def children(self, txid: Txid) -> set[Txid]:
        """Return the transactions in the pool that spend an output of this one."""
        outputs = range(len(self.entries[txid].tx.outputs))
        spenders = (self.spenders.get(OutPoint(txid, vout)) for vout in outputs)
        return {spender for spender in spenders if spender is not None}

    def ancestors(self, tx: Transaction) -> set[Txid]:
        """Return everything in the pool that a transaction depends on, itself left out."""
        found: set[Txid] = set()
        waiting = self.parents(tx)
        while waiting:
            txid = waiting.pop()
            found.add(txid)
            waiting |= self.parents(self.entries[txid].tx) - found
        return found

    def descendants_of(self, txids: Iterable[Txid]) -> set[Txid]:
        """Return these transactions and everything in the pool that depends on them."""
        found: set[Txid] = set()
        waiting = {txid for txid in txids if txid in self.entries}
        while waiting:
            txid = waiting.pop()
            found.add(txid)
            waiting |= self.children(txid) - found
        return found

    def ancestor_package(self, txid: Txid) -> Package:
        """Return count, size and modified fees of a transaction and its ancestors."""
        return self._package(self.ancestors(self.entries[txid].tx) | {txid})

    def descendant_package(self, txid: Txid) -> Package:
        """Return count, size and modified fees of a transaction and its descendants."""
        return self._package(self.descendants_of([txid]))

    def _package(self, txids: set[Txid]) -> Package:
        entries = [self.entries[txid] for txid in txids]
        size = sum(entry.size for entry in entries)
        return Package(len(entries), size, sum(entry.modified_fee for entry in entries))

    def check_limits(self, tx: Transaction, size: int, limits: ChainLimits) -> set[Txid]:
        """Return the ancestors of a new transaction, or raise if a chain would grow too long."""
        waiting = self.parents(tx)
        if len(waiting) + 1 > limits.ancestors:
            raise _too_long(f"too many unconfirmed parents [limit: {limits.ancestors}]")
        found: set[Txid] = set()
        total = size
        while waiting:
            # In the order of the reference, so that the same transaction is blamed.
            txid = min(waiting)
            waiting.remove(txid)
            found.add(txid)
            total += self.entries[txid].size
            self._check_descendants(txid, size, limits)
            if total > limits.ancestor_size:
                raise _too_long(f"exceeds ancestor size limit [limit: {limits.ancestor_size}]")
            waiting |= self.parents(self.entries[txid].tx) - found
            if len(waiting) + len(found) + 1 > limits.ancestors:
                raise _too_long(f"too many unconfirmed ancestors [limit: {limits.ancestors}]")
        return found

    def _check_descendants(self, txid: Txid, size: int, limits: ChainLimits) -> None:
        package = self.descendant_package(txid)
        name = txid[::-1].hex()
        if package.size + size > limits.descendant_size:
            limit = limits.descendant_size
            raise _too_long(f"exceeds descendant size limit for tx {name} [limit: {limit}]")
        if package.count + 1 > limits.descendants:
            limit = limits.descendants
            raise _too_long(f"too many descendants for tx {name} [limit: {limit}]")

    def sorted_ids(self) -> list[Txid]:
        """Return all ids, parents before children, then by fee rate: the order to relay in."""

        def key(entry: Entry) -> tuple[int, float, bytes]:
            depth = len(self.ancestors(entry.tx))
            return depth, -entry.modified_fee / entry.size, entry.txid

        return [entry.txid for entry in sorted(self, key=key)]


class UnconfirmedView:
    """Coins as they will be once the pool is mined: the pool's outputs on top of the chain's."""

    def __init__(self, chain: CoinView, pool: Mempool) -> None:
        self._chain = chain
        self._pool = pool

    def get_coin(self, outpoint: OutPoint) -> Coin | None:
        """Return the coin, whether or not a transaction in the pool spends it."""
        return self._pool.get_coin(outpoint) or self._chain.get_coin(outpoint)


def _too_long(detail: str) -> PolicyError:
    return PolicyError(PolicyReject.TOO_LONG_CHAIN, detail)
