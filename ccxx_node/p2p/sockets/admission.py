"""Who is let in: no banned addresses, no more than there is room for; and how we then know them."""

from __future__ import annotations

import hashlib
import math
import secrets
from collections.abc import Callable, Collection
from itertools import count

from ccxx_node.p2p.addresses.bans import BanList
from ccxx_node.p2p.addresses.endpoints import Endpoint, as_ip, group_of, parse_host
from ccxx_node.p2p.messages import NetAddress
from ccxx_node.p2p.options import NetworkOptions
from ccxx_node.p2p.peers.peer import Peer, Permissions, Services
from ccxx_node.p2p.sockets.connections import Connection
from ccxx_node.p2p.sockets.eviction import Candidate, choose_to_evict

_USEFUL = Services.NETWORK | Services.WITNESS


class Admission:
    """Judges connections, and makes peers of those that are let in."""

    def __init__(self, options: NetworkOptions, bans: BanList, now: Callable[[], int]) -> None:
        self._options = options
        self._bans = bans
        self._now = now
        self._ids = count()
        # Nobody can know which network groups will be protected from eviction.
        self._key = secrets.token_bytes(16)

    def introduce(self, connection: Connection) -> Peer:
        """Make a peer of a connection that stands."""
        origin = connection.origin
        here, there = (_endpoint(connection, which) for which in ("sockname", "peername"))
        whitelisted = self._is_whitelisted(connection, there)
        permissions = origin.permissions
        if whitelisted:
            permissions = Permissions(
                True, permissions.manual, permissions.feeler, permissions.oneshot
            )
        address = origin.net_address or NetAddress(0, there.ip, there.port)
        return Peer(
            id=next(self._ids),
            address=origin.address or str(there),
            net_address=address,
            inbound=origin.inbound,
            connected_at=self._now(),
            permissions=permissions,
            address_bind=str(here),
        )

    def refuse(self, connection: Connection, others: Collection[Connection]) -> str | int | None:
        """Return why an inbound connection is refused, or whom it displaces, or None."""
        there = _endpoint(connection, "peername")
        is_banned = self._bans.is_banned(there.ip, self._now())
        if is_banned and not self._is_whitelisted(connection, there):
            return "banned"
        if sum(other.origin.inbound for other in others) < self._options.max_inbound:
            return None
        leaving = choose_to_evict([self._candidate(other) for other in others if _can_go(other)])
        return "full" if leaving is None else leaving

    def _is_whitelisted(self, connection: Connection, there: Endpoint) -> bool:
        if connection.origin.permissions.whitelisted:
            return True
        address = as_ip(there.ip)
        return connection.origin.inbound and any(
            address in subnet for subnet in self._options.whitelist
        )

    def _candidate(self, connection: Connection) -> Candidate:
        peer = connection.peer
        assert peer is not None
        group = hashlib.blake2b(group_of(peer.net_address.ip), digest_size=8, key=self._key)
        shortest = peer.ping.shortest_time
        return Candidate(
            peer_id=peer.id,
            group=int.from_bytes(group.digest()),
            connected_at=connection.opened_at,
            shortest_ping=math.inf if shortest is None else shortest,
            last_block_at=peer.relay.last_block_at,
            last_transaction_at=peer.relay.last_transaction_at,
            is_useful=peer.facts.services & _USEFUL == _USEFUL,
            wants_transactions=peer.relay.wants_transactions,
            has_filter=peer.relay.bloom is not None,
        )


def _can_go(connection: Connection) -> bool:
    peer = connection.peer
    return peer is not None and peer.inbound and not peer.permissions.whitelisted


def _endpoint(connection: Connection, which: str) -> Endpoint:
    host, port = connection.socket_name(which)
    return Endpoint(parse_host(host) if host else bytes(16), port)
