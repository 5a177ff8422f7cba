"""New blocks to those who do not have them: in full, by header, or by hash, as each peer wishes."""

from __future__ import annotations

from collections.abc import Sequence

from ccxx_core.hashes import BlockHash
from ccxx_node.chainstate.block_entry import BlockEntry, find_fork
from ccxx_node.p2p.blocks.header_sync import MAX_ANNOUNCED
from ccxx_node.p2p.blocks.knowledge import has_header, resolve_unknown
from ccxx_node.p2p.messages import CompactBlock, Headers
from ccxx_node.p2p.messages.compact_blocks import make_compact
from ccxx_node.p2p.peers.peer import Peer
from ccxx_node.p2p.peers.peer_set import PeerSet
from ccxx_node.p2p.peers.recent_block import RecentBlock

# A peer whose chain was this much longer than ours does not want to hear of our old blocks.
_MAX_BEHIND = 2000


class BlockAnnouncements:
    """Tells peers of the blocks of the active chain."""

    def __init__(self, peers: PeerSet, recent: RecentBlock) -> None:
        self._peers = peers
        self._chain = peers.door.chain
        self._recent = recent
        self._fastest_height = 0

    # As the tip moves

    def announce_at_once(self, entry: BlockEntry) -> None:
        """Send a new tip, in compact form, to those who asked for that."""
        if entry.height <= self._fastest_height or entry.parent is None:
            return
        self._fastest_height = entry.height
        for peer in self._peers.ready():
            resolve_unknown(self._chain, peer)
            compact = peer.compact
            is_enough = compact.wants_witness or not self._peers.needs_witness(entry.parent)
            if not (compact.announces_to and is_enough):
                continue
            if not has_header(peer, entry) and has_header(peer, entry.parent):
                self._send_compact(peer, entry)

    def tip_changed(self, before: BlockEntry, after: BlockEntry) -> None:
        """Queue the blocks between two tips for all peers, at most the last eight."""
        fork = find_fork(before, after)
        hashes: list[BlockHash] = []
        entry = after
        while entry is not fork and len(hashes) < MAX_ANNOUNCED:
            hashes.append(entry.hash)
            assert entry.parent is not None
            entry = entry.parent
        for peer in self._peers:
            start = peer.facts.start_height
            if after.height > (start - _MAX_BEHIND if start != -1 else 0):
                self._queue(peer, hashes[::-1])

    def _queue(self, peer: Peer, hashes: Sequence[BlockHash]) -> None:
        waiting = peer.relay.new_tips
        waiting += hashes
        # More than eight are announced by their last: no need to keep the others.
        del waiting[: -MAX_ANNOUNCED - 1]

    # To one peer

    def tick(self, peer: Peer) -> None:
        """Announce what is queued for a peer."""
        waiting = peer.relay.new_tips
        if not waiting:
            return
        peer.relay.new_tips = []
        resolve_unknown(self._chain, peer)
        headers = self._headers_for(peer, waiting)
        if headers is None:
            self._announce_by_hash(peer, waiting[-1])
        elif headers:
            self._announce_by_header(peer, headers)

    def _headers_for(self, peer: Peer, waiting: Sequence[BlockHash]) -> list[BlockEntry] | None:
        """Give the blocks whose headers connect to what a peer has, None if that cannot be."""
        wants_header = peer.prefers_headers or (peer.compact.announces_to and len(waiting) == 1)
        if not wants_header or len(waiting) > MAX_ANNOUNCED:
            return None
        entries: list[BlockEntry] = []
        last: BlockEntry | None = None
        for block_hash in waiting:
            entry = self._chain.entry(block_hash)
            assert entry is not None
            # We left this block again, or came back to it: the list is no chain any more.
            if not self._chain.is_active(entry) or (last and entry.parent is not last):
                return None
            last = entry
            if entries:
                entries.append(entry)
            elif not has_header(peer, entry):
                if entry.parent is not None and not has_header(peer, entry.parent):
                    return None
                entries.append(entry)
        return entries

    def _announce_by_header(self, peer: Peer, entries: Sequence[BlockEntry]) -> None:
        if len(entries) == 1 and peer.compact.announces_to:
            self._send_compact(peer, entries[0])
        elif peer.prefers_headers:
            self._peers.send(peer, Headers(tuple(entry.header for entry in entries)))
            peer.headers.best_sent = entries[-1]
        else:
            self._announce_by_hash(peer, entries[-1].hash)

    def _announce_by_hash(self, peer: Peer, block_hash: BlockHash) -> None:
        entry = self._chain.entry(block_hash)
        assert entry is not None
        if not has_header(peer, entry):
            peer.relay.blocks.append(block_hash)

    def _send_compact(self, peer: Peer, entry: BlockEntry) -> None:
        message = self.compact_form(entry, with_witness=peer.compact.wants_witness)
        if message is not None:
            self._peers.send(peer, message)
            peer.headers.best_sent = entry

    def compact_form(self, entry: BlockEntry, *, with_witness: bool) -> CompactBlock | None:
        """Give a block's compact form as a peer understands it, None if it is not stored."""
        nonce = self._peers.nonce()
        if with_witness and self._recent.hash == entry.hash:
            return self._recent.compact(nonce)
        block = self._recent.get(entry.hash) or self._chain.get_block(entry.hash)
        if block is None:
            return None
        message = make_compact(block, nonce, by_wtxid=with_witness)
        return message if with_witness else message.without_witness()
