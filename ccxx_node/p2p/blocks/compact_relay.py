"""Compact blocks from peers: put together from the pool, the rest asked for (BIP 152)."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator

from ccxx_core.errors import DecodeError
from ccxx_core.hashes import format_hash
from ccxx_core.transaction import Transaction
from ccxx_node.chainstate.block_entry import BlockEntry
from ccxx_node.consensus.errors import ConsensusError
from ccxx_node.p2p.blocks.download import MAX_PER_PEER, BlockDownload
from ccxx_node.p2p.blocks.header_sync import HeaderSync
from ccxx_node.p2p.blocks.intake import BlockIntake
from ccxx_node.p2p.blocks.knowledge import is_close_to_today, note_known_block
from ccxx_node.p2p.blocks.weak_branches import submit_headers
from ccxx_node.p2p.messages import BlockTransactions, CompactBlock, GetBlockTransactions
from ccxx_node.p2p.messages.compact_blocks import PartialBlock, ShortIdCollision
from ccxx_node.p2p.peers.peer import BlockInFlight, Peer
from ccxx_node.p2p.peers.peer_set import PeerSet
from ccxx_node.p2p.peers.penalties import points_for

_log = logging.getLogger("ccxx.cmpctblock")

# Further ahead of our tip the pool is of no help.
_MAX_AHEAD = 2


class CompactRelay:
    """Receives compact blocks; sending them is up to those who serve and announce."""

    def __init__(
        self,
        peers: PeerSet,
        headers: HeaderSync,
        download: BlockDownload,
        intake: BlockIntake,
        extra: Collection[Transaction],
    ) -> None:
        """`extra` are transactions that are not in the pool but may be in a block."""
        self._peers = peers
        self._chain = peers.door.chain
        self._headers = headers
        self._download = download
        self._intake = intake
        self._extra = extra

    def receive(self, peer: Peer, message: CompactBlock) -> None:
        """Take in a compact block, announced or asked for."""
        door, header = self._peers.door, message.header
        if door.is_importing():
            return
        if self._chain.entry(header.prev_hash) is None:
            if not door.is_initial_download():
                self._headers.ask_from_best(peer)
            return
        is_new = self._chain.entry(header.hash) is None
        try:
            entry = submit_headers(self._peers, peer, [header])
        except ConsensusError as error:
            reason = f"invalid header in a compact block: {error.reason}"
            self._peers.misbehaved(peer, points_for(error), reason)
            return
        note_known_block(self._chain, peer, entry.hash)
        if is_new and entry.chain_work > self._chain.tip.chain_work:
            peer.headers.last_announced_at = door.now()
        if entry.block_position is None:
            self._consider(peer, message, entry)

    def _consider(self, peer: Peer, message: CompactBlock, entry: BlockEntry) -> None:
        """Decide whether a block that we do not have is worth the work."""
        chain = self._chain
        is_asked_for = entry.hash in self._download
        if entry.chain_work <= chain.tip.chain_work or entry.tx_count:
            if is_asked_for:
                self._download.request_again(peer, entry.hash)
            return
        if not is_asked_for and not is_close_to_today(chain, self._peers.door.now()):
            return
        assert entry.parent is not None
        if self._peers.needs_witness(entry.parent) and not peer.compact.offers_our_version:
            return
        if entry.height <= chain.height + _MAX_AHEAD:
            self._assemble(peer, message, entry)
        elif is_asked_for:
            self._download.request_again(peer, entry.hash)
        else:
            # Relayed before it is validated: an invalid one is no reason to leave.
            self._headers.process(peer, [message.header], leaves_if_failed=False)

    def _assemble(self, peer: Peer, message: CompactBlock, entry: BlockEntry) -> None:
        owner = self._download.owner(entry.hash)
        has_room = len(peer.download.in_flight) < MAX_PER_PEER
        if owner is peer or (owner is None and has_room):
            self._start(peer, message, self._download.mark(peer, entry))
        else:
            self._try_at_once(peer, message, entry)

    def _start(self, peer: Peer, message: CompactBlock, flight: BlockInFlight) -> None:
        if flight.partial is not None:
            return
        try:
            flight.partial = PartialBlock(message, self._pool(), self._extra)
        except DecodeError as error:
            self._download.mark_received(flight.hash)
            self._peers.misbehaved(peer, 100, f"invalid compact block: {error}")
            return
        except ShortIdCollision:
            self._ask_for_whole(peer, flight)
            return
        missing = flight.partial.missing
        if _log.isEnabledFor(logging.DEBUG):
            _log.debug(
                "compact block received hash=%s peer=%d txs=%d sent_along=%d missing=%d",
                format_hash(flight.hash),
                peer.id,
                len(message.short_ids) + len(message.prefilled),
                len(message.prefilled),
                len(missing),
            )
        if missing:
            self._peers.send(peer, GetBlockTransactions(flight.hash, missing))
        else:
            self._finish(peer, flight, ())

    def _try_at_once(self, peer: Peer, message: CompactBlock, entry: BlockEntry) -> None:
        """Put a block together that somebody else was asked for, if nothing is missing."""
        try:
            partial = PartialBlock(message, self._pool(), self._extra)
            if partial.missing:
                return
            block = partial.fill(())
        except (DecodeError, ShortIdCollision):
            return
        self._intake.submit(peer, block, is_requested=True, is_punished=False)
        # Only now: a falsified announcement must not keep the true block from us.
        if entry.block_position is not None:
            self._download.mark_received(entry.hash)

    def receive_transactions(self, peer: Peer, message: BlockTransactions) -> None:
        """Take in the transactions that were missing in a compact block."""
        flight = peer.download.in_flight.get(message.block_hash)
        if self._peers.door.is_importing() or flight is None or flight.partial is None:
            return
        self._finish(peer, flight, message.transactions)

    def _finish(
        self, peer: Peer, flight: BlockInFlight, transactions: tuple[Transaction, ...]
    ) -> None:
        # Whatever comes of it, what was put together so far is of no use again.
        block_hash, partial, flight.partial = flight.hash, flight.partial, None
        assert partial is not None
        try:
            block = partial.fill(transactions)
        except DecodeError as error:
            self._download.mark_received(block_hash)
            self._peers.misbehaved(peer, 100, f"wrong block transactions: {error}")
            return
        except ShortIdCollision:
            self._ask_for_whole(peer, flight)
            return
        if _log.isEnabledFor(logging.DEBUG):
            _log.debug(
                "compact block put together hash=%s peer=%d asked_for=%d",
                format_hash(block_hash),
                peer.id,
                len(transactions),
            )
        self._download.mark_received(block_hash)
        self._intake.submit(peer, block, is_requested=True, is_punished=False)

    def _ask_for_whole(self, peer: Peer, flight: BlockInFlight) -> None:
        if _log.isEnabledFor(logging.DEBUG):
            text = format_hash(flight.hash)
            _log.debug("compact block given up hash=%s peer=%d reason=collision", text, peer.id)
        self._download.request_again(peer, flight.hash)

    def _pool(self) -> Iterator[Transaction]:
        return (entry.tx for entry in self._peers.door.acceptor.pool)
