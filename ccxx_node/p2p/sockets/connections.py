"""One socket: bytes become frames that wait for their turn, messages become bytes.

Both ways are bounded: who sends faster than we work is not read from, who reads too slowly gets
nothing more, and is dropped in the end.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass, field
from typing import Protocol, cast

from ccxx_core.errors import DecodeError
from ccxx_node.p2p.messages import COMMANDS, Message, NetAddress
from ccxx_node.p2p.messages.wire import MAX_PAYLOAD_SIZE, Frame, FrameReader, encode_message
from ccxx_node.p2p.options import NetworkOptions
from ccxx_node.p2p.peers.peer import Peer, Permissions

_log = logging.getLogger("ccxx.net")

OTHER_COMMANDS = "*other*"
CLOSED = "closed by the peer"
LOST = "connection lost"
_COMMANDS = frozenset(COMMANDS)
# What a frame takes in memory beside its payload: small ones must not be free.
_FRAME_COST = 256
# What was said last may still go out, if it is short, and for so long: there is no bound to how
# many connections end.
_LAST_WORDS = 20_000
_LINGER_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Origin:
    """How a connection came about; for inbound ones the socket knows the address."""

    inbound: bool = True
    address: str = ""
    net_address: NetAddress | None = None
    permissions: Permissions = field(default_factory=Permissions)


class Hub(Protocol):
    """All that a connection asks of the one place where all of them meet."""

    options: NetworkOptions

    def opened(self, connection: Connection) -> None:
        """Take a new connection in, or close it."""

    def arrived(self, connection: Connection) -> None:
        """Note that there is something to do for a connection."""

    def counted(self, connection: Connection, *, sent: int = 0, received: int = 0) -> None:
        """Note bytes that went over the wire."""

    def drop(self, connection: Connection, reason: str) -> None:
        """End a connection."""


class Connection(asyncio.Protocol):
    """A connection from its first byte to its last; `peer` is there once it was admitted."""

    def __init__(self, hub: Hub, origin: Origin) -> None:
        self.origin = origin
        self.peer: Peer | None = None
        self.fault = ""
        self.opened_at = 0.0
        self.received_at = 0.0
        self.paused_since: float | None = None
        self._hub = hub
        self._transport: asyncio.Transport | None = None
        self._reader = FrameReader(hub.options.magic)
        self._frames: deque[Frame] = deque()
        self._waiting = 0
        self._is_reading = True
        self._linger: asyncio.TimerHandle | None = None

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Introduce the new connection to all others."""
        # uvloop's transports are of no class of asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        self.opened_at = self.received_at = _now()
        limit = self._hub.options.max_send_buffer
        self._transport.set_write_buffer_limits(high=limit, low=limit // 2)
        self._hub.opened(self)

    def data_received(self, data: bytes) -> None:
        """Cut what came into frames, which wait for their turn."""
        if self.peer is None or self.fault:
            return
        self.received_at = _now()
        self._hub.counted(self, received=len(data))
        try:
            for frame in self._reader.feed(data):
                self._frames.append(frame)
                self._waiting += frame.size + _FRAME_COST
        except DecodeError as error:
            # The frames before it still count.
            self.fault = str(error)
        self._choose_to_read()
        self._hub.arrived(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the other side, or the way there, is gone."""
        if self._linger is not None:
            self._linger.cancel()
        self._hub.drop(self, LOST if exc else CLOSED)

    def pause_writing(self) -> None:
        """Note that the peer reads more slowly than we write."""
        self.paused_since = _now()
        if self.peer is not None:
            self.peer.send_paused = True

    def resume_writing(self) -> None:
        """Note that the peer has caught up."""
        self.paused_since = None
        if self.peer is not None:
            self.peer.send_paused = False
            self._hub.arrived(self)

    # What the hub calls

    def next_frame(self) -> Frame | None:
        """Take the oldest frame that waits."""
        if not self._frames:
            return None
        frame = self._frames.popleft()
        self._waiting -= frame.size + _FRAME_COST
        self._choose_to_read()
        if self.peer is not None:
            received = self.peer.traffic.received_by_command
            command = frame.command if frame.command in _COMMANDS else OTHER_COMMANDS
            received[command] = received.get(command, 0) + frame.size
        return frame

    def send(self, message: Message) -> None:
        """Write a message; who has let too much pile up is dropped."""
        transport = self._transport
        if transport is None or self.peer is None or transport.is_closing():
            return
        data = encode_message(self._hub.options.magic, message)
        sent = self.peer.traffic.sent_by_command
        sent[message.command] = sent.get(message.command, 0) + len(data)
        self._hub.counted(self, sent=len(data))
        if _log.isEnabledFor(logging.DEBUG):
            _log.debug(
                "message sent id=%d command=%s bytes=%d addr=%s",
                self.peer.id,
                message.command,
                len(data),
                self.peer.address,
            )
        transport.write(data)
        if transport.get_write_buffer_size() > self._most_unsent:
            self._hub.drop(self, "send buffer full")

    def close(self) -> None:
        """Close the socket once the last words are on their way, or a while later."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        self._frames.clear()
        self._reader = FrameReader(self._hub.options.magic)
        if self.paused_since is not None or transport.get_write_buffer_size() > _LAST_WORDS:
            # Who does not read would only have us keep what was sent.
            transport.abort()
            return
        transport.close()
        loop = asyncio.get_running_loop()
        self._linger = loop.call_later(_LINGER_SECONDS, transport.abort)

    def abort(self) -> None:
        """Close the socket now."""
        if self._transport is not None:
            self._transport.abort()

    def socket_name(self, which: str) -> tuple[str, int]:
        """Return address and port of ``peername`` or ``sockname``, as the system knows them."""
        name = None if self._transport is None else self._transport.get_extra_info(which)
        return (str(name[0]), int(name[1])) if name else ("", 0)

    @property
    def address(self) -> str:
        """Where the peer is, as text; nothing before it was admitted."""
        return "" if self.peer is None else self.peer.address

    @property
    def _most_unsent(self) -> int:
        # A whole block may have been sent just before the buffer was full.
        return 2 * self._hub.options.max_send_buffer + MAX_PAYLOAD_SIZE

    def _choose_to_read(self) -> None:
        transport = self._transport
        wants = self._waiting <= self._hub.options.max_receive_buffer and not self.fault
        if transport is None or transport.is_closing() or wants == self._is_reading:
            return
        self._is_reading = wants
        if wants:
            transport.resume_reading()
        else:
            transport.pause_reading()


def _now() -> float:
    return asyncio.get_running_loop().time()
