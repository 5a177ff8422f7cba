"""What peers ask for: headers, inventories of blocks, and the things themselves in their order."""

from __future__ import annotations

from ccxx_node.chainstate.block_entry import BlockEntry
from ccxx_node.p2p.blocks.knowledge import find_common
from ccxx_node.p2p.blocks.serving import BLOCK_KINDS, BlockServing
from ccxx_node.p2p.messages import (
    MAX_HEADERS,
    MAX_INVENTORY,
    MAX_LOCATOR,
    MSG_TX,
    MSG_WITNESS_TX,
    GetBlocks,
    GetData,
    GetHeaders,
    Headers,
    InventoryItem,
    NotFound,
)
from ccxx_node.p2p.peers.peer import Peer
from ccxx_node.p2p.peers.peer_set import PeerSet
from ccxx_node.p2p.transactions.announcements import TransactionAnnouncements

MAX_BLOCK_HASHES = 500
# A pruned node offers only blocks that it will still have in an hour.
_MIN_KEPT = 288
_HOUR = 3600
_TX_KINDS = frozenset({MSG_TX, MSG_WITNESS_TX})
# Bytes of transactions in one turn: only between turns it shows whether the peer reads them.
MAX_PART = 250_000


class Serving:
    """Answers questions; the answers to one getdata are sent piece by piece."""

    def __init__(
        self, peers: PeerSet, blocks: BlockServing, transactions: TransactionAnnouncements
    ) -> None:
        self._peers = peers
        self._chain = peers.door.chain
        self._blocks = blocks
        self._transactions = transactions

    def receive_getdata(self, peer: Peer, message: GetData) -> None:
        """Note what a peer wants, and send the first of it."""
        if len(message.items) > MAX_INVENTORY:
            self._peers.misbehaved(peer, 20, "too many items in getdata")
            return
        if len(peer.requests) > MAX_INVENTORY:
            self._peers.disconnect(peer, "asks without reading")
            return
        peer.requests.extend(message.items)
        self.serve(peer)

    def serve(self, peer: Peer) -> None:
        """Send some of the transactions that stand first in the queue, then at most one block."""
        if peer.send_paused:
            return
        requests, missing, size = peer.requests, list[InventoryItem](), 0
        while requests and requests[0].kind in _TX_KINDS and size < MAX_PART:
            item = requests.popleft()
            sent = self._transactions.send(peer, item)
            size += sent
            if not sent:
                missing.append(item)
        if requests:
            item = requests[0]
            if item.kind not in _TX_KINDS:
                requests.popleft()
            if item.kind in BLOCK_KINDS:
                self._blocks.send(peer, item)
        if missing:
            self._peers.send(peer, NotFound(tuple(missing)))

    def receive_getheaders(self, peer: Peer, message: GetHeaders) -> None:
        """Send the headers behind a locator, or the one header asked for without any."""
        if len(message.locator) > MAX_LOCATOR:
            self._peers.disconnect(peer, "locator too long")
            return
        if self._peers.door.is_initial_download() and not peer.permissions.whitelisted:
            return
        first: BlockEntry | None
        if message.locator:
            first = self._chain.next_entry(find_common(self._chain, message.locator))
        else:
            first = self._chain.entry(message.stop)
            if first is None or not self._blocks.may_see(first):
                return
        headers, last, each = [], None, first
        while each is not None:
            headers.append(each.header)
            last = each
            if len(headers) == MAX_HEADERS or each.hash == message.stop:
                break
            each = self._chain.next_entry(each)
        # Not the maximum of what was sent before: a block announced while it was connected would
        # else never be announced again to a peer that did not take it.
        peer.headers.best_sent = last if each is not None else self._chain.tip
        self._peers.send(peer, Headers(tuple(headers)))

    def receive_getblocks(self, peer: Peer, message: GetBlocks) -> None:
        """Send the hashes of the blocks behind a locator, at most 500."""
        if len(message.locator) > MAX_LOCATOR:
            self._peers.disconnect(peer, "locator too long")
            return
        each = self._chain.next_entry(find_common(self._chain, message.locator))
        lowest = self._chain.height - (_MIN_KEPT - _HOUR // self._chain.params.spacing)
        offered = 0
        while each is not None and each.hash != message.stop:
            is_kept = each.block_position is not None and each.height > lowest
            if self._peers.options.is_pruned and not is_kept:
                return
            peer.relay.blocks.append(each.hash)
            offered += 1
            if offered == MAX_BLOCK_HASHES:
                # When this one is fetched, we offer the next.
                peer.continue_hash = each.hash
                return
            each = self._chain.next_entry(each)
