"""Which peers send us compact blocks unasked, and which want them so from us (BIP 152)."""

from __future__ import annotations

from ccxx_node.p2p.messages import SendCompact
from ccxx_node.p2p.peers.peer import Peer
from ccxx_node.p2p.peers.peer_set import PeerSet

MAX_CHOSEN = 3
WITNESS_VERSION = 2


class HighBandwidth:
    """The few peers that brought us blocks last are asked to announce them in full."""

    def __init__(self, peers: PeerSet) -> None:
        self._peers = peers
        self._chosen: list[Peer] = []
        self._version = WITNESS_VERSION if peers.knows_witness else 1

    def receive(self, peer: Peer, message: SendCompact) -> None:
        """Note what a peer wants; the first version it names that we know is locked in."""
        compact = peer.compact
        if message.version not in (1, self._version):
            return
        has_witness = message.version == WITNESS_VERSION
        if not compact.is_offered:
            compact.is_offered = True
            compact.wants_witness = has_witness
        if compact.wants_witness == has_witness:
            compact.announces_to = message.high_bandwidth
        if message.version == self._version:
            compact.offers_our_version = True

    def choose(self, peer: Peer) -> None:
        """Ask a peer for compact blocks unasked; the one chosen longest ago is asked to stop."""
        if not peer.compact.offers_our_version:
            return
        if peer in self._chosen:
            self._chosen.remove(peer)
            self._chosen.append(peer)
            return
        if len(self._chosen) >= MAX_CHOSEN:
            self._peers.send(self._chosen.pop(0), SendCompact(False, self._version))
        self._peers.send(peer, SendCompact(True, self._version))
        self._chosen.append(peer)

    def forget(self, peer: Peer) -> None:
        """Make room for another."""
        if peer in self._chosen:
            self._chosen.remove(peer)
