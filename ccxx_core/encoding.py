"""Reading and writing the wire format by offsets over one ``bytes``.

Readers take ``(data, offset)`` and return ``(value, next offset)``: no stream objects, because a
block holds tens of thousands of fields and each object would cost more than its field.
"""

from ccxx_core.errors import DecodeError

# Protocol limit of any length prefix (MAX_SIZE in the reference): larger ones are never serialised.
MAX_SIZE = 0x02000000


def read_slice(data: bytes, offset: int, length: int) -> tuple[bytes, int]:
    """Read ``length`` bytes; raises DecodeError if fewer are left."""
    end = offset + length
    if end > len(data):
        raise DecodeError(f"truncated: {len(data) - offset} bytes left, need {length}")
    return data[offset:end], end


def read_compact_size(data: bytes, offset: int) -> tuple[int, int]:
    """Read a CompactSize integer, which must be in its shortest form and at most 32 MiB.

    Raises DecodeError if it is truncated, too long for its value, or over the limit.
    """
    try:
        first = data[offset]
    except IndexError:
        raise DecodeError("truncated: no bytes left, need a length") from None
    if first < 253:
        return first, offset + 1
    width, least = {253: (2, 253), 254: (4, 0x10000), 255: (8, 0x100000000)}[first]
    raw, end = read_slice(data, offset + 1, width)
    value = int.from_bytes(raw, "little")
    if value < least:
        raise DecodeError("length is not in its shortest form")
    if value > MAX_SIZE:
        raise DecodeError(f"length {value} is over the limit {MAX_SIZE}")
    return value, end


def read_bytes(data: bytes, offset: int) -> tuple[bytes, int]:
    """Read bytes that stand behind their CompactSize length."""
    length, offset = read_compact_size(data, offset)
    return read_slice(data, offset, length)


_SHORT = [bytes([length]) for length in range(253)]


def encode_compact_size(value: int) -> bytes:
    """Write an integer from 0 to 2**64 - 1 in its shortest CompactSize form."""
    if value < 253:
        return value.to_bytes(1, "little")
    if value < 0x10000:
        return b"\xfd" + value.to_bytes(2, "little")
    if value < 0x100000000:
        return b"\xfe" + value.to_bytes(4, "little")
    return b"\xff" + value.to_bytes(8, "little")


def encode_bytes(value: bytes) -> bytes:
    """Write bytes behind their CompactSize length."""
    length = len(value)
    # Nearly everything is short: one look into a table instead of a call.
    return (_SHORT[length] if length < 253 else encode_compact_size(length)) + value
