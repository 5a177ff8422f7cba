"""Addresses of other nodes: taken in, passed on to a few, and told to who asks (once)."""

from __future__ import annotations

from ccxx_core.hashes import sha256
from ccxx_node.p2p.messages import MAX_ADDRESSES, Addr, GetAddr, NetAddress, TimedAddress
from ccxx_node.p2p.peers.peer import Peer, Services
from ccxx_node.p2p.peers.peer_set import PeerSet

MEAN_SEND_SECONDS = 30
MEAN_OWN_SECONDS = 24 * 60 * 60
# Addresses a peer may tell us: so many at once, then one in ten seconds, however many it sends.
BUCKET_SIZE = 1000
_PER_SECOND = 0.1
_PENALTY_SECONDS = 2 * 60 * 60
_FRESH_SECONDS = 10 * 60
_MAX_RELAYED = 10
_DAY = 24 * 60 * 60
_UNKNOWN_AGE = 5 * _DAY
_EARLIEST = 100_000_000


class AddressRelay:
    """Passes addresses between peers and the store."""

    def __init__(self, peers: PeerSet) -> None:
        self._peers = peers
        self._store = peers.addresses
        self._salt = peers.rng.randbytes(16)
        # Peer -> how many addresses it may tell, and since when that is so.
        self._buckets: dict[int, tuple[float, float]] = {}

    def forget(self, peer: Peer) -> None:
        """Forget how much a peer may tell."""
        self._buckets.pop(peer.id, None)

    def introduce(self, peer: Peer) -> None:
        """Tell a node that we connected to where we are, and ask whom it knows."""
        if peer.inbound:
            return
        self._advertise(peer)
        self._peers.send(peer, GetAddr())
        peer.addresses.was_asked = True
        services, now = peer.facts.services, self._peers.door.now()
        self._store.mark_good(peer.net_address, services, now)

    def _advertise(self, peer: Peer) -> None:
        door = self._peers.door
        if not self._peers.options.is_listening or door.is_initial_download():
            return
        own = self._store.own_address(peer)
        if own is not None:
            self._queue(peer, TimedAddress(door.now(), own))

    def _queue(self, peer: Peer, address: TimedAddress) -> None:
        state = peer.addresses
        if _key(address.address) in state.known:
            return
        if len(state.pending) >= MAX_ADDRESSES:
            state.pending[self._peers.rng.randrange(MAX_ADDRESSES)] = address
        else:
            state.pending.append(address)

    # What peers tell

    def receive(self, peer: Peer, message: Addr) -> None:
        """Take in addresses; few and fresh ones are passed on."""
        told = message.addresses
        if len(told) > MAX_ADDRESSES:
            self._peers.misbehaved(peer, 20, "too many addresses")
            return
        now = self._peers.door.now()
        is_news = not peer.addresses.was_asked and len(told) <= _MAX_RELAYED
        kept: list[TimedAddress] = []
        for each in told[: self._allowance(peer, len(told))]:
            if not _serves_blocks(each.address):
                continue
            is_odd = each.time <= _EARLIEST or each.time > now + _FRESH_SECONDS
            address = TimedAddress(now - _UNKNOWN_AGE, each.address) if is_odd else each
            peer.addresses.known.add(_key(each.address))
            is_reachable = self._store.is_reachable(each.address)
            is_fresh = address.time > now - _FRESH_SECONDS
            if is_news and is_fresh and self._store.is_routable(each.address):
                self._relay(address, 2 if is_reachable else 1)
            if is_reachable:
                kept.append(address)
        self._store.add(kept, peer.net_address, _PENALTY_SECONDS)
        if len(told) < MAX_ADDRESSES:
            peer.addresses.was_asked = False
        if peer.permissions.oneshot:
            self._peers.disconnect(peer, "oneshot finished")

    def _allowance(self, peer: Peer, wanted: int) -> int:
        """Give how many of the addresses told now count."""
        if peer.permissions.whitelisted:
            return wanted
        now = self._peers.door.monotonic()
        start = BUCKET_SIZE if peer.addresses.was_asked else _MAX_RELAYED
        level, since = self._buckets.get(peer.id, (float(start), now))
        level = min(level + (now - since) * _PER_SECOND, BUCKET_SIZE)
        taken = min(wanted, int(level))
        self._buckets[peer.id] = (level - taken, now)
        return taken

    def _relay(self, address: TimedAddress, count: int) -> None:
        """Pass an address on to the same one or two peers all day: they know it then."""
        key = _key(address.address)
        day = self._peers.door.now() // _DAY
        seed = self._salt + key + day.to_bytes(8, "little")

        def rank(peer: Peer) -> bytes:
            return sha256(seed + peer.id.to_bytes(8, "little"))

        for peer in sorted(self._peers.ready(), key=rank)[:count]:
            self._queue(peer, address)

    # What we tell

    def answer(self, peer: Peer, _: GetAddr) -> None:
        """Tell an inbound peer some addresses, once.

        To tell outbound peers would let somebody recognise us by addresses planted before.
        """
        state = peer.addresses
        if not peer.inbound or state.has_answered:
            return
        state.has_answered = True
        state.pending.clear()
        for address in self._store.sample():
            self._queue(peer, address)

    def tick(self, peer: Peer, now: float) -> None:
        """Send what is queued, at moments of chance; now and then our own address."""
        state = peer.addresses
        if state.next_own < now and not self._peers.door.is_initial_download():
            self._advertise(peer)
            state.next_own = self._peers.after(now, MEAN_OWN_SECONDS)
        if state.next_send >= now:
            return
        state.next_send = self._peers.after(now, MEAN_SEND_SECONDS)
        fresh = [each for each in state.pending if _key(each.address) not in state.known]
        state.pending = []
        for each in fresh:
            state.known.add(_key(each.address))
        if fresh:
            self._peers.send(peer, Addr(tuple(fresh)))


def _key(address: NetAddress) -> bytes:
    return address.ip + address.port.to_bytes(2, "big")


def _serves_blocks(address: NetAddress) -> bool:
    return bool(address.services & (Services.NETWORK | Services.NETWORK_LIMITED))
