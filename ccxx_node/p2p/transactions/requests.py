"""Which transactions to ask whom for: one peer at a time, the next after two minutes."""

from __future__ import annotations

import heapq
from collections import OrderedDict

from ccxx_node.p2p.messages import InventoryItem
from ccxx_node.p2p.peers.peer import Peer
from ccxx_node.p2p.peers.peer_set import PeerSet

RETRY_SECONDS = 2 * 60
# Bounds: announcements of one peer that we remember, and transactions asked for altogether.
MAX_ANNOUNCED = 10_000
_MAX_ASKED = 50_000
_MAX_PER_MESSAGE = 1000


class TransactionRequests:
    """Queues what peers announced, in the order in which it is to be asked for."""

    def __init__(self, peers: PeerSet) -> None:
        self._peers = peers
        # When each was, or will be, asked for last.
        self._asked: OrderedDict[bytes, float] = OrderedDict()
        self._announced: dict[int, set[bytes]] = {}
        # Of those, what each peer was asked for and has not answered.
        self._unanswered: dict[int, set[bytes]] = {}
        self._queues: dict[int, list[tuple[float, int, InventoryItem]]] = {}
        self._count = 0

    def forget(self, peer: Peer) -> None:
        """Forget what a peer announced."""
        self._announced.pop(peer.id, None)
        self._unanswered.pop(peer.id, None)
        self._queues.pop(peer.id, None)

    def add(self, peer: Peer, item: InventoryItem) -> None:
        """Queue a transaction that a peer announced, unless it is queued there or too many are."""
        announced = self._announced.setdefault(peer.id, set())
        if item.hash in announced or len(announced) >= MAX_ANNOUNCED:
            return
        announced.add(item.hash)
        now = self._peers.door.monotonic()
        before = self._asked.pop(item.hash, None)
        due = now if before is None else max(before + RETRY_SECONDS, now)
        self._asked[item.hash] = due
        if len(self._asked) > _MAX_ASKED:
            self._asked.popitem(last=False)
        # Those of one moment keep their order: parents are announced first.
        self._count += 1
        heapq.heappush(self._queues.setdefault(peer.id, []), (due, self._count, item))

    def received(self, peer: Peer, txid: bytes) -> None:
        """Note that a transaction came."""
        self._asked.pop(txid, None)
        self.drop(peer, txid)

    def drop(self, peer: Peer, txid: bytes) -> None:
        """Let a peer announce a transaction again."""
        for noted in (self._announced, self._unanswered):
            noted.get(peer.id, set()).discard(txid)

    def not_found(self, peer: Peer, txid: bytes) -> None:
        """Note that a peer does not have what it was asked for, lest such fill its share."""
        # Unasked answers would let a peer announce, and so delay, one transaction without end.
        if txid in self._unanswered.get(peer.id, ()):
            self.drop(peer, txid)

    def take_due(self, peer: Peer, now: float) -> list[InventoryItem]:
        """Take what to ask a peer for now, at most 1000 items."""
        queue = self._queues.get(peer.id)
        items: list[InventoryItem] = []
        while queue and queue[0][0] <= now and len(items) < _MAX_PER_MESSAGE:
            items.append(heapq.heappop(queue)[2])
        if items:
            self._unanswered.setdefault(peer.id, set()).update(item.hash for item in items)
        return items
