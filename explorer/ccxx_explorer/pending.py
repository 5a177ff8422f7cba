"""What the node's pool holds: transactions that no block has taken yet.

The pool is read in the follower's thread and handed out as snapshots that never change. Only
transactions that are new are fetched, many in one round trip, and no more than fit the limits: of a
flooded pool a part is shown, and how much is not.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from ccxx_core.amount import COIN
from ccxx_core.hashes import Txid, parse_txid
from ccxx_core.transaction import OutPoint, Transaction, TxOutput
from ccxx_explorer.database.pending import coins_at
from ccxx_explorer.database.store import Database
from ccxx_explorer.pool_snapshot import (
    PendingSpend,
    PendingTransaction,
    PoolSnapshot,
    take_snapshot,
)
from ccxx_node.client.rpc import NodeClient

__all__ = [
    "PendingPool",
    "PendingSpend",
    "PendingTransaction",
    "PoolLimits",
    "PoolSnapshot",
    "take_snapshot",
]

_BATCH = 50
_NEW_PER_ROUND = 5_000
# After a round the follower rests this many times as long: a large pool must not hold it up.
_REST_FACTOR = 10.0


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """How much of the node's pool is kept: transactions, and bytes as they are serialized.

    The last batch may go beyond the bytes by what it holds.
    """

    transactions: int = 50_000
    bytes: int = 32_000_000


class PendingPool:
    """Follows the node's pool; one thread refreshes it, any number read its snapshots."""

    def __init__(
        self,
        database: Database,
        limits: PoolLimits | None = None,
        rest_factor: float = _REST_FACTOR,
    ) -> None:
        self._database = database
        self._limits = limits or PoolLimits()
        self._rest_factor = rest_factor
        self._known: dict[Txid, PendingTransaction] = {}
        self._bytes = 0
        self._rest_until = 0.0
        self._snapshot = PoolSnapshot()

    def snapshot(self) -> PoolSnapshot:
        """Return the pool as it was last read; empty and stale while the node is away."""
        return self._snapshot

    def lose(self) -> None:
        """Forget everything: the node is away, and what its pool holds now nobody knows."""
        if not self._snapshot.is_stale:
            self._known, self._bytes = {}, 0
            self._snapshot = PoolSnapshot(sequence=self._snapshot.sequence + 1)

    def refresh(self, client: NodeClient) -> None:
        """Read the pool again; raises `NodeError` or `RpcError` as the client does."""
        began = time.monotonic()
        if began < self._rest_until:
            return
        info, listed = client.batch([("getmempoolinfo", ()), ("getrawmempool", ())])
        gone = self._drop_all_but({parse_txid(text) for text in listed})
        came = self._fetch(client, listed)
        resolved = self._resolve()
        count, size = len(listed), int(info["bytes"])
        before = self._snapshot
        same = (before.is_stale, before.count, before.size) == (False, count, size)
        if gone or came or resolved or not same:
            self._snapshot = take_snapshot(self._known, before.sequence + 1, count, size)
        self._rest_until = time.monotonic() + self._rest_factor * (time.monotonic() - began)

    def _drop_all_but(self, listed: set[Txid]) -> bool:
        gone = self._known.keys() - listed
        for txid in gone:
            self._bytes -= self._known.pop(txid).transaction.size
        return bool(gone)

    def _fetch(self, client: NodeClient, listed: Iterable[str]) -> bool:
        """Fetch what is new, as far as there is room; tells whether anything came."""
        new = [text for text in listed if parse_txid(text) not in self._known]
        room = min(self._limits.transactions - len(self._known), _NEW_PER_ROUND)
        new = new[: max(0, room)]
        came = False
        for start in range(0, len(new), _BATCH):
            if self._bytes >= self._limits.bytes:
                break
            for pending in _fetch_batch(client, new[start : start + _BATCH]):
                self._known[pending.transaction.txid] = pending
                self._bytes += pending.transaction.size
                came = True
        return came

    def _resolve(self) -> bool:
        """Look up coins that are not known yet: in the pool, then in the index."""
        waiting = {txid: each for txid, each in self._known.items() if not each.is_resolved}
        if not waiting:
            return False
        unknown: set[OutPoint] = set()
        found: dict[OutPoint, TxOutput] = {}
        for outpoint in _missing(waiting.values()):
            parent = self._known.get(outpoint.txid)
            if parent is None:
                unknown.add(outpoint)
            elif outpoint.vout < len(parent.transaction.outputs):
                found[outpoint] = parent.transaction.outputs[outpoint.vout]
        with self._database.read() as connection:
            found |= coins_at(connection, unknown)
        for txid, pending in waiting.items():
            wanted = (each.prevout for each in pending.transaction.inputs)
            more = {outpoint: found[outpoint] for outpoint in wanted if outpoint in found}
            self._known[txid] = replace(pending, prevouts={**pending.prevouts, **more})
        return bool(found)


def _missing(waiting: Iterable[PendingTransaction]) -> Iterable[OutPoint]:
    for pending in waiting:
        for each in pending.transaction.inputs:
            if each.prevout not in pending.prevouts:
                yield each.prevout


def _fetch_batch(client: NodeClient, txids: list[str]) -> list[PendingTransaction]:
    """Fetch some transactions at once; those that left the pool meanwhile are left out."""
    calls = [("getmempoolentry", (text,)) for text in txids]
    replies = client.batch_found([*calls, *(("getrawtransaction", (text, 0)) for text in txids)])
    pairs = zip(replies[: len(txids)], replies[len(txids) :], strict=True)
    return [_read(entry, raw) for entry, raw in pairs if entry is not None and raw is not None]


def _read(entry: dict[str, Any], raw: str) -> PendingTransaction:
    transaction = Transaction.decode(bytes.fromhex(raw))
    # Older daemons of the family have the fee only beside `fees`, newer only in it.
    fee = entry.get("fees", {}).get("base", entry.get("fee"))
    return PendingTransaction(
        transaction=transaction,
        fee=int(Decimal(fee) * COIN) if fee is not None else None,
        vsize=transaction.vsize,
        first_seen=int(entry["time"]),
    )
