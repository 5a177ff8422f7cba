"""All connections of the node: who is let in, whose turn it is, and what the logic wants done.

Every peer with something to do has one turn after the other: one message, or one part of what it
asked for. Between two turns everybody else of the event loop has theirs.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from ccxx_core.errors import DecodeError
from ccxx_node.chainstate.errors import StorageError
from ccxx_node.p2p.addresses.bans import BanList, BanReason, single
from ccxx_node.p2p.addresses.endpoints import is_local
from ccxx_node.p2p.logic.peer_logic import PeerLogic
from ccxx_node.p2p.messages import decode_message
from ccxx_node.p2p.messages.wire import Frame
from ccxx_node.p2p.options import NetworkOptions
from ccxx_node.p2p.peers.actions import Action, Ban, Disconnect, Send
from ccxx_node.p2p.peers.door import Door
from ccxx_node.p2p.peers.peer import Peer
from ccxx_node.p2p.sockets.admission import Admission
from ccxx_node.p2p.sockets.connections import CLOSED, LOST, Connection
from ccxx_node.p2p.sockets.upload_quota import UploadQuota

_log = logging.getLogger("ccxx.net")

EVICTED = "evicted"
_TICK_SECONDS = 0.1
_LONG_TURN = 0.01
_SWEEP_SECONDS = 1.0
_HANDSHAKE_SECONDS = 60.0
_SILENCE_SECONDS = 20 * 60.0
_SLOW_SECONDS = 5 * 60.0
# For one question and its answer.
_ONESHOT_SECONDS = 2 * 60.0
_ORDINARY = frozenset({CLOSED, LOST, EVICTED})


@dataclass(slots=True)
class Totals:
    """Bytes since the start, of all connections that ever were."""

    sent: int = 0
    received: int = 0


class Switchboard:
    """Carries messages from sockets to the logic, and what the logic wants back to them."""

    def __init__(
        self,
        logic: PeerLogic,
        options: NetworkOptions,
        bans: BanList,
        quota: UploadQuota,
        door: Door,
    ) -> None:
        self.logic = logic
        self.options = options
        self.totals = Totals()
        self.connections: dict[int, Connection] = {}
        self.is_active = options.is_active
        self._bans = bans
        self._quota = quota
        self._now = door.now
        self._admission = Admission(options, bans, door.now)
        self._ready: dict[int, None] = {}
        self._resting: set[int] = set()
        self._wake = asyncio.Event()
        self._tick_at = 0.0
        self._sweep_at = 0.0
        self._is_closed = False

    @property
    def peers(self) -> list[Peer]:
        """All peers, the longest connected first."""
        return [c.peer for c in self.connections.values() if c.peer is not None]

    def outbound(self) -> list[Peer]:
        """The peers that we chose ourselves."""
        return [peer for peer in self.peers if peer.may_be_evicted]

    # What connections tell

    def opened(self, connection: Connection) -> None:
        """Take a new connection in, or close it."""
        if self._is_closed or not self.is_active:
            connection.abort()
            return
        if connection.origin.inbound and not self._make_room(connection):
            return
        peer = self._admission.introduce(connection)
        connection.peer = peer
        self.connections[peer.id] = connection
        _log.debug("peer connected id=%d addr=%s inbound=%d", peer.id, peer.address, peer.inbound)
        self.perform(self.logic.connected(peer))

    def _make_room(self, connection: Connection) -> bool:
        verdict = self._admission.refuse(connection, self.connections.values())
        if isinstance(verdict, str):
            host, port = connection.socket_name("peername")
            _log.debug("connection refused addr=%s port=%d reason=%s", host, port, verdict)
            connection.abort()
            return False
        if verdict is not None:
            leaving = self.connections[verdict]
            self.drop(leaving, EVICTED)
            leaving.abort()
        return True

    def arrived(self, connection: Connection) -> None:
        """Note that there is something to do for a connection."""
        peer = connection.peer
        if peer is not None and peer.id in self.connections and peer.id not in self._resting:
            self._ready[peer.id] = None
            self._wake.set()

    def counted(self, connection: Connection, *, sent: int = 0, received: int = 0) -> None:
        """Note bytes that went over the wire."""
        assert connection.peer is not None
        traffic = connection.peer.traffic
        if sent:
            traffic.bytes_sent += sent
            traffic.last_send_at = self._now()
            self.totals.sent += sent
            self._quota.count(sent)
        if received:
            traffic.bytes_received += received
            traffic.last_receive_at = self._now()
            self.totals.received += received

    def drop(self, connection: Connection, reason: str) -> None:
        """End a connection and forget its peer; short words that were said last still go out."""
        peer = connection.peer
        if peer is not None and self.connections.pop(peer.id, None) is not None:
            self._ready.pop(peer.id, None)
            # Whoever only comes and goes must not fill the log.
            is_notable = peer.is_ready or reason not in _ORDINARY
            level = logging.INFO if is_notable else logging.DEBUG
            _log.log(
                level, "peer disconnected id=%d addr=%s reason=%s", peer.id, peer.address, reason
            )
            self.logic.disconnected(peer.id)
        connection.close()

    # What the node tells

    def hurry(self) -> None:
        """Have the next tick at once, because something is worth announcing."""
        self._tick_at = 0.0
        self._wake.set()

    def set_active(self, is_active: bool) -> None:
        """Switch the network off, which ends all connections, or on again."""
        self.is_active = is_active
        if not is_active:
            self.drop_all("network switched off")

    def drop_all(self, reason: str) -> None:
        """End all connections."""
        for connection in list(self.connections.values()):
            self.drop(connection, reason)

    def close(self) -> None:
        """End all connections for good, what was not sent included."""
        self._is_closed = True
        for connection in list(self.connections.values()):
            self.drop(connection, "node stopping")
            connection.abort()
        self._wake.set()

    # Turns

    async def run(self) -> None:
        """Give everybody their turn until `close`."""
        while not self._is_closed:
            for peer_id in list(self._ready):
                self._ready.pop(peer_id, None)
                self._guarded_turn(peer_id)
                # Everybody else of the event loop: other sockets, RPC.
                await asyncio.sleep(0)
            now = asyncio.get_running_loop().time()
            if now >= self._tick_at:
                self._tick_at = now + _TICK_SECONDS
                self._tick(now)
            if not self._ready:
                await self._rest(self._tick_at - now)

    async def _rest(self, seconds: float) -> None:
        self._wake.clear()
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._wake.wait()
        except TimeoutError:
            return

    def _guarded_turn(self, peer_id: int) -> None:
        connection = self.connections.get(peer_id)
        if connection is None:
            return
        must_rest, started = _may_be_greedy(connection), time.perf_counter()
        try:
            if self._turn(peer_id, connection):
                self._ready[peer_id] = None
        except StorageError as error:
            # A block that a peer brings stops the node; one that it asks for only this peer.
            _log.error("peer not answered id=%d reason=%s", peer_id, error)
            self.drop(connection, "storage failed")
        except Exception:
            # Our bug: no peer may stop the node with it.
            _log.exception("peer failed id=%d", peer_id)
            self.drop(connection, "internal error")
        spent = time.perf_counter() - started
        if must_rest and spent > _LONG_TURN and peer_id in self.connections:
            # Others have at least as much time as somebody whom nobody asked.
            self._ready.pop(peer_id, None)
            self._resting.add(peer_id)
            asyncio.get_running_loop().call_later(spent, self._rested, connection)

    def _rested(self, connection: Connection) -> None:
        assert connection.peer is not None
        self._resting.discard(connection.peer.id)
        self.arrived(connection)

    def _turn(self, peer_id: int, connection: Connection) -> bool:
        """Do one thing for a peer; returns whether there is more."""
        peer = connection.peer
        assert peer is not None
        # Orphans are taken in whether or not their sender reads: they are no answer to it.
        if peer.send_paused and not peer.adoptable:
            return False
        if self.logic.has_work(peer_id):
            self.perform(self.logic.work(peer_id))
            return True
        frame = connection.next_frame()
        if frame is not None:
            self._handle(peer_id, frame)
            return True
        if connection.fault:
            self.drop(connection, connection.fault)
        return False

    def _handle(self, peer_id: int, frame: Frame) -> None:
        if _log.isEnabledFor(logging.DEBUG):
            _log.debug(
                "message received id=%d command=%s bytes=%d addr=%s",
                peer_id,
                frame.command,
                frame.size,
                self.connections[peer_id].address,
            )
        if frame.fault is not None:
            _log.debug("message dropped id=%d reason=%s", peer_id, frame.fault)
            return
        try:
            message = decode_message(frame.command, frame.payload)
        except DecodeError as error:
            _log.debug("message malformed id=%d command=%s %s", peer_id, frame.command, error)
            self.perform(self.logic.receive_malformed(peer_id, frame.command))
            return
        if message is None:
            self.perform(self.logic.receive_unknown(peer_id, frame.command))
        else:
            self.perform(self.logic.receive(peer_id, message))

    def _tick(self, now: float) -> None:
        try:
            self.perform(self.logic.tick())
        except Exception:
            _log.exception("tick failed")
        # Requests that were put off, for whatever reason, are looked at again.
        for peer_id, connection in self.connections.items():
            if self.logic.has_work(peer_id):
                self.arrived(connection)
        if now >= self._sweep_at:
            self._sweep_at = now + _SWEEP_SECONDS
            for connection in list(self.connections.values()):
                reason = overdue(connection, now)
                if reason:
                    self.drop(connection, reason)

    def perform(self, actions: Sequence[Action]) -> None:
        """Do what the logic wants, in order."""
        for action in actions:
            connection = self.connections.get(action.peer_id)
            if connection is None:
                continue
            match action:
                case Send(message=message):
                    connection.send(message)
                case Disconnect(reason=reason):
                    self.drop(connection, reason)
                case Ban(reason=reason):
                    self._ban(connection, reason)

    def _ban(self, connection: Connection, reason: str) -> None:
        assert connection.peer is not None
        ip = connection.peer.net_address.ip
        if is_local(ip):
            _log.warning(
                "peer not banned id=%d addr=%s reason=local",
                connection.peer.id,
                connection.peer.address,
            )
        else:
            self._bans.add(single(ip), BanReason.MISBEHAVING, self._now())
            self._drop_others(ip)
        self.drop(connection, reason)

    def _drop_others(self, ip: bytes) -> None:
        """End what else a banned address has opened; those we trust or asked for stay."""
        for connection in list(self.connections.values()):
            peer = connection.peer
            if peer is None or peer.permissions.whitelisted or peer.permissions.manual:
                continue
            if peer.net_address.ip == ip:
                self.drop(connection, "address banned")


def _may_be_greedy(connection: Connection) -> bool:
    """Tell whether a peer came by itself and owes us nothing, so that its work can wait."""
    peer = connection.peer
    assert peer is not None
    return peer.inbound and not peer.permissions.whitelisted and not peer.download.in_flight


def overdue(connection: Connection, now: float) -> str:
    """Return why a connection has waited long enough, or nothing."""
    peer = connection.peer
    assert peer is not None
    age = now - connection.opened_at
    if age > _HANDSHAKE_SECONDS and not (peer.traffic.bytes_sent and peer.traffic.bytes_received):
        return "nothing said"
    if age > _HANDSHAKE_SECONDS and not peer.is_ready:
        return "handshake timeout"
    if age > _ONESHOT_SECONDS and peer.permissions.oneshot:
        return "oneshot timeout"
    if now - connection.received_at > _SILENCE_SECONDS:
        return "silent"
    if connection.paused_since is not None and now - connection.paused_since > _SLOW_SECONDS:
        return "reads too slowly"
    return ""
