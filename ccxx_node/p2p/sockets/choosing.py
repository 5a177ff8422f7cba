"""Whom we call of our own choice: one of each network group, and now and then somebody new."""

from __future__ import annotations

import asyncio
import logging
from random import Random

from ccxx_node.p2p.addresses.address_book import AddressBook, KnownAddress
from ccxx_node.p2p.addresses.bans import BanList
from ccxx_node.p2p.addresses.endpoints import group_of
from ccxx_node.p2p.peers.door import Door
from ccxx_node.p2p.peers.peer import Permissions, Services
from ccxx_node.p2p.sockets.calling import Caller
from ccxx_node.p2p.sockets.switchboard import Switchboard

_log = logging.getLogger("ccxx.net")

_PAUSE = 0.5
_FEELER_SECONDS = 120.0
_MAX_TRIES = 100
_FUSSY_TRIES = 30
_USUAL_PORT_TRIES = 50
_TRIED_LATELY = 600
_WANTED = Services.NETWORK | Services.WITNESS
_WITH_ADDRESSES = Services.NETWORK | Services.NETWORK_LIMITED


class Chooser:
    """Keeps as many outbound connections as we want, and tries addresses out (feelers)."""

    def __init__(
        self, board: Switchboard, caller: Caller, book: AddressBook, bans: BanList, door: Door
    ) -> None:
        self._board = board
        self._caller = caller
        self._book = book
        self._bans = bans
        self._door = door

    async def run(self, random: Random) -> None:
        """Call whom we want until cancelled."""
        loop = asyncio.get_running_loop()
        next_feeler = loop.time() + random.expovariate(1 / _FEELER_SECONDS)
        while True:
            await asyncio.sleep(_PAUSE)
            outbound = len(self._board.outbound())
            most = self._board.options.max_outbound
            if not self._board.is_active or not most:
                continue
            if outbound < most + self._board.logic.wants_extra_peer:
                await self._call(feels=False)
            elif loop.time() > next_feeler:
                next_feeler = loop.time() + random.expovariate(1 / _FEELER_SECONDS)
                await self._call(feels=True)

    async def _call(self, *, feels: bool) -> None:
        now = self._door.now()
        self._book.resolve_collisions(now)
        chosen = self.choose(now, feels=feels)
        if chosen is None:
            return
        # Without any connection it is our network that fails, not the address.
        counts = len(self._groups()) >= min(self._board.options.max_connections - 1, 2)
        self._book.mark_attempt(chosen.endpoint, now, counts=counts)
        _log.debug("peer called addr=%s feeler=%d", chosen.endpoint, feels)
        await self._caller.call_endpoint(chosen.endpoint, Permissions(feeler=feels))

    def choose(self, now: int, *, feels: bool) -> KnownAddress | None:
        """Return an address worth a call, None if there seems to be none."""
        taken = self._groups()
        for attempt in range(_MAX_TRIES):
            known = self._book.occupant_to_test() if feels and not attempt else None
            known = known or self._book.choose(now, only_new=feels)
            if known is None:
                return None
            if group_of(known.endpoint.ip) in taken:
                continue
            if self._is_worth(known, now, attempt, feels=feels):
                return known
        return None

    def _is_worth(self, known: KnownAddress, now: int, attempt: int, *, feels: bool) -> bool:
        endpoint = known.endpoint
        if endpoint.network in self._board.options.dialing.unreachable:
            return False
        if now - known.tried_at < _TRIED_LATELY and attempt < _FUSSY_TRIES:
            return False
        services = known.services
        if not services & _WITH_ADDRESSES if feels else services & _WANTED != _WANTED:
            return False
        is_usual = endpoint.port == self._board.options.default_port
        if not is_usual and attempt < _USUAL_PORT_TRIES:
            return False
        # Two nodes that call each other would take two places each.
        if any(peer.net_address.ip == endpoint.ip for peer in self._board.peers):
            return False
        return not self._bans.is_banned(endpoint.ip, now)

    def _groups(self) -> set[bytes]:
        return {group_of(peer.net_address.ip) for peer in self._board.outbound()}
