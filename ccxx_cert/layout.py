"""The parts that message layouts are made of: each reads and writes one attribute.

A part owns bytes of the body, bits of the header's flags, or both, so that a layout is a plain list
and decoding and encoding cannot drift apart. Hostile bytes raise Malformed and nothing else.
"""

import unicodedata
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Protocol

from ccxx_cert.errors import Malformed
from ccxx_cert.records import TailKind
from ccxx_core.errors import DecodeError
from ccxx_core.keys import lift_x

KEY_X_SIZE = 32
TAIL_SHIFT = 4
TAIL_MASK = 0b11 << TAIL_SHIFT
NO_KEY = bytes(KEY_X_SIZE)

# UAX 9's explicit formatting characters: they make a text show in another order than it is signed.
_BIDI_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Body:
    """A cursor over the bytes behind the header."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._offset = 0

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes, or raise Malformed where they end before."""
        end = self._offset + size
        if end > len(self._data):
            raise Malformed(f"{len(self._data)} bytes after the header, need {end}")
        piece = self._data[self._offset : end]
        self._offset = end
        return piece

    def rest(self) -> bytes:
        """Return all that is left."""
        return self.take(len(self._data) - self._offset)


class Part(Protocol):
    """One attribute of a message, or a stretch of reserved bytes where the name is empty."""

    @property
    def name(self) -> str:
        """The attribute's name."""

    @property
    def mask(self) -> int:
        """The flag bits that this part owns."""

    def read(self, body: Body, flags: int) -> Any:
        """Take the part from the body and the flags."""

    def write(self, value: Any) -> tuple[int, bytes]:
        """Return the flag bits and bytes of a value; Malformed where it has none."""


@dataclass(frozen=True, slots=True)
class Flag:
    """One bit of the flags."""

    name: str
    bit: int

    @property
    def mask(self) -> int:
        """The flag bits that this part owns."""
        return 1 << self.bit

    def read(self, body: Body, flags: int) -> bool:  # noqa: ARG002 - a flag has no bytes
        """Return whether the bit is set."""
        return bool(flags & self.mask)

    def write(self, value: bool) -> tuple[int, bytes]:
        """Return the bit."""
        return (self.mask if value else 0), b""


@dataclass(frozen=True, slots=True)
class Choice:
    """A few bits of the flags that name a member of an enum."""

    name: str
    shift: int
    width: int
    members: type[IntEnum]

    @property
    def mask(self) -> int:
        """The flag bits that this part owns."""
        return ((1 << self.width) - 1) << self.shift

    def read(self, body: Body, flags: int) -> IntEnum:  # noqa: ARG002 - a choice has no bytes
        """Return the member."""
        return _member(self.members, (flags & self.mask) >> self.shift, self.name)

    def write(self, value: IntEnum) -> tuple[int, bytes]:
        """Return the bits."""
        return value << self.shift, b""


