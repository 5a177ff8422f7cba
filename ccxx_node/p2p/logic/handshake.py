"""The first messages both ways: who is there, in which language, and may they stay."""

from __future__ import annotations

import logging

from ccxx_node.p2p.messages import (
    NO_ADDRESS,
    PROTOCOL_VERSION,
    REJECT_DUPLICATE,
    REJECT_NONSTANDARD,
    REJECT_OBSOLETE,
    NetAddress,
    Reject,
    SendCompact,
    SendHeaders,
    Verack,
    Version,
)
from ccxx_node.p2p.peers.peer import Peer, Services, VersionFacts
from ccxx_node.p2p.peers.peer_set import PeerSet

_log = logging.getLogger("ccxx.net")

MIN_VERSION = 70002
SENDHEADERS_VERSION = 70012
COMPACT_VERSION = 70014


class Handshake:
    """Exchanges versions and turns away whom we have no use for."""

    def __init__(self, peers: PeerSet) -> None:
        self._peers = peers

    def greet(self, peer: Peer) -> None:
        """Send our version: at once if we made the connection, else when theirs came."""
        peers, options = self._peers, self._peers.options
        peer.nonce = peers.nonce()
        peers.send(
            peer,
            Version(
                version=PROTOCOL_VERSION,
                services=int(options.services),
                time=peers.door.now(),
                receiver=self._address_of(peer),
                sender=NetAddress(int(options.services), NO_ADDRESS.ip, 0),
                nonce=peer.nonce,
                user_agent=options.user_agent,
                start_height=peers.door.chain.height,
                relay=options.relay_transactions,
            ),
        )

    def _address_of(self, peer: Peer) -> NetAddress:
        # What cannot be routed would only tell how our own network is made.
        if self._peers.addresses.is_routable(peer.net_address):
            return peer.net_address
        return NetAddress(peer.net_address.services, NO_ADDRESS.ip, 0)

    def receive_version(self, peer: Peer, message: Version) -> None:
        """Take in who the peer is, or turn it away."""
        peers = self._peers
        if peer.facts.version != 0:
            text = "Duplicate version message"
            peers.reject(peer, Reject("version", REJECT_DUPLICATE, text))
            peers.misbehaved(peer, 1, "second version")
            return
        if self._is_turned_away(peer, message):
            return
        if peer.inbound:
            self.greet(peer)
        peers.send(peer, Verack())
        self._keep_facts(peer, message)
        # Whoever only comes and goes must not fill the log.
        _log.log(
            logging.DEBUG if peer.inbound else logging.INFO,
            "peer introduced id=%d version=%d agent=%s height=%d",
            peer.id,
            message.version,
            message.clean_user_agent,
            message.start_height,
        )
        if peer.permissions.feeler:
            peers.disconnect(peer, "feeler finished")

    def _is_turned_away(self, peer: Peer, message: Version) -> bool:
        peers, permissions = self._peers, peer.permissions
        services = message.services
        is_chosen = not (peer.inbound or permissions.feeler or permissions.manual)
        wanted = self._desirable_services(services)
        if is_chosen and wanted & ~services:
            text = f"Expected to offer services {int(wanted):08x}"
            peers.reject(peer, Reject("version", REJECT_NONSTANDARD, text))
            peers.disconnect(peer, f"offers services {services:08x} only")
        elif message.version < MIN_VERSION:
            text = f"Version must be {MIN_VERSION} or greater"
            peers.reject(peer, Reject("version", REJECT_OBSOLETE, text))
            peers.disconnect(peer, f"obsolete version {message.version}")
        elif peer.inbound and self._is_own_nonce(message.nonce):
            peers.disconnect(peer, "connected to self")
        return peer.is_leaving

    def _desirable_services(self, offered: int) -> Services:
        """Give what a peer must offer for us to connect to it (BIP 159)."""
        if offered & Services.NETWORK_LIMITED and not self._peers.door.is_initial_download():
            return Services.NETWORK_LIMITED | Services.WITNESS
        return Services.NETWORK | Services.WITNESS

    def _is_own_nonce(self, nonce: int) -> bool:
        return any(
            not other.inbound and not other.is_ready and other.nonce == nonce
            for other in self._peers
        )

    def _keep_facts(self, peer: Peer, message: Version) -> None:
        door = self._peers.door
        peer.facts = VersionFacts(
            version=message.version,
            services=message.services,
            user_agent=message.clean_user_agent,
            start_height=message.start_height,
            time_offset=message.time - door.now(),
            address_of_us=message.receiver,
        )
        peer.relay.wants_transactions = message.relay
        permissions = peer.permissions
        peer.download.is_preferred = (
            (not peer.inbound or permissions.whitelisted)
            and not permissions.oneshot
            and not peer.is_client
        )

    def receive_verack(self, peer: Peer) -> None:
        """Say, once, how we want blocks to be announced; from here on everything may be said."""
        if peer.is_ready:
            return
        peers, version = self._peers, peer.facts.version
        if version >= SENDHEADERS_VERSION:
            peers.send(peer, SendHeaders())
        if version >= COMPACT_VERSION:
            # Version 2 first: the first that a peer understands is what it will use.
            if peers.knows_witness:
                peers.send(peer, SendCompact(False, 2))
            peers.send(peer, SendCompact(False, 1))
        if not peer.inbound:
            _log.info(
                "outbound peer connected id=%d addr=%s height=%d",
                peer.id,
                peer.address,
                peer.facts.start_height,
            )
        peer.is_ready = True
