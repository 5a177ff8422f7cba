"""Announcements by hash: blocks lead to a question for headers, transactions are queued."""

from __future__ import annotations

from ccxx_core.hashes import BlockHash
from ccxx_node.p2p.blocks.download import BlockDownload
from ccxx_node.p2p.blocks.knowledge import make_locator, note_known_block
from ccxx_node.p2p.messages import MAX_INVENTORY, MSG_BLOCK, MSG_TX, MSG_WITNESS_TX, Inv
from ccxx_node.p2p.peers.peer import Peer
from ccxx_node.p2p.peers.peer_set import PeerSet
from ccxx_node.p2p.transactions.relay import TransactionRelay


class Inventory:
    """Takes in what peers say that they have."""

    def __init__(
        self, peers: PeerSet, download: BlockDownload, transactions: TransactionRelay
    ) -> None:
        self._peers = peers
        self._chain = peers.door.chain
        self._download = download
        self._transactions = transactions

    def receive(self, peer: Peer, message: Inv) -> None:
        """Note what a peer has, and ask for what leads to blocks that we do not know."""
        if len(message.items) > MAX_INVENTORY:
            self._peers.misbehaved(peer, 20, "too many items in inv")
            return
        unknown: BlockHash | None = None
        for item in message.items:
            if item.kind == MSG_BLOCK:
                block_hash = BlockHash(item.hash)
                note_known_block(self._chain, peer, block_hash)
                if self._chain.entry(block_hash) is None and block_hash not in self._download:
                    unknown = block_hash
            elif item.kind in (MSG_TX, MSG_WITNESS_TX):
                self._transactions.announced(peer, item)
        # One question is enough: the headers up to the last lead past the others.
        if unknown is not None and not self._peers.door.is_importing():
            locator = make_locator(self._chain.best_header)
            self._peers.request_headers(peer, locator, unknown)