@dataclass(frozen=True, slots=True)
class Number:
    """An unsigned big-endian integer, optionally a member of an enum."""

    name: str
    size: int
    members: type[IntEnum] | None = None
    mask: int = 0

    def read(self, body: Body, flags: int) -> int:  # noqa: ARG002 - no part of it is a flag
        """Return the number."""
        value = int.from_bytes(body.take(self.size), "big")
        return value if self.members is None else _member(self.members, value, self.name)

    def write(self, value: int) -> tuple[int, bytes]:
        """Return the bytes; Malformed where the number does not fit."""
        if not 0 <= value < 1 << 8 * self.size:
            raise Malformed(f"{self.name} {value} does not fit in {self.size} bytes")
        return 0, int(value).to_bytes(self.size, "big")


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes of one length; `reverse` for ids, whose display order is on the chain."""

    name: str
    size: int
    reverse: bool = False
    mask: int = 0

    def read(self, body: Body, flags: int) -> bytes:  # noqa: ARG002 - no part of it is a flag
        """Return the bytes."""
        piece = body.take(self.size)
        return piece[::-1] if self.reverse else piece

    def write(self, value: bytes) -> tuple[int, bytes]:
        """Return the bytes; Malformed for another length."""
        if len(value) != self.size:
            raise Malformed(f"{self.name} of {len(value)} bytes, need {self.size}")
        return 0, value[::-1] if self.reverse else value


@dataclass(frozen=True, slots=True)
class Reserved:
    """Bytes that must be zero."""

    size: int
    name: str = ""
    mask: int = 0

    def read(self, body: Body, flags: int) -> None:  # noqa: ARG002 - no part of it is a flag
        """Refuse anything but zeros."""
        if any(body.take(self.size)):
            raise Malformed("reserved bytes are set")

    def write(self, value: None) -> tuple[int, bytes]:  # noqa: ARG002 - it has no value
        """Return the zeros."""
        return 0, bytes(self.size)


@dataclass(frozen=True, slots=True)
class PaddedText:
    """A text in a field of one length, padded with spaces by bytes."""

    name: str
    size: int
    mask: int = 0

    def read(self, body: Body, flags: int) -> str:  # noqa: ARG002 - no part of it is a flag
        """Return the text without its padding."""
        return decode_text(body.take(self.size).rstrip(b" "), self.name)

    def write(self, value: str) -> tuple[int, bytes]:
        """Return the padded bytes; Malformed where the text is too long."""
        data = encode_text(value, self.name)
        if len(data) > self.size:
            raise Malformed(f"{self.name} of {len(data)} bytes, at most {self.size}")
        return 0, data.ljust(self.size)


@dataclass(frozen=True, slots=True)
class FreeText:
    """A text that fills the rest of the message."""

    name: str
    most: int
    mask: int = 0

    def read(self, body: Body, flags: int) -> str:  # noqa: ARG002 - no part of it is a flag
        """Return the text."""
        return decode_text(_at_most(body.rest(), self.most, self.name), self.name)

    def write(self, value: str) -> tuple[int, bytes]:
        """Return the bytes; Malformed where the text is too long."""
        return 0, _at_most(encode_text(value, self.name), self.most, self.name)


@dataclass(frozen=True, slots=True)
class FreeBytes:
    """Bytes that fill the rest of the message."""

    name: str
    least: int
    most: int
    mask: int = 0

    def read(self, body: Body, flags: int) -> bytes:  # noqa: ARG002 - no part of it is a flag
        """Return the bytes."""
        return self.write(body.rest())[1]

    def write(self, value: bytes) -> tuple[int, bytes]:
        """Return the bytes; Malformed where they are too few or too many."""
        if len(value) < self.least:
            raise Malformed(f"{self.name} of {len(value)} bytes, at least {self.least}")
        return 0, _at_most(value, self.most, self.name)


@dataclass(frozen=True, slots=True)
class EvenKey:
    """The x of a key whose y is even."""

    name: str
    mask: int = 0

    def read(self, body: Body, flags: int) -> bytes:  # noqa: ARG002 - no part of it is a flag
        """Return the compressed key."""
        return _lift(body.take(KEY_X_SIZE), odd=False)

    def write(self, value: bytes) -> tuple[int, bytes]:
        """Return the x; Malformed for an odd key."""
        kind, x = _split_key(value)
        if kind is not TailKind.KEY_EVEN:
            raise Malformed(f"{self.name} has an odd y")
        return 0, x


@dataclass(frozen=True, slots=True)
class HolderKey:
    """The x of a declared key, its parity in the tail bits; zeros where none is declared."""

    name: str
    mask: int = TAIL_MASK

    def read(self, body: Body, flags: int) -> bytes | None:
        """Return the compressed key, or None."""
        kind, x = _tail_kind(flags), body.take(KEY_X_SIZE)
        match kind:
            case TailKind.NONE if x == NO_KEY:
                return None
            case TailKind.KEY_EVEN | TailKind.KEY_ODD:
                return _lift(x, odd=kind is TailKind.KEY_ODD)
            case _:
                raise Malformed(f"tail kind {kind} does not fit the key field")

    def write(self, value: bytes | None) -> tuple[int, bytes]:
        """Return the tail bits and the x."""
        kind, x = (TailKind.NONE, NO_KEY) if value is None else _split_key(value)
        return kind << TAIL_SHIFT, x


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of an ISSUE: nothing, a text of 1 to `most` bytes, or a holder key."""

    name: str
    most: int
    mask: int = TAIL_MASK

    def read(self, body: Body, flags: int) -> str | bytes | None:
        """Return the text, the compressed key, or None."""
        kind = _tail_kind(flags)
        match kind:
            case TailKind.NONE:
                return None
            case TailKind.TEXT:
                data = _at_most(body.rest(), self.most, self.name)
                if not data:
                    raise Malformed("text tail is empty")
                return decode_text(data, self.name)
            case TailKind.KEY_EVEN | TailKind.KEY_ODD:
                return _lift(body.take(KEY_X_SIZE), odd=kind is TailKind.KEY_ODD)

    def write(self, value: str | bytes | None) -> tuple[int, bytes]:
        """Return the tail bits and bytes."""
        if value is None:
            return 0, b""
        if isinstance(value, bytes):
            kind, x = _split_key(value)
            return kind << TAIL_SHIFT, x
        text = _at_most(encode_text(value, self.name), self.most, self.name)
        return TailKind.TEXT << TAIL_SHIFT, text


def decode_text(data: bytes, name: str) -> str:
    """Return the text of a field whose padding is gone; Malformed where it breaks section 2."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed(f"{name} is not UTF-8") from None
    if text != text.strip(" "):
        raise Malformed(f"{name} begins or ends with a space")
    if not unicodedata.is_normalized("NFC", text):
        raise Malformed(f"{name} is not in NFC")
    if any(unicodedata.category(char) == "Cc" for char in text):
        raise Malformed(f"{name} has a control character")
    # Tables grow with every version of Unicode, and so would what is NFC: all observers go by 3.2.
    if any(unicodedata.ucd_3_2_0.category(char) == "Cn" for char in text):
        raise Malformed(f"{name} has a character that Unicode 3.2 does not assign")
    if not _BIDI_OVERRIDES.isdisjoint(text):
        raise Malformed(f"{name} has a bidirectional override")
    return text


def encode_text(text: str, name: str) -> bytes:
    """Return the UTF-8 bytes of a text; Malformed where it breaks section 2."""
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError:
        raise Malformed(f"{name} has a lone surrogate") from None
    decode_text(data, name)
    return data


def _member(members: type[IntEnum], value: int, name: str) -> IntEnum:
    try:
        return members(value)
    except ValueError:
        raise Malformed(f"{name} {value} is unknown") from None


def _at_most(data: bytes, most: int, name: str) -> bytes:
    if len(data) > most:
        raise Malformed(f"{name} of {len(data)} bytes, at most {most}")
    return data


def _tail_kind(flags: int) -> TailKind:
    return TailKind((flags & TAIL_MASK) >> TAIL_SHIFT)


def _lift(x: bytes, *, odd: bool) -> bytes:
    try:
        return lift_x(x, odd)
    except DecodeError:
        raise Malformed("x of the key is not on the curve") from None


def _split_key(key: bytes) -> tuple[TailKind, bytes]:
    if len(key) != KEY_X_SIZE + 1 or key[0] not in (2, 3):
        raise Malformed("key is not a compressed public key")
    return (TailKind.KEY_ODD if key[0] == 3 else TailKind.KEY_EVEN), key[1:]
