"""Feefilter: telling peers below which fee rate transactions are of no use to us (BIP 133)."""

from __future__ import annotations

import bisect

from ccxx_core.amount import MAX_MONEY
from ccxx_node.p2p.messages import FeeFilter
from ccxx_node.p2p.peers.peer import Peer
from ccxx_node.p2p.peers.peer_set import PeerSet

FEE_FILTER_VERSION = 70013
MEAN_SECONDS = 10 * 60
MAX_CHANGE_SECONDS = 5 * 60
_MAX_RATE = 10_000_000
_SPACING = 1.1
_LOWEST_RATE = 500


class FeeFilters:
    """Sends our least fee rate to peers and keeps theirs; rates are satoshis per 1000 vbytes."""

    def __init__(self, peers: PeerSet) -> None:
        self._peers = peers
        self._steps = _rounding_steps()

    def receive(self, peer: Peer, message: FeeFilter) -> None:
        """Note what a peer does not want to hear of; what is no amount of money is ignored."""
        if 0 <= message.feerate <= MAX_MONEY:
            peer.relay.fee_filter = message.feerate

    def tick(self, peer: Peer, now: float) -> None:
        """Send our rate when it is time, sooner if it changed much."""
        options, relay = self._peers.options, peer.relay
        is_gateway = peer.permissions.whitelisted and options.whitelist_force_relay
        is_understood = peer.facts.version >= FEE_FILTER_VERSION
        if not (options.fee_filter and is_understood) or is_gateway:
            return
        if now <= relay.next_fee_filter and now + MAX_CHANGE_SECONDS >= relay.next_fee_filter:
            return
        acceptor = self._peers.door.acceptor
        rate = acceptor.min_fee(self._peers.door.now())
        if now > relay.next_fee_filter:
            sent = max(self._round(rate), acceptor.policy.min_relay_fee)
            if sent != relay.fee_filter_sent:
                self._peers.send(peer, FeeFilter(sent))
                relay.fee_filter_sent = sent
            relay.next_fee_filter = self._peers.after(now, MEAN_SECONDS)
        elif not 3 * relay.fee_filter_sent // 4 <= rate <= 4 * relay.fee_filter_sent // 3:
            relay.next_fee_filter = now + self._peers.rng.uniform(0, MAX_CHANGE_SECONDS)

    def _round(self, rate: int) -> int:
        """Round by chance to one of few steps: exact rates would tell nodes apart."""
        at = bisect.bisect_left(self._steps, rate)
        if at == len(self._steps) or (at > 0 and self._peers.rng.randrange(3) != 0):
            at -= 1
        return self._steps[at]


def _rounding_steps() -> list[int]:
    steps, rate = [0], float(_LOWEST_RATE)
    while rate <= _MAX_RATE:
        steps.append(int(rate))
        rate *= _SPACING
    return steps
