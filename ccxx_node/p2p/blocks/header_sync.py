"""Headers first: asking for them, judging what comes, and parting with peers that lag behind.

Only one peer is asked for all headers while we are far from today; every peer once we are close.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from itertools import pairwise

from ccxx_core.block import BlockHeader
from ccxx_core.hashes import format_hash
from ccxx_node.chainstate.block_entry import BlockEntry
from ccxx_node.consensus.errors import ConsensusError, Reject
from ccxx_node.p2p.blocks.download import BlockDownload
from ccxx_node.p2p.blocks.knowledge import is_close_to_today, make_locator, note_known_block
from ccxx_node.p2p.blocks.weak_branches import submit_headers, weak_headers_left
from ccxx_node.p2p.messages import MAX_HEADERS, Headers
from ccxx_node.p2p.peers.peer import Peer
from ccxx_node.p2p.peers.peer_set import PeerSet
from ccxx_node.p2p.peers.penalties import points_for

_log = logging.getLogger("ccxx.net")

MAX_ANNOUNCED = 8
MAX_UNCONNECTING = 10
MAX_PROTECTED = 4

_DAY = 24 * 60 * 60
_BASE_SECONDS = 15 * 60
_SECONDS_PER_HEADER = 0.001


class HeaderSync:
    """Follows the headers of all peers."""

    def __init__(self, peers: PeerSet, download: BlockDownload) -> None:
        self._peers = peers
        self._chain = peers.door.chain
        self._download = download
        self._syncing: set[int] = set()
        self._protected: set[int] = set()

    def forget(self, peer: Peer) -> None:
        """Let another peer be asked for headers."""
        self._syncing.discard(peer.id)
        self._protected.discard(peer.id)

    # Asking

    def start(self, peer: Peer, now: float, *, may_fetch: bool) -> None:
        """Ask for headers, if nobody was asked yet or we are close to today."""
        if peer.headers.sync_started or peer.is_client or self._peers.door.is_importing():
            return
        best = self._chain.best_header
        age = self._peers.door.now() - best.time
        if not (may_fetch and not self._syncing) and age >= _DAY:
            return
        expected = age / self._chain.params.spacing
        peer.headers.sync_started = True
        peer.headers.sync_deadline = now + _BASE_SECONDS + _SECONDS_PER_HEADER * expected
        self._syncing.add(peer.id)
        # From the parent on: the answer is never empty, and tells how far the peer is.
        self.ask_from(peer, best.parent or best)

    def ask_from(self, peer: Peer, entry: BlockEntry) -> None:
        """Ask for the headers behind an entry."""
        self._peers.request_headers(peer, make_locator(entry))

    def ask_from_best(self, peer: Peer) -> None:
        """Ask for the headers behind the best that we know."""
        self.ask_from(peer, self._chain.best_header)

    # Judging

    def receive(self, peer: Peer, message: Headers) -> None:
        """Take in headers of the branch that the peer is on."""
        if self._peers.door.is_importing():
            return
        if len(message.headers) > MAX_HEADERS:
            self._peers.misbehaved(peer, 20, "too many headers")
            return
        is_ours = not peer.inbound and not peer.permissions.manual
        self.process(peer, message.headers, leaves_if_failed=is_ours)

    def process(
        self, peer: Peer, headers: Sequence[BlockHeader], *, leaves_if_failed: bool
    ) -> None:
        """Add headers to the tree, ask for more, and for blocks if they are close."""
        if not headers:
            return
        unknown = self._chain.entry(headers[0].prev_hash) is None
        if unknown and len(headers) < MAX_ANNOUNCED:
            self._ask_for_the_gap(peer, headers[-1])
            return
        if any(a.hash != b.prev_hash for a, b in pairwise(headers)):
            self._peers.misbehaved(peer, 20, "headers do not follow each other")
            return
        last = self._submit(peer, headers, leaves_if_failed=leaves_if_failed)
        if last is not None:
            self._follow_up(peer, last, len(headers))

    def _ask_for_the_gap(self, peer: Peer, last: BlockHeader) -> None:
        peer.headers.unconnecting += 1
        self.ask_from_best(peer)
        # The headers between may come from somebody else: then this peer has the block.
        note_known_block(self._chain, peer, last.hash)
        if peer.headers.unconnecting % MAX_UNCONNECTING == 0:
            self._peers.misbehaved(peer, 20, "headers without a known parent")

    def _submit(
        self, peer: Peer, headers: Sequence[BlockHeader], *, leaves_if_failed: bool
    ) -> BlockEntry | None:
        is_new = self._chain.entry(headers[-1].hash) is None
        try:
            last = submit_headers(self._peers, peer, headers)
        except ConsensusError as error:
            self._peers.misbehaved(peer, points_for(error), f"invalid header: {error.reason}")
            # So many are an answer to our question, which ends at our genesis block. Others use
            # the same magic: without this we would ask them again and again.
            if error.reject is Reject.UNKNOWN_PARENT and not peer.permissions.manual:
                self._peers.disconnect(peer, "headers of another chain")
            # Its chain builds on what we know to be invalid: no use of an outbound slot.
            if leaves_if_failed and error.reject is Reject.DUPLICATE_BLOCK:
                self._peers.disconnect(peer, "on an invalid chain")
            return None
        if is_new and last.chain_work > self._chain.tip.chain_work:
            peer.headers.last_announced_at = self._peers.door.now()
        return last

    def _follow_up(self, peer: Peer, last: BlockEntry, count: int) -> None:
        chain, door = self._chain, self._peers.door
        peer.headers.unconnecting = 0
        note_known_block(chain, peer, last.hash)
        is_weak = last.chain_work < chain.tip.chain_work
        # Who is on another branch since long ago must not be asked into being banned.
        may_go_on = not is_weak or weak_headers_left(self._peers, peer, last) >= MAX_HEADERS
        if count == MAX_HEADERS and may_go_on:
            self.ask_from(peer, last)
        if not is_weak and not last.is_failed and is_close_to_today(chain, door.now()):
            self._download.request_directly(peer, last)
        best = peer.headers.best_known
        if not peer.may_be_evicted or best is None:
            return
        minimum = self._peers.options.minimum_work
        if door.is_initial_download() and count != MAX_HEADERS and best.chain_work < minimum:
            self._peers.disconnect(peer, "headers chain has insufficient work")
        elif best.chain_work >= chain.tip.chain_work:
            self._protect(peer)

    def _protect(self, peer: Peer) -> None:
        """Keep the first few that proved to follow our chain, however things look later."""
        if len(self._protected) < MAX_PROTECTED and not peer.headers.is_protected:
            peer.headers.is_protected = True
            self._protected.add(peer.id)

    # Waiting

    def check_time(self, peer: Peer, now: float) -> None:
        """Part with the one peer that was asked for all headers, if it is too slow."""
        headers, door = peer.headers, self._peers.door
        if not headers.sync_started or headers.sync_deadline == float("inf"):
            return
        if self._chain.best_header.time > door.now() - _DAY:
            headers.sync_deadline = float("inf")
            return
        is_late = now > headers.sync_deadline and len(self._syncing) == 1
        if not is_late or not self._has_other_choice(peer):
            return
        if not peer.permissions.whitelisted:
            self._peers.disconnect(peer, "header download timeout")
        else:
            _log.info("header download restarted peer=%d", peer.id)
            headers.sync_started = False
            self._syncing.discard(peer.id)

    def _has_other_choice(self, peer: Peer) -> bool:
        return any(other.download.is_preferred for other in self._peers if other is not peer)


def describe_best(peer: Peer) -> str:
    """Name the best block that a peer is known to have."""
    best = peer.headers.best_known
    return "none" if best is None else format_hash(best.hash)
