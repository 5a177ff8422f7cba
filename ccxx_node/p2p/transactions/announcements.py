"""Transactions for peers: announced a few at a time at moments of chance, sent when asked for.

The wait hides where a transaction came from. Only what was announced not long ago is sent, so that
nobody learns what else is in the pool.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Sequence

from ccxx_core.hashes import Txid
from ccxx_core.transaction import Transaction
from ccxx_node.mempool.entry import Entry
from ccxx_node.p2p.messages import (
    MAX_INVENTORY,
    MSG_BLOCK,
    MSG_TX,
    MSG_WITNESS_TX,
    InventoryItem,
    MempoolRequest,
    TxMessage,
)
from ccxx_node.p2p.peers.peer import Peer, Rank, Services
from ccxx_node.p2p.peers.peer_set import PeerSet
from ccxx_node.p2p.peers.recent_block import RecentBlock

INBOUND_SECONDS = 5.0
OUTBOUND_SECONDS = 2.0
MAX_PER_TRICKLE = 35
RELAY_SECONDS = 15 * 60
# Bounds of our own: what waits for one peer, how far it is sorted, bytes that are kept to be sent.
MAX_WAITING = 20_000
_MAX_SORTED = 1000
MAX_RELAYED = 50_000_000
# Beside a transaction's own bytes.
_BYTES_PER_RELAYED = 300


class TransactionAnnouncements:
    """Announces transactions and remembers them while peers may ask."""

    def __init__(self, peers: PeerSet, recent: RecentBlock) -> None:
        self._peers = peers
        self._pool = peers.door.acceptor.pool
        self._recent = recent
        # As bytes: most have left the pool long before they are forgotten here.
        self._relayed: OrderedDict[Txid, tuple[float, bytes]] = OrderedDict()
        self._relayed_size = 0
        # All inbound peers share their moments: else many connections would tell the origin.
        self._next_inbound = 0.0

    def relay(self, txid: Txid) -> None:
        """Queue a transaction of the pool for all peers that do not have it."""
        entry = self._pool.get(txid)
        if entry is None:
            return
        # Once for all peers: to look for ancestors at their moments would take too long.
        rank = (len(self._pool.ancestors(entry.tx)), -entry.modified_fee / entry.size, txid)
        for peer in self._peers:
            relay = peer.relay
            if txid not in relay.known and len(relay.transactions) < MAX_WAITING:
                relay.transactions[txid] = rank

    def receive_mempool(self, peer: Peer, _: MempoolRequest) -> None:
        """Note that a peer wants to hear of the whole pool (BIP 35)."""
        is_free = peer.permissions.whitelisted
        if not is_free and not self._peers.options.services & Services.BLOOM:
            self._peers.disconnect(peer, "mempool request without bloom filters")
        elif not is_free and self._peers.quota.is_used_up(historical=False):
            self._peers.disconnect(peer, "mempool request with the upload target reached")
        else:
            peer.relay.mempool_wanted = True

    def send(self, peer: Peer, item: InventoryItem) -> int:
        """Send a transaction that a peer may know of; returns its bytes, 0 if there is none."""
        txid = Txid(item.hash)
        entry, relayed = self._pool.get(txid), self._relayed.get(txid)
        if relayed is None:
            tx = self._recent.transaction(txid)
        else:
            tx = Transaction.decode(relayed[1]) if entry is None else entry.tx
        # Only what was in the pool when the peer was told of it.
        if tx is None and entry is not None and entry.time <= peer.relay.mempool_sent_at:
            tx = entry.tx
        if tx is None:
            return 0
        message = TxMessage.of(tx, with_witness=item.kind == MSG_WITNESS_TX)
        self._peers.send(peer, message)
        return len(message.raw)

    def tick(self, peer: Peer, now: float) -> None:
        """Send the inventories that are due: blocks always, transactions at their moments."""
        relay = peer.relay
        items = [InventoryItem(MSG_BLOCK, block_hash) for block_hash in relay.blocks]
        relay.blocks = []
        is_time = peer.permissions.whitelisted
        if relay.next_trickle < now:
            is_time = True
            relay.next_trickle = self._next_trickle(peer, now)
        if is_time and not relay.wants_transactions:
            relay.transactions.clear()
        if is_time and relay.mempool_wanted:
            relay.mempool_wanted, relay.mempool_is_due = False, True
        if is_time and relay.transactions:
            items += self._next_transactions(peer, now)
        self._announce(peer, items)

    def _announce(self, peer: Peer, items: Sequence[InventoryItem]) -> None:
        for start in range(0, len(items), MAX_INVENTORY):
            self._peers.send_inventory(peer, items[start : start + MAX_INVENTORY])

    def _next_trickle(self, peer: Peer, now: float) -> float:
        if not peer.inbound:
            return self._peers.after(now, OUTBOUND_SECONDS)
        if self._next_inbound < now:
            self._next_inbound = self._peers.after(now, INBOUND_SECONDS)
        return self._next_inbound

    def tell_pool(self, peer: Peer) -> None:
        """Announce the whole pool, in the peer's own turn: its filter may make that slow."""
        relay, items = peer.relay, list[InventoryItem]()
        relay.mempool_is_due = False
        for entry in self._pool:
            relay.transactions.pop(entry.txid, None)
            if self._is_wanted(peer, entry):
                relay.known.add(entry.txid)
                items.append(InventoryItem(MSG_TX, entry.txid))
        relay.mempool_sent_at = self._peers.door.now()
        self._announce(peer, items)

    def _next_transactions(self, peer: Peer, now: float) -> list[InventoryItem]:
        """Take the best of what waits: parents first, then by fee rate."""
        relay, items = peer.relay, list[InventoryItem]()
        for _, _, txid in heapq.nsmallest(MAX_PER_TRICKLE, self._waiting(peer)):
            del relay.transactions[txid]
            entry = self._pool.get(txid)
            assert entry is not None
            if self._is_wanted(peer, entry):
                relay.known.add(txid)
                self._keep(entry.tx, now)
                items.append(InventoryItem(MSG_TX, txid))
        return items

    def _waiting(self, peer: Peer) -> list[Rank]:
        """Give what has waited for a peer longest, and forget what it need not hear any more."""
        relay, waiting, settled = peer.relay, list[Rank](), list[Txid]()
        for txid, rank in relay.transactions.items():
            if txid in relay.known or txid not in self._pool:
                settled.append(txid)
            else:
                waiting.append(rank)
            if len(waiting) == _MAX_SORTED:
                break
        for txid in settled:
            del relay.transactions[txid]
        return waiting

    def _is_wanted(self, peer: Peer, entry: Entry) -> bool:
        relay = peer.relay
        if entry.fee * 1000 // entry.size < relay.fee_filter:
            return False
        return relay.bloom is None or relay.bloom.matches(entry.tx)

    def _keep(self, tx: Transaction, now: float) -> None:
        relayed = self._relayed
        if tx.txid not in relayed:
            relayed[tx.txid] = (now + RELAY_SECONDS, tx.encode())
            self._relayed_size += tx.size + _BYTES_PER_RELAYED
        while relayed:
            expires, raw = next(iter(relayed.values()))
            if expires >= now and self._relayed_size <= MAX_RELAYED:
                return
            relayed.popitem(last=False)
            self._relayed_size -= len(raw) + _BYTES_PER_RELAYED
