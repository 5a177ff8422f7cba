"""Messages of the connection itself: who is there, still there, who else is, what was wrong."""

from dataclasses import dataclass
from struct import Struct
from typing import ClassVar, NamedTuple, Self

from ccxx_core.encoding import encode_bytes, encode_compact_size, read_slice
from ccxx_node.p2p.messages.fields import (
    UINT32,
    UINT64,
    EmptyMessage,
    read_hash,
    read_list,
    read_struct,
    read_text,
    read_uint64,
)
from ccxx_node.p2p.messages.wire import COMMAND_SIZE

PROTOCOL_VERSION = 70015

NODE_NETWORK = 1 << 0
NODE_BLOOM = 1 << 2
NODE_WITNESS = 1 << 3
NODE_NETWORK_LIMITED = 1 << 10

MAX_ADDRESSES = 1000
MAX_USER_AGENT = 256
MAX_REJECT_REASON = 111

REJECT_MALFORMED = 0x01
REJECT_OBSOLETE = 0x11
REJECT_DUPLICATE = 0x12
REJECT_NONSTANDARD = 0x40

_VERSION_START = Struct("<iQq")
_SERVICES = Struct("<Q16s")
_INT32 = Struct("<i")
_SAFE_CHARACTERS = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,;-_/:?@()"
)


class NetAddress(NamedTuple):
    """Where a node listens: services, IPv6 address of 16 bytes (IPv4 mapped into it), port."""

    services: int
    ip: bytes
    port: int

    def encode(self) -> bytes:
        """Write the 26 bytes; the port is big-endian, as nothing else is."""
        return _SERVICES.pack(self.services, self.ip) + self.port.to_bytes(2, "big")

    @classmethod
    def read(cls, data: bytes, offset: int) -> tuple[Self, int]:
        """Read the 26 bytes; raises DecodeError."""
        (services, ip), offset = read_struct(_SERVICES, data, offset)
        port, offset = read_slice(data, offset, 2)
        return cls(services, ip, int.from_bytes(port, "big")), offset


NO_ADDRESS = NetAddress(0, bytes(16), 0)


class TimedAddress(NamedTuple):
    """An address and when somebody last heard of it, in unix seconds."""

    time: int
    address: NetAddress

    def encode(self) -> bytes:
        """Write the 30 bytes."""
        return UINT32.pack(self.time) + self.address.encode()

    @classmethod
    def read(cls, data: bytes, offset: int) -> tuple[Self, int]:
        """Read the 30 bytes; raises DecodeError."""
        (time,), offset = read_struct(UINT32, data, offset)
        address, offset = NetAddress.read(data, offset)
        return cls(time, address), offset


@dataclass(frozen=True, slots=True)
class Version:
    """Who a peer is; the first message each way. All behind ``receiver`` may be missing.

    ``time`` is in unix seconds, ``user_agent`` one character a byte (BIP 14).
    """

    command: ClassVar[str] = "version"
    version: int
    services: int
    time: int
    receiver: NetAddress = NO_ADDRESS
    sender: NetAddress = NO_ADDRESS
    nonce: int = 1
    user_agent: str = ""
    start_height: int = -1
    relay: bool = True

    @property
    def clean_user_agent(self) -> str:
        """The user agent without characters that could mislead a reader of logs."""
        return "".join([one for one in self.user_agent if one in _SAFE_CHARACTERS])

    def encode(self) -> bytes:
        """Write the payload."""
        return b"".join(
            (
                _VERSION_START.pack(self.version, self.services, self.time),
                self.receiver.encode(),
                self.sender.encode(),
                UINT64.pack(self.nonce),
                encode_bytes(self.user_agent.encode("latin-1")),
                _INT32.pack(self.start_height),
                bytes([self.relay]),
            )
        )

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Read the payload; raises DecodeError."""
        (version, services, time), offset = read_struct(_VERSION_START, payload, 0)
        receiver, offset = NetAddress.read(payload, offset)
        sender, nonce, user_agent, start_height = NO_ADDRESS, 1, "", -1
        size = len(payload)
        if offset < size:
            sender, offset = NetAddress.read(payload, offset)
            nonce, offset = read_uint64(payload, offset)
        if offset < size:
            user_agent, offset = read_text(payload, offset, MAX_USER_AGENT)
        if offset < size:
            (start_height,), offset = read_struct(_INT32, payload, offset)
        relay = offset >= size or payload[offset] != 0
        return cls(
            version, services, time, receiver, sender, nonce, user_agent, start_height, relay
        )


@dataclass(frozen=True, slots=True)
class Verack(EmptyMessage):
    """The version was read; from here on everything may be said."""

    command: ClassVar[str] = "verack"


@dataclass(frozen=True, slots=True)
class Ping:
    """A question whether the peer is there (BIP 31)."""

    command: ClassVar[str] = "ping"
    nonce: int

    def encode(self) -> bytes:
        """Write the payload."""
        return UINT64.pack(self.nonce)

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Read the payload; raises DecodeError."""
        return cls(read_uint64(payload, 0)[0])


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer, with the nonce of the ping; None if it came too short, which ends the wait."""

    command: ClassVar[str] = "pong"
    nonce: int | None

    def encode(self) -> bytes:
        """Write the payload."""
        return b"" if self.nonce is None else UINT64.pack(self.nonce)

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Read the payload."""
        return cls(read_uint64(payload, 0)[0] if len(payload) >= UINT64.size else None)


@dataclass(frozen=True, slots=True)
class Addr:
    """Addresses of other nodes, at most 1000."""

    command: ClassVar[str] = "addr"
    addresses: tuple[TimedAddress, ...]

    def encode(self) -> bytes:
        """Write the payload."""
        count = encode_compact_size(len(self.addresses))
        return count + b"".join([address.encode() for address in self.addresses])

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Read the payload; raises DecodeError."""
        return cls(read_list(TimedAddress.read, payload, 0, MAX_ADDRESSES)[0])


@dataclass(frozen=True, slots=True)
class GetAddr(EmptyMessage):
    """A question for addresses of other nodes."""

    command: ClassVar[str] = "getaddr"


@dataclass(frozen=True, slots=True)
class Reject:
    """Why a message was refused (BIP 61): its command, a ``REJECT_…`` code, words for people.

    ``hash`` names the block or transaction when ``rejected`` is "block" or "tx".
    """

    command: ClassVar[str] = "reject"
    rejected: str
    code: int
    reason: str
    hash: bytes | None = None

    def encode(self) -> bytes:
        """Write the payload."""
        rejected = encode_bytes(self.rejected.encode("latin-1"))
        reason = encode_bytes(self.reason.encode("latin-1"))
        return rejected + bytes([self.code]) + reason + (self.hash or b"")

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Read the payload; raises DecodeError."""
        rejected, offset = read_text(payload, 0, COMMAND_SIZE)
        (code,), offset = read_slice(payload, offset, 1)
        reason, offset = read_text(payload, offset, MAX_REJECT_REASON)
        if rejected in ("block", "tx"):
            return cls(rejected, code, reason, read_hash(payload, offset)[0])
        return cls(rejected, code, reason)
