"""The address book as peer logic sees it: in the words of the protocol's messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from ccxx_core.errors import DecodeError
from ccxx_node.p2p.addresses.address_book import AddressBook, KnownAddress
from ccxx_node.p2p.addresses.endpoints import Endpoint, is_routable, parse_endpoint
from ccxx_node.p2p.messages import MAX_ADDRESSES, NetAddress, TimedAddress
from ccxx_node.p2p.options import NetworkOptions
from ccxx_node.p2p.peers.peer import Peer, Services

_UNTIMED = 100_000_000
_FIVE_DAYS = 5 * 24 * 3600
_TEN_MINUTES = 600


class BookAddresses:
    """Provides `door.AddressStore` with an address book."""

    def __init__(
        self, book: AddressBook, options: NetworkOptions, services: Services, now: Callable[[], int]
    ) -> None:
        self.book = book
        self._options = options
        self._services = services
        self._now = now

    def add(self, addresses: Sequence[TimedAddress], source: NetAddress, penalty: int) -> None:
        """Take in what a peer told; each counts as seen ``penalty`` seconds earlier."""
        now = self._now()
        self.book.add((_known(one, source.ip, penalty, now) for one in addresses), now)

    def sample(self) -> Sequence[TimedAddress]:
        """Return some of the known addresses at random, at most 1000."""
        chosen = self.book.share(self._now())[:MAX_ADDRESSES]
        return [TimedAddress(known.seen_at, as_net_address(known)) for known in chosen]

    def mark_good(self, address: NetAddress, services: int, now: int) -> None:
        """Note that a node we connected to answered with its version."""
        self.book.mark_good(Endpoint(address.ip, address.port), services, now)

    def mark_connected(self, address: NetAddress, now: int) -> None:
        """Note that an outbound connection to a well-behaved node just ended."""
        self.book.mark_seen(Endpoint(address.ip, address.port), now)

    def own_address(self, peer: Peer) -> NetAddress | None:
        """Return the address under which this peer could reach us, None if there is none."""
        for own in self._options.own_addresses:
            return NetAddress(int(self._services), own.ip, own.port)
        if not self._options.discovers_own or not self._options.bindings:
            return None
        port = self._options.bindings[0].port
        for ip in _seen_addresses(peer):
            if is_routable(ip):
                return NetAddress(int(self._services), ip, port)
        return None

    def is_reachable(self, address: NetAddress) -> bool:
        """Whether we would connect to an address of this kind at all."""
        network = Endpoint(address.ip, address.port).network
        return network not in self._options.dialing.unreachable

    def is_routable(self, address: NetAddress) -> bool:
        """Whether an address is one of the public network."""
        return is_routable(address.ip)


def _seen_addresses(peer: Peer) -> Iterator[bytes]:
    """Give our address as our end of the connection has it, then as the other end sees it."""
    with suppress(DecodeError):
        yield parse_endpoint(peer.address_bind, default_port=0).ip
    # Who called us may say anything.
    if not peer.inbound and peer.facts.address_of_us is not None:
        yield peer.facts.address_of_us.ip


def as_net_address(known: KnownAddress) -> NetAddress:
    """Return an address as messages carry it."""
    return NetAddress(known.services, known.endpoint.ip, known.endpoint.port)


def _known(heard: TimedAddress, source: bytes, penalty: int, now: int) -> KnownAddress:
    address, time = heard.address, heard.time
    if time <= _UNTIMED or time > now + _TEN_MINUTES:
        time = now - _FIVE_DAYS
    endpoint = Endpoint(address.ip, address.port)
    return KnownAddress(endpoint, address.services, max(0, time - penalty), source)
