"""Where the first addresses come from: seed nodes that the operator names, and DNS seeds."""

from __future__ import annotations

import asyncio
import logging
from random import Random

from ccxx_node.p2p.addresses.address_book import AddressBook, KnownAddress
from ccxx_node.p2p.addresses.endpoints import Endpoint
from ccxx_node.p2p.peers.door import Door
from ccxx_node.p2p.peers.peer import Permissions, Services
from ccxx_node.p2p.sockets.calling import Caller
from ccxx_node.p2p.sockets.switchboard import Switchboard

_log = logging.getLogger("ccxx.net")

_PATIENCE = 11.0
_RETRY = 300.0
_ENOUGH_PEERS = 2
_WANTED = Services.NETWORK | Services.WITNESS
_DAY = 24 * 3600
_ONESHOT = Permissions(oneshot=True)
# All that seeds say counts as from one source, which is nobody's address.
_SOURCE = bytes(16)


class Seeding:
    """Fills an address book that leads to nobody."""

    def __init__(
        self, board: Switchboard, caller: Caller, book: AddressBook, door: Door, random: Random
    ) -> None:
        self._board = board
        self._caller = caller
        self._book = book
        self._door = door
        self._random = random
        self._options = board.options.dialing

    async def run(self) -> None:
        """Ask whom the operator named, then the seeds if that does not bring enough."""
        await self._ask_nodes(self._options.seed_nodes)
        if not self._options.dns_seeds:
            return
        is_forced = self._options.forces_dns_seeds
        if len(self._book) and not is_forced:
            await asyncio.sleep(_PATIENCE)
        # Again and again: the network may be away when the node starts.
        while is_forced or not self._has_enough():
            await self._ask_seeds()
            is_forced = False
            await asyncio.sleep(_RETRY)

    async def _ask_seeds(self) -> None:
        if not self._board.is_active:
            return
        if self._options.proxies.names is not None:
            # The name must not leak: the proxy finds the seed, and one of its nodes is asked.
            await self._ask_nodes(self._options.dns_seeds)
            return
        for seed in self._options.dns_seeds:
            await self._ask_seed(seed)

    async def _ask_nodes(self, names: tuple[str, ...]) -> None:
        for name in names:
            await self._caller.call(name, _ONESHOT)

    def _has_enough(self) -> bool:
        wanted = min(_ENOUGH_PEERS, self._board.options.max_outbound)
        met = sum(peer.is_ready for peer in self._board.outbound())
        return met >= wanted or not self._options.chooses

    async def _ask_seed(self, seed: str) -> None:
        try:
            # The seed is asked for nodes that can do what we need.
            found = await self._caller.resolve(f"x{int(_WANTED):x}.{seed}")
        except (OSError, UnicodeError) as error:
            _log.debug("seed not found name=%s reason=%s", seed, error)
            await self._ask_nodes((seed,))
            return
        now = self._door.now()
        heard = [self._known(ip, now) for ip in found]
        _log.info("seed answered name=%s new=%d", seed, self._book.add(heard, now))

    def _known(self, ip: bytes, now: int) -> KnownAddress:
        seen_at = now - self._random.randrange(3 * _DAY, 7 * _DAY)
        endpoint = Endpoint(ip, self._board.options.default_port)
        return KnownAddress(endpoint, int(_WANTED), seen_at, _SOURCE)
