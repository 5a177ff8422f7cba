"""Where other nodes are said to be: what we have heard of (new), and whom we have reached (tried).

Each address has one place, which a secret key and its group, for new ones also the group of who
told us, decide: whoever sends a million addresses fills the few buckets of their own group and
displaces nobody else's. Source: the idea of Bitcoin Core's address manager, at a quarter of its
size.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random

from ccxx_node.p2p.addresses.endpoints import Endpoint, group_of, is_routable

_log = logging.getLogger("ccxx.addrman")

NEW_BUCKETS = 256
TRIED_BUCKETS = 64
BUCKET_SIZE = 64
# How many buckets the addresses of one source, and those of one group, can get into.
_BUCKETS_OF_SOURCE = 16
_BUCKETS_OF_GROUP = 4

_DAY = 24 * 3600
_HORIZON = 30 * _DAY
_RECENT = 4 * 3600
_MAX_COLLISIONS = 10
_SHARED_PERCENT = 23
_MAX_SHARED = 2500

Place = tuple[int, int]
Table = dict[int, dict[int, Endpoint]]


@dataclass(slots=True)
class KnownAddress:
    """What is known about one address; times are unix seconds, 0 for never."""

    endpoint: Endpoint
    services: int
    seen_at: int
    source: bytes
    is_tried: bool = False
    tried_at: int = 0
    succeeded_at: int = 0
    failures: int = 0

    def is_hopeless(self, now: int) -> bool:
        """Tell whether there is no reason to keep or to pass on this address."""
        if self.tried_at and self.tried_at >= now - 60:
            return False
        if not now - _HORIZON <= self.seen_at <= now + 600:
            return True
        if not self.succeeded_at:
            return self.failures >= 3
        return now - self.succeeded_at > 7 * _DAY and self.failures >= 10

    def chance(self, now: int) -> float:
        """Return how willingly it is dialed, 0 to 1."""
        fresh = 0.01 if now - self.tried_at < 600 else 1.0
        return fresh * 0.66 ** min(self.failures, 8)


class AddressBook:
    """All addresses; `key` is 32 secret bytes, `random` decides who is chosen."""

    def __init__(self, key: bytes, random: Random) -> None:
        self.key = key
        self._random = random
        self._known: dict[Endpoint, KnownAddress] = {}
        self._new: Table = {}
        self._tried: Table = {}
        # Who was reached, but whose place in `tried` somebody has who may still be there.
        self._collisions: dict[Endpoint, None] = {}

    def __len__(self) -> int:
        return len(self._known)

    def __iter__(self) -> Iterator[KnownAddress]:
        return iter(self._known.values())

    def get(self, endpoint: Endpoint) -> KnownAddress | None:
        """Return what is known about an address."""
        return self._known.get(endpoint)

    # What we hear

    def add(self, heard: Iterable[KnownAddress], now: int) -> int:
        """Take in what somebody told; returns how many were new to us."""
        new = sum(self._add(address, now) for address in heard)
        _log.debug("addresses heard new=%d known=%d", new, len(self._known))
        return new

    def restore(self, address: KnownAddress, now: int) -> None:
        """Take in what was saved, as it was."""
        place = self._tried_place(address.endpoint)
        is_free = place[1] not in self._tried.get(place[0], {})
        if address.is_tried and is_free and address.endpoint not in self._known:
            self._known[address.endpoint] = address
            self._tried.setdefault(place[0], {})[place[1]] = address.endpoint
            return
        address.is_tried = False
        self._add(address, now)

    def _add(self, address: KnownAddress, now: int) -> bool:
        if not is_routable(address.endpoint.ip) or not address.endpoint.port:
            return False
        known = self._known.get(address.endpoint)
        if known is not None:
            self._update(known, address, now)
            return False
        place = self._new_place(address)
        if not self._make_room(self._new, place, now):
            return False
        self._known[address.endpoint] = address
        self._new.setdefault(place[0], {})[place[1]] = address.endpoint
        return True

    def _update(self, known: KnownAddress, heard: KnownAddress, now: int) -> None:
        is_online = now - heard.seen_at < _DAY
        if known.seen_at < heard.seen_at - (3600 if is_online else _DAY):
            known.seen_at = heard.seen_at
        known.services |= heard.services

    def _make_room(self, table: Table, place: Place, now: int) -> bool:
        occupant = table.get(place[0], {}).get(place[1])
        if occupant is None:
            return True
        if not self._known[occupant].is_hopeless(now):
            return False
        self._forget(occupant, table, place)
        return True

    def _forget(self, endpoint: Endpoint, table: Table, place: Place) -> None:
        _log.debug("address forgotten addr=%s reason=hopeless", endpoint)
        _vacate(table, place)
        del self._known[endpoint]
        self._collisions.pop(endpoint, None)

    # What we find out

    def mark_attempt(self, endpoint: Endpoint, now: int, *, counts: bool) -> None:
        """Note that we dial an address; a failure is held against it only if it `counts`."""
        known = self._known.get(endpoint)
        if known is not None:
            known.tried_at = now
            known.failures += counts
            _log.debug("address called addr=%s failures=%d", endpoint, known.failures)

    def mark_good(self, endpoint: Endpoint, services: int, now: int) -> None:
        """Note that a handshake was done: the address goes to those that were tried."""
        known = self._known.get(endpoint)
        if known is None:
            return
        known.services = services
        known.tried_at = known.succeeded_at = now
        known.failures = 0
        _log.debug("address reached addr=%s", endpoint)
        if known.is_tried:
            return
        place = self._tried_place(endpoint)
        if place[1] in self._tried.get(place[0], {}):
            if len(self._collisions) < _MAX_COLLISIONS:
                self._collisions[endpoint] = None
        else:
            self._to_tried(known, place)

    def mark_seen(self, endpoint: Endpoint, now: int) -> None:
        """Note that a peer was connected until now."""
        known = self._known.get(endpoint)
        if known is not None and now - known.seen_at > 1200:
            known.seen_at = now

    def _to_tried(self, known: KnownAddress, place: Place) -> None:
        new_place = self._new_place(known)
        if self._new.get(new_place[0], {}).get(new_place[1]) == known.endpoint:
            _vacate(self._new, new_place)
        known.is_tried = True
        self._tried.setdefault(place[0], {})[place[1]] = known.endpoint

    # Test before evict: who is in `tried` leaves it only when it no longer answers.

    def occupant_to_test(self) -> KnownAddress | None:
        """Return somebody in `tried` whose place another claims, None if nobody does."""
        if not self._collisions:
            return None
        # By chance: one that cannot be tested must not stand before all others.
        bucket, position = self._tried_place(self._random.choice(list(self._collisions)))
        return self._known[self._tried[bucket][position]]

    def resolve_collisions(self, now: int) -> None:
        """Decide about places that two claim, where the older of them has been tested."""
        for claimant in list(self._collisions):
            if claimant not in self._collisions:
                # Forgotten to make room for somebody who lost a place just now.
                continue
            place = self._tried_place(claimant)
            occupant = self._tried.get(place[0], {}).get(place[1])
            known = None if occupant is None else self._known[occupant]
            if known is not None and now - known.succeeded_at < _RECENT:
                del self._collisions[claimant]
            elif known is None or (now - known.tried_at < _RECENT and now - known.tried_at > 60):
                self._replace(known, self._known[claimant], place, now)

    def _replace(
        self, old: KnownAddress | None, fresh: KnownAddress, place: Place, now: int
    ) -> None:
        del self._collisions[fresh.endpoint]
        if old is not None:
            _vacate(self._tried, place)
        # First: where the old one goes may be the place that the fresh one leaves.
        self._to_tried(fresh, place)
        if old is not None:
            old.is_tried = False
            new_place = self._new_place(old)
            if self._make_room(self._new, new_place, now):
                self._new.setdefault(new_place[0], {})[new_place[1]] = old.endpoint
            else:
                _log.debug("address forgotten addr=%s reason=displaced", old.endpoint)
                del self._known[old.endpoint]

    # Whom we choose

    def choose(self, now: int, *, only_new: bool = False) -> KnownAddress | None:
        """Return somebody to dial, None if the book is empty; new and tried are alike likely."""
        prefers_new = only_new or self._random.random() < 0.5
        table = self._new if prefers_new else self._tried
        if not table and not only_new:
            table = self._tried if prefers_new else self._new
        if not table:
            return None
        patience = 1.0
        while True:
            bucket = table[self._random.choice(list(table))]
            known = self._known[self._random.choice(list(bucket.values()))]
            if self._random.random() < known.chance(now) * patience:
                return known
            patience *= 1.2

    def share(self, now: int) -> list[KnownAddress]:
        """Return some addresses, at random, for a peer that asks."""
        count = min(len(self._known) * _SHARED_PERCENT // 100, _MAX_SHARED)
        chosen = self._random.sample(list(self._known.values()), count)
        return [known for known in chosen if not known.is_hopeless(now)]

    def _new_place(self, address: KnownAddress) -> Place:
        source, group = group_of(address.source), group_of(address.endpoint.ip)
        turn = self._number(b"source", source, group) % _BUCKETS_OF_SOURCE
        bucket = self._number(b"new", source, bytes([turn])) % NEW_BUCKETS
        return bucket, self._position(b"new", bucket, address.endpoint)

    def _tried_place(self, endpoint: Endpoint) -> Place:
        turn = self._number(b"address", _as_bytes(endpoint)) % _BUCKETS_OF_GROUP
        bucket = self._number(b"tried", group_of(endpoint.ip), bytes([turn])) % TRIED_BUCKETS
        return bucket, self._position(b"tried", bucket, endpoint)

    def _position(self, table: bytes, bucket: int, endpoint: Endpoint) -> int:
        return self._number(table, bytes([bucket]), _as_bytes(endpoint)) % BUCKET_SIZE

    def _number(self, *parts: bytes) -> int:
        text = b"".join(bytes([len(part)]) + part for part in parts)
        return int.from_bytes(hashlib.blake2b(text, digest_size=8, key=self.key).digest())


def _vacate(table: Table, place: Place) -> None:
    bucket = table[place[0]]
    del bucket[place[1]]
    if not bucket:
        del table[place[0]]


def _as_bytes(endpoint: Endpoint) -> bytes:
    return endpoint.ip + endpoint.port.to_bytes(2)
