"""The node's network as the rest of it sees it: started, stopped, told of changes, and asked."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from random import SystemRandom

from ccxx_core.hashes import Txid
from ccxx_node.events import Event
from ccxx_node.p2p.addresses.address_book import KnownAddress
from ccxx_node.p2p.addresses.address_file import load_book, save_book
from ccxx_node.p2p.addresses.bans import BanList, BanReason, Subnet
from ccxx_node.p2p.addresses.endpoints import as_ip
from ccxx_node.p2p.logic.address_store import BookAddresses
from ccxx_node.p2p.logic.peer_logic import PeerLogic
from ccxx_node.p2p.options import NetworkOptions
from ccxx_node.p2p.peers.clocks import clock_warnings, median_offset
from ccxx_node.p2p.peers.door import Door, PeerOptions
from ccxx_node.p2p.peers.peer import Peer
from ccxx_node.p2p.sockets.dialing import MANUAL, AddedNode, Dialer
from ccxx_node.p2p.sockets.listening import Listener
from ccxx_node.p2p.sockets.switchboard import Switchboard, Totals
from ccxx_node.p2p.sockets.upload_quota import UploadQuota

_log = logging.getLogger("ccxx.net")

_SAVE_SECONDS = 15 * 60.0


class PeerNetwork:
    """All peers of one node, from `open` to `close`; what it keeps is in the options' folder."""

    def __init__(self, door: Door, options: NetworkOptions, peer_options: PeerOptions) -> None:
        random = SystemRandom()
        self.options = options
        self.peer_options = peer_options
        self._door = door
        self._book_path = options.folder / "peers.json"
        self._book = load_book(self._book_path, random, door.now())
        self.bans = BanList(options.folder / "banlist.json", options.ban_seconds)
        self.bans.load()
        self.quota = UploadQuota(options.max_upload, door.now)
        store = BookAddresses(self._book, options, peer_options.services, door.now)
        self._logic = PeerLogic(door, store, self.quota, peer_options, random)
        self._board = Switchboard(self._logic, options, self.bans, self.quota, door)
        self._listener = Listener(self._board, options.bindings)
        self._dialer = Dialer(self._board, self._book, self.bans, door, random)

    # From start to stop

    async def open(self) -> None:
        """Listen and begin to call; raises ListenError."""
        await self._listener.open()
        self._dialer.start()

    async def run(self) -> None:
        """Work until `close`."""
        saving = asyncio.create_task(self._save_now_and_then())
        try:
            await self._board.run()
        finally:
            saving.cancel()

    async def close(self) -> None:
        """End all connections and keep addresses and bans."""
        self._listener.close()
        await self._dialer.close()
        self._board.close()
        self._save()

    async def _save_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(_SAVE_SECONDS)
            self._save()

    def _save(self) -> None:
        self.bans.current(self._door.now())
        self.bans.save()
        save_book(self._book, self._book_path)

    # What the node tells

    def chain_changed(self, events: Sequence[Event]) -> None:
        """Announce what changed in the chain."""
        self._logic.chain_changed(events)
        self._board.hurry()

    def transaction_accepted(self, txid: Txid) -> None:
        """Announce a transaction that did not come from a peer."""
        self._logic.transaction_accepted(txid)
        self._board.hurry()

    # What RPC asks

    @property
    def peers(self) -> Sequence[Peer]:
        """All peers, the longest connected first."""
        return self._board.peers

    @property
    def totals(self) -> Totals:
        """Bytes since the start."""
        return self._board.totals

    @property
    def is_active(self) -> bool:
        """Whether there may be connections at all."""
        return self._board.is_active

    def set_active(self, is_active: bool) -> None:
        """Switch the network off, which ends all connections, or on again."""
        self._board.set_active(is_active)
        _log.info("network switched active=%d", is_active)

    @property
    def time_offset(self) -> int:
        """By how many seconds the clocks of others are ahead of ours."""
        return median_offset(self.peers)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What an operator should read."""
        return clock_warnings(self.peers)

    def ping(self) -> None:
        """Measure how long every peer takes to answer."""
        self._logic.ask_ping()
        self._board.hurry()

    async def call_once(self, text: str) -> bool:
        """Connect to a node now, and do not try again; returns whether the connection stands."""
        return await self._dialer.caller.call(text, MANUAL)

    def add_node(self, text: str) -> bool:
        """Keep a connection to a node; False if that is wanted already."""
        return self._dialer.add(text)

    def remove_node(self, text: str) -> bool:
        """Keep no connection to a node any more; False if none was wanted."""
        return self._dialer.remove(text)

    def added_nodes(self) -> list[AddedNode]:
        """Return the nodes that were added, in order."""
        return self._dialer.added()

    def disconnect_address(self, text: str) -> bool:
        """End the connection to an address; False if there is none."""
        return self._disconnect([peer for peer in self.peers if peer.address == text][:1])

    def disconnect_id(self, peer_id: int) -> bool:
        """End a connection; False if there is none."""
        return self._disconnect([peer for peer in self.peers if peer.id == peer_id])

    def ban(self, subnet: Subnet, until: int = 0) -> None:
        """Refuse a network until a time, or for the usual time, and end its connections."""
        self.bans.add(subnet, BanReason.MANUAL, self._door.now(), until)
        self._disconnect([peer for peer in self.peers if as_ip(peer.net_address.ip) in subnet])

    def known_addresses(self, count: int) -> list[KnownAddress]:
        """Return some addresses of other nodes, at random."""
        return self._book.share(self._door.now())[:count]

    def _disconnect(self, peers: Sequence[Peer]) -> bool:
        for peer in peers:
            self._board.drop(self._board.connections[peer.id], "disconnected by the operator")
        return bool(peers)
