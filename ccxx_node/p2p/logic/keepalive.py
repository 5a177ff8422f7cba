"""Pings: whether a peer is still there, and how far away it is (BIP 31)."""

from __future__ import annotations

from ccxx_node.p2p.messages import Ping, Pong
from ccxx_node.p2p.peers.peer import Peer
from ccxx_node.p2p.peers.peer_set import PeerSet

PING_SECONDS = 2 * 60
TIMEOUT_SECONDS = 20 * 60


class Keepalive:
    """Sends pings and measures how long the answers take."""

    def __init__(self, peers: PeerSet) -> None:
        self._peers = peers

    def answer(self, peer: Peer, message: Ping) -> None:
        """Send the nonce back."""
        self._peers.send(peer, Pong(message.nonce))

    def receive_pong(self, peer: Peer, message: Pong) -> None:
        """Measure, if this answers the ping that is out; pongs nobody asked for are ignored."""
        ping = peer.ping
        if ping.nonce == 0:
            return
        if message.nonce == ping.nonce:
            taken = self._peers.door.monotonic() - ping.sent
            ping.last_time = taken
            ping.shortest_time = min(taken, ping.shortest_time or taken)
            ping.nonce = 0
        elif not message.nonce:
            # A short or zero nonce comes from programs that cannot do better: stop waiting.
            ping.nonce = 0

    def tick(self, peer: Peer, now: float) -> None:
        """Ping when it is time, or when an operator asked for it; give up on the silent."""
        ping = peer.ping
        is_due = ping.nonce == 0 and ping.sent + PING_SECONDS < now
        if ping.is_asked_for or is_due:
            ping.is_asked_for = False
            ping.nonce = self._peers.nonce()
            ping.sent = now
            self._peers.send(peer, Ping(ping.nonce))
        elif ping.nonce and ping.sent + TIMEOUT_SECONDS < now:
            self._peers.disconnect(peer, "ping timeout")
