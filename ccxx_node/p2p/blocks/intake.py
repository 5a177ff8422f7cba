"""Blocks that peers send: which are looked at, and what the sender hears when they are bad."""

from __future__ import annotations

from collections import OrderedDict

from ccxx_core.block import Block, work_of_bits
from ccxx_core.hashes import BlockHash, format_hash
from ccxx_node.chainstate.block_entry import BlockEntry
from ccxx_node.consensus.block import check_block
from ccxx_node.consensus.errors import ConsensusError
from ccxx_node.p2p.blocks.download import BlockDownload
from ccxx_node.p2p.blocks.high_bandwidth import HighBandwidth
from ccxx_node.p2p.blocks.weak_branches import submit_headers
from ccxx_node.p2p.messages import BlockMessage, Reject
from ccxx_node.p2p.peers.peer import Peer
from ccxx_node.p2p.peers.peer_set import PeerSet
from ccxx_node.p2p.peers.penalties import points_for

# A block nobody asked for may be so far ahead of the tip.
MAX_AHEAD = 288
# Blocks on branches that were never the best wait for a verdict: only so many senders are kept.
_MAX_SENDERS = 5000


class BlockIntake:
    """Hands blocks to the chain and remembers who sent them until there is a verdict."""

    def __init__(
        self, peers: PeerSet, download: BlockDownload, high_bandwidth: HighBandwidth
    ) -> None:
        self._peers = peers
        self._chain = peers.door.chain
        self._download = download
        self._high_bandwidth = high_bandwidth
        self._senders: OrderedDict[BlockHash, tuple[int, bool]] = OrderedDict()

    def receive(self, peer: Peer, message: BlockMessage) -> None:
        """Take in a block, asked for or not."""
        if self._peers.door.is_importing():
            return
        block = message.block
        is_requested = self._download.mark_received(block.hash)
        self.submit(peer, block, is_requested=is_requested)

    def submit(
        self, peer: Peer, block: Block, *, is_requested: bool, is_punished: bool = True
    ) -> bool:
        """Hand a block to the chain; tells whether it is stored now and was not before.

        Who relays a compact block has only seen its header (BIP 152): no points then.
        """
        block_hash = block.hash
        was_stored = self._is_stored(block_hash)
        if not was_stored:
            self._note_sender(block_hash, peer, is_punished)
        failure: ConsensusError | None = None
        try:
            if is_requested or self._is_welcome(block):
                self._peers.door.submit_block(block)
            else:
                check_block(block, self._chain.params)
                submit_headers(self._peers, peer, [block.header])
        except ConsensusError as error:
            failure = error
        is_new = not was_stored and self._is_stored(block_hash)
        if is_new:
            peer.relay.last_block_at = self._peers.door.now()
        self._judge(block_hash, failure, is_new=is_new)
        return is_new

    def _is_stored(self, block_hash: BlockHash) -> bool:
        entry = self._chain.entry(block_hash)
        return entry is not None and entry.tx_count > 0

    def _is_welcome(self, block: Block) -> bool:
        """Whether an unrequested block may bring the chain forward, and is not too far ahead."""
        parent = self._chain.entry(block.header.prev_hash)
        if parent is None:
            return True
        work = parent.chain_work + work_of_bits(block.header.bits)
        return (
            work >= self._chain.tip.chain_work
            and parent.height + 1 <= self._chain.height + MAX_AHEAD
            and work >= self._peers.options.minimum_work
        )

    def _note_sender(self, block_hash: BlockHash, peer: Peer, is_punished: bool) -> None:
        self._senders.setdefault(block_hash, (peer.id, is_punished))
        if len(self._senders) > _MAX_SENDERS:
            self._senders.popitem(last=False)

    def _take_sender(self, block_hash: BlockHash) -> tuple[Peer | None, bool]:
        """Forget who sent a block; gives them, if they are still there, and whether to punish."""
        peer_id, is_punished = self._senders.pop(block_hash, (None, False))
        peer = None if peer_id is None else self._peers.get(peer_id)
        return peer, is_punished

    # Verdicts

    def _judge(
        self, block_hash: BlockHash, failure: ConsensusError | None, *, is_new: bool
    ) -> None:
        refused = self._chain.take_refusals()
        for entry, error in refused:
            self._refuse(entry.hash, error)
        if failure is not None and all(entry.hash != block_hash for entry, _ in refused):
            self._refuse(block_hash, failure)
        elif not is_new:
            self._senders.pop(block_hash, None)

    def tick(self) -> None:
        """Tell who sent a block that turned out bad while a long way was finished."""
        for entry, error in self._chain.take_refusals():
            self._refuse(entry.hash, error)

    def _refuse(self, block_hash: BlockHash, error: ConsensusError) -> None:
        peer, is_punished = self._take_sender(block_hash)
        if peer is None:
            return
        self._peers.reject(peer, Reject("block", error.code, error.reason, block_hash))
        if is_punished and error.code:
            reason = f"invalid block {format_hash(block_hash)}: {error.reason}"
            self._peers.misbehaved(peer, points_for(error), reason)

    def connected(self, entry: BlockEntry) -> None:
        """Note that a block is valid: who sent it first should announce blocks in full."""
        peer, _ = self._take_sender(entry.hash)
        in_flight = len(self._download) - (entry.hash in self._download)
        if peer is None or in_flight:
            return
        if not self._peers.door.is_initial_download():
            self._high_bandwidth.choose(peer)
