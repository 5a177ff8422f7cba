"""Frames of the peer protocol: magic, command, length and checksum in front of a payload."""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct
from typing import Protocol

from ccxx_core.errors import DecodeError
from ccxx_core.hashes import sha256d

HEADER_SIZE = 24
MAX_PAYLOAD_SIZE = 4_000_000
COMMAND_SIZE = 12
# Magic, command padded with zeros, length of the payload, first bytes of its double SHA-256.
_HEADER = Struct("<4s12sI4s")


class _Encodable(Protocol):
    """All that a frame asks of a message."""

    @property
    def command(self) -> str: ...

    def encode(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as it came; a ``fault`` says why its payload is to be dropped, unread."""

    command: str
    payload: bytes
    fault: str | None = None

    @property
    def size(self) -> int:
        """Bytes on the wire, header included."""
        return HEADER_SIZE + len(self.payload)


def encode_frame(magic: bytes, command: str, payload: bytes) -> bytes:
    """Write a frame; ``magic`` is the network's 4 bytes, ``command`` ASCII of at most 12."""
    name = command.encode("ascii")
    if len(name) > COMMAND_SIZE:
        raise ValueError(f"command of {len(name)} characters, at most {COMMAND_SIZE}")
    return _HEADER.pack(magic, name, len(payload), sha256d(payload)[:4]) + payload


def encode_message(magic: bytes, message: _Encodable) -> bytes:
    """Write a message in its frame."""
    return encode_frame(magic, message.command, message.encode())


class FrameReader:
    """Cuts a stream of bytes into frames; keeps at most one that is not yet complete."""

    def __init__(self, magic: bytes) -> None:
        """Expect the network's 4 bytes in front of every frame."""
        self._magic = magic
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield the frames that ``data`` completes, the rest kept for the next call.

        Wrong checksums and malformed commands are said in the frame, and the stream goes on. Raises
        DecodeError, behind the frames before it, for a wrong magic or a length over the limit:
        nothing behind that can be told apart. The iterator must be used up before the next call.
        """
        self._buffer += data
        while (frame := self._next_frame()) is not None:
            yield frame

    def _next_frame(self) -> Frame | None:
        buffer = self._buffer
        # As soon as it shows: who speaks another protocol may never send 24 bytes.
        start = bytes(buffer[:4])
        if not self._magic.startswith(start):
            raise DecodeError(f"frame starts with {start.hex()}, need {self._magic.hex()}")
        if len(buffer) < HEADER_SIZE:
            return None
        _, name, length, checksum = _HEADER.unpack_from(buffer)
        if length > MAX_PAYLOAD_SIZE:
            raise DecodeError(f"payload of {length} bytes, at most {MAX_PAYLOAD_SIZE}")
        end = HEADER_SIZE + length
        if len(buffer) < end:
            return None
        payload = bytes(memoryview(buffer)[HEADER_SIZE:end])
        del buffer[:end]
        return _check_frame(name, payload, checksum)


def _check_frame(name: bytes, payload: bytes, checksum: bytes) -> Frame:
    command = name.rstrip(b"\0")
    if any(byte < 0x20 or byte > 0x7E for byte in command):
        # Zeros inside are refused too: one name has one form.
        return Frame("", payload, "malformed command")
    text = command.decode("ascii")
    if sha256d(payload)[:4] != checksum:
        return Frame(text, payload, "wrong checksum")
    return Frame(text, payload)
