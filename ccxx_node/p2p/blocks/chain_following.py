"""Whether outbound peers keep up with our chain, and whether our own chain stands still.

An attacker who holds all our outbound connections could keep blocks from us. So a peer we chose to
connect to must show as much work as our tip within 20 minutes, and when no block comes for long we
try one peer more and part with the one that announced blocks least recently. Tests set this clock.
"""

from __future__ import annotations

from ccxx_node.p2p.blocks.download import BlockDownload
from ccxx_node.p2p.blocks.header_sync import HeaderSync, describe_best
from ccxx_node.p2p.peers.peer import Peer
from ccxx_node.p2p.peers.peer_set import PeerSet

CATCH_UP_SECONDS = 20 * 60
ANSWER_SECONDS = 2 * 60
MIN_CONNECTED_SECONDS = 30
EVICTION_SECONDS = 45
STALE_CHECK_SECONDS = 150
_STALE_INTERVALS = 3


class ChainFollowing:
    """Watches the tips of outbound peers, and ours."""

    def __init__(self, peers: PeerSet, headers: HeaderSync, download: BlockDownload) -> None:
        self._peers = peers
        self._chain = peers.door.chain
        self._headers = headers
        self._download = download
        self._tip_changed_at = peers.door.now()
        self._next_eviction = 0.0
        self._next_stale_check_at = 0
        self.wants_extra_peer = False

    def tip_changed(self) -> None:
        """Note that a block was connected."""
        self._tip_changed_at = self._peers.door.now()

    def check(self, peer: Peer) -> None:
        """See whether an outbound peer has as much work as our tip, or is about to."""
        state = peer.headers
        if state.is_protected or not peer.may_be_evicted or not state.sync_started:
            return
        now, tip, best = self._peers.door.now(), self._chain.tip, state.best_known
        work = 0 if best is None else best.chain_work
        wanted = state.chain_work_wanted
        if work >= tip.chain_work:
            state.chain_deadline_at, state.chain_work_wanted, state.chain_asked = 0, None, False
        elif not state.chain_deadline_at or (wanted and best and work >= wanted.chain_work):
            # Behind for the first time, or it reached what was our tip when we last looked.
            state.chain_deadline_at = now + CATCH_UP_SECONDS
            state.chain_work_wanted, state.chain_asked = tip, False
        elif now > state.chain_deadline_at:
            self._deadline_passed(peer, now)

    def _deadline_passed(self, peer: Peer, now: int) -> None:
        state = peer.headers
        if state.chain_asked:
            self._peers.disconnect(peer, f"old chain, best block {describe_best(peer)}")
            return
        wanted = state.chain_work_wanted
        assert wanted is not None
        self._headers.ask_from(peer, wanted.parent or wanted)
        state.chain_asked = True
        state.chain_deadline_at = now + ANSWER_SECONDS

    def tick(self, now: float) -> None:
        """Every now and then look at all outbound peers together, and at our tip."""
        if now < self._next_eviction:
            return
        self._next_eviction = now + EVICTION_SECONDS
        self._evict_extra()
        clock = self._peers.door.now()
        if clock > self._next_stale_check_at:
            self._next_stale_check_at = clock + STALE_CHECK_SECONDS
            self.wants_extra_peer = self._is_stale(clock)

    def _is_stale(self, clock: int) -> bool:
        waited = clock - self._tip_changed_at
        return waited > self._chain.params.spacing * _STALE_INTERVALS and not len(self._download)

    def _evict_extra(self) -> None:
        outbound = [peer for peer in self._peers.ready() if peer.may_be_evicted]
        if len(outbound) <= self._peers.options.max_outbound:
            return
        candidates = [peer for peer in outbound if not peer.headers.is_protected]
        if not candidates:
            return
        worst = min(candidates, key=lambda peer: (peer.headers.last_announced_at, -peer.id))
        connected_for = self._peers.door.now() - worst.connected_at
        if connected_for > MIN_CONNECTED_SECONDS and not worst.download.in_flight:
            self._peers.disconnect(worst, "one outbound peer too many")
            self.wants_extra_peer = False
