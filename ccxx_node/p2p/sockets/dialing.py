"""Whom we call, and when: those the operator named, and others from the address book."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from random import Random

from ccxx_core.errors import DecodeError
from ccxx_node.p2p.addresses.address_book import AddressBook
from ccxx_node.p2p.addresses.bans import BanList
from ccxx_node.p2p.addresses.endpoints import parse_endpoint
from ccxx_node.p2p.options import MAX_ADDED
from ccxx_node.p2p.peers.door import Door
from ccxx_node.p2p.peers.peer import Peer, Permissions
from ccxx_node.p2p.sockets.calling import Caller
from ccxx_node.p2p.sockets.choosing import Chooser
from ccxx_node.p2p.sockets.seeding import Seeding
from ccxx_node.p2p.sockets.switchboard import Switchboard

_log = logging.getLogger("ccxx.net")

_PAUSE = 0.5
_ADDED_PAUSE = 2.0
_ADDED_RETRY = 60.0

MANUAL = Permissions(manual=True)


@dataclass(frozen=True, slots=True)
class AddedNode:
    """A node the operator added, and the peer it is connected as, if it is."""

    text: str
    peer: Peer | None


class Dialer:
    """Keeps the outbound connections that are wanted."""

    def __init__(
        self, board: Switchboard, book: AddressBook, bans: BanList, door: Door, random: Random
    ) -> None:
        self.caller = Caller(board, random)
        self._seeding = Seeding(board, self.caller, book, door, random)
        self._chooser = Chooser(board, self.caller, book, bans, door)
        self._board = board
        self._random = random
        self._options = board.options.dialing
        self._added = dict.fromkeys(self._options.added)
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to call."""
        self._begin(self._keep_added())
        if self._options.connect:
            self._begin(self._keep_connected())
        elif self._options.chooses:
            self._begin(self._chooser.run(self._random))
        self._begin(self._seeding.run())

    async def close(self) -> None:
        """Call nobody any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        task.add_done_callback(_report)
        self._tasks.append(task)

    # Those the operator named

    def add(self, text: str) -> bool:
        """Keep a connection to a node; False if that is wanted already."""
        if text in self._added:
            return False
        self._added[text] = None
        self._changed.set()
        return True

    def remove(self, text: str) -> bool:
        """Keep no connection to a node any more; False if none was wanted."""
        if text not in self._added:
            return False
        del self._added[text]
        return True

    def added(self) -> list[AddedNode]:
        """Return the added nodes in the order in which they were."""
        return [AddedNode(text, self._find(text)) for text in self._added]

    def _find(self, text: str) -> Peer | None:
        peers = [c.peer for c in self._board.connections.values() if c.peer is not None]
        try:
            endpoint = parse_endpoint(text, self._board.options.default_port)
        except DecodeError:
            return next((peer for peer in peers if peer.address == text), None)
        wanted = endpoint.ip, endpoint.port
        return next((peer for peer in peers if peer.net_address[1:] == wanted), None)

    async def _keep_added(self) -> None:
        while True:
            missing = [node.text for node in self.added() if node.peer is None]
            for text in missing:
                # Those that do not answer must not keep the others from being called.
                if sum(node.peer is not None for node in self.added()) >= MAX_ADDED:
                    break
                await self.caller.call(text, MANUAL)
                await asyncio.sleep(_PAUSE)
            self._changed.clear()
            try:
                async with asyncio.timeout(_ADDED_RETRY if missing else _ADDED_PAUSE):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _keep_connected(self) -> None:
        rounds = 0
        while True:
            for text in self._options.connect:
                await self.caller.call(text, MANUAL)
                await asyncio.sleep(_PAUSE * min(rounds, 10))
            rounds += 1
            await asyncio.sleep(_PAUSE)


def _report(task: asyncio.Task[None]) -> None:
    """Log what a task died of; nobody waits for it before the node stops."""
    if not task.cancelled() and task.exception() is not None:
        _log.error("dialing failed", exc_info=task.exception())
