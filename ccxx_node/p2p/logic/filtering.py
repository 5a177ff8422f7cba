"""Connections of light clients, which want to hear only of what matches their filter (BIP 37)."""

from __future__ import annotations

from ccxx_core.errors import DecodeError
from ccxx_node.p2p.messages import FilterAdd, FilterClear, FilterLoad
from ccxx_node.p2p.messages.bloom import BloomFilter
from ccxx_node.p2p.peers.peer import Peer, Services
from ccxx_node.p2p.peers.peer_set import PeerSet

# From this version on peers know that filters have to be offered (BIP 111).
NO_BLOOM_VERSION = 70011


class Filtering:
    """Loads, extends and removes filters, if we offer them (``-peerbloomfilters``)."""

    def __init__(self, peers: PeerSet) -> None:
        self._peers = peers
        self._is_offered = bool(peers.options.services & Services.BLOOM)

    def is_refused(self, peer: Peer, command: str) -> bool:
        """Part with who uses filters although we did not offer them."""
        if self._is_offered:
            return False
        if peer.facts.version >= NO_BLOOM_VERSION:
            self._peers.misbehaved(peer, 100, f"{command} without being offered filters")
        else:
            self._peers.disconnect(peer, f"{command} without being offered filters")
        return True

    def load(self, peer: Peer, message: FilterLoad) -> None:
        """Set a peer's filter."""
        try:
            peer.relay.bloom = BloomFilter(message)
        except DecodeError as error:
            self._peers.misbehaved(peer, 100, f"{error}")
            return
        peer.relay.wants_transactions = True

    def add(self, peer: Peer, message: FilterAdd) -> None:
        """Put an element into a peer's filter."""
        bloom = peer.relay.bloom
        if bloom is None:
            self._peers.misbehaved(peer, 100, "filteradd without a filter")
            return
        try:
            bloom.add(message.data)
        except DecodeError as error:
            self._peers.misbehaved(peer, 100, f"{error}")

    def clear(self, peer: Peer, _: FilterClear) -> None:
        """Let a peer hear of everything again."""
        peer.relay.bloom = None
        peer.relay.wants_transactions = True
