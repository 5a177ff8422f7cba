"""Blocks for peers: whole, without witnesses, sifted by a filter, or in compact form."""

from __future__ import annotations

from ccxx_core.block import Block, work_of_bits
from ccxx_core.hashes import BlockHash
from ccxx_node.chainstate.block_entry import BlockEntry
from ccxx_node.p2p.blocks.announcements import BlockAnnouncements
from ccxx_node.p2p.blocks.knowledge import is_close_to_today
from ccxx_node.p2p.messages import (
    MSG_BLOCK,
    MSG_CMPCT_BLOCK,
    MSG_FILTERED_BLOCK,
    MSG_WITNESS_BLOCK,
    BlockMessage,
    BlockTransactions,
    GetBlockTransactions,
    InventoryItem,
    MerkleBlockMessage,
    TxMessage,
)
from ccxx_node.p2p.messages.bloom import sift_block
from ccxx_node.p2p.peers.peer import Peer, Services
from ccxx_node.p2p.peers.peer_set import PeerSet
from ccxx_node.p2p.peers.recent_block import RecentBlock

BLOCK_KINDS = frozenset({MSG_BLOCK, MSG_WITNESS_BLOCK, MSG_FILTERED_BLOCK, MSG_CMPCT_BLOCK})
MAX_COMPACT_DEPTH = 5
MAX_TRANSACTIONS_DEPTH = 10
# What a limited node serves (BIP 159), and two more for blocks that come meanwhile.
_LIMITED_DEPTH = 288 + 2
_MONTH = 30 * 24 * 60 * 60
_WEEK = 7 * 24 * 60 * 60


class BlockServing:
    """Sends blocks that peers may see."""

    def __init__(
        self, peers: PeerSet, recent: RecentBlock, announcements: BlockAnnouncements
    ) -> None:
        self._peers = peers
        self._chain = peers.door.chain
        self._recent = recent
        self._announcements = announcements

    def may_see(self, entry: BlockEntry) -> bool:
        """Whether everybody may ask for a block: old side branches would identify this node."""
        if self._chain.is_active(entry):
            return True
        best = self._chain.best_header
        return (
            entry.fully_valid
            and not entry.is_failed
            and best.time - entry.time < _MONTH
            and self._seconds_behind(best, entry) < _MONTH
        )

    def _seconds_behind(self, best: BlockEntry, entry: BlockEntry) -> int:
        """Give the time that the work between two blocks takes at the newest difficulty."""
        work = best.chain_work - entry.chain_work
        return work * self._chain.params.spacing // max(work_of_bits(best.bits), 1)

    def send(self, peer: Peer, item: InventoryItem) -> None:
        """Send a block, if the peer may have it and we do."""
        entry = self._chain.entry(BlockHash(item.hash))
        if entry is None or not self.may_see(entry) or self._is_refused(peer, entry, item.kind):
            return
        if entry.block_position is None:
            return
        if item.kind == MSG_CMPCT_BLOCK:
            self._send_compact(peer, entry)
        elif item.kind == MSG_FILTERED_BLOCK:
            self._send_filtered(peer, entry)
        else:
            self._send_whole(peer, entry, with_witness=item.kind == MSG_WITNESS_BLOCK)
        if item.hash == peer.continue_hash:
            # The peer asks for the next part of the inventory when it hears of the tip.
            self._peers.send_inventory(peer, [InventoryItem(MSG_BLOCK, self._chain.tip.hash)])
            peer.continue_hash = None

    def _is_refused(self, peer: Peer, entry: BlockEntry, kind: int) -> bool:
        if peer.permissions.whitelisted:
            return False
        is_old = self._chain.best_header.time - entry.time > _WEEK
        if (is_old or kind == MSG_FILTERED_BLOCK) and self._peers.quota.is_used_up(historical=True):
            self._peers.disconnect(peer, "upload target reached for old blocks")
        services = self._peers.options.services
        is_limited = services & Services.NETWORK_LIMITED and not services & Services.NETWORK
        # To serve more than we promise would tell how far we have pruned.
        if is_limited and self._chain.height - entry.height > _LIMITED_DEPTH:
            self._peers.disconnect(peer, "asked for a block below what we serve")
        return peer.is_leaving

    def _send_whole(self, peer: Peer, entry: BlockEntry, *, with_witness: bool) -> None:
        if with_witness:
            raw = self._chain.get_raw_block(entry.hash)
            if raw is not None:
                self._peers.send(peer, BlockMessage(raw))
            return
        block = self._block(entry)
        if block is not None:
            self._peers.send(peer, BlockMessage.of(block, with_witness=False))

    def _send_compact(self, peer: Peer, entry: BlockEntry) -> None:
        """Send the compact form of new blocks: nobody's pool is of use for older ones."""
        with_witness = peer.compact.wants_witness
        is_new = entry.height >= self._chain.height - MAX_COMPACT_DEPTH
        if not is_new or not is_close_to_today(self._chain, self._peers.door.now()):
            self._send_whole(peer, entry, with_witness=with_witness)
            return
        message = self._announcements.compact_form(entry, with_witness=with_witness)
        if message is not None:
            self._peers.send(peer, message)

    def _send_filtered(self, peer: Peer, entry: BlockEntry) -> None:
        bloom, block = peer.relay.bloom, self._block(entry)
        if bloom is None or block is None:
            return
        proof, found = sift_block(block, bloom)
        self._peers.send(peer, MerkleBlockMessage(proof))
        for tx in found:
            self._peers.send(peer, TxMessage.of(tx, with_witness=False))

    def _block(self, entry: BlockEntry) -> Block | None:
        return self._recent.get(entry.hash) or self._chain.get_block(entry.hash)

    def send_transactions(self, peer: Peer, request: GetBlockTransactions) -> None:
        """Send transactions of a block; of an old one the whole block, which costs both alike."""
        entry = self._chain.entry(request.block_hash)
        if entry is None or entry.block_position is None:
            return
        if entry.height < self._chain.height - MAX_TRANSACTIONS_DEPTH:
            kind = MSG_WITNESS_BLOCK if peer.compact.wants_witness else MSG_BLOCK
            peer.requests.append(InventoryItem(kind, request.block_hash))
            return
        block = self._block(entry)
        if block is None:
            return
        if any(position >= len(block.transactions) for position in request.positions):
            self._peers.misbehaved(peer, 100, "asked for transactions that a block does not have")
            return
        wanted = tuple(block.transactions[position] for position in request.positions)
        message = BlockTransactions(request.block_hash, wanted)
        self._peers.send(peer, message if peer.compact.wants_witness else message.without_witness())
