"""Reading the fields that messages consist of, and the bounds of their lists."""

from collections.abc import Callable
from dataclasses import dataclass
from struct import Struct
from typing import Any, Self, TypeVar

from ccxx_core.encoding import read_bytes, read_compact_size, read_slice
from ccxx_core.errors import DecodeError

UINT64 = Struct("<Q")
UINT32 = Struct("<I")

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class EmptyMessage:
    """A message that its command says all of."""

    def encode(self) -> bytes:
        """Write nothing."""
        return b""

    @classmethod
    def decode(cls, _payload: bytes) -> Self:
        """Read nothing, whatever came."""
        return cls()


def read_struct(form: Struct, data: bytes, offset: int) -> tuple[tuple[Any, ...], int]:
    """Read numbers of fixed width; raises DecodeError if they are truncated."""
    raw, offset = read_slice(data, offset, form.size)
    return form.unpack(raw), offset


def read_uint64(data: bytes, offset: int) -> tuple[int, int]:
    """Read 8 bytes, little-endian; raises DecodeError."""
    (value,), offset = read_struct(UINT64, data, offset)
    return value, offset


def read_list(
    read: Callable[[bytes, int], tuple[_T, int]], data: bytes, offset: int, limit: int
) -> tuple[tuple[_T, ...], int]:
    """Read a list behind its count; raises DecodeError.

    Of a longer list than ``limit`` one more is read: enough to see that it is too long, and no more
    work than the longest that is allowed.
    """
    count, offset = read_compact_size(data, offset)
    found = []
    for _ in range(min(count, limit + 1)):
        one, offset = read(data, offset)
        found.append(one)
    return tuple(found), offset


def read_hash(data: bytes, offset: int) -> tuple[bytes, int]:
    """Read 32 bytes in internal order; raises DecodeError."""
    return read_slice(data, offset, 32)


def read_text(data: bytes, offset: int, limit: int) -> tuple[str, int]:
    """Read a string of at most ``limit`` bytes, one character a byte; raises DecodeError."""
    raw, offset = read_bytes(data, offset)
    if len(raw) > limit:
        raise DecodeError(f"text of {len(raw)} bytes, at most {limit}")
    return raw.decode("latin-1"), offset
