"""Numbers and truth on the script stack: little-endian, the last byte's top bit is the sign."""

from ccxx_node.consensus.script_failure import ScriptError, ScriptFailure

MAX_NUMBER_BYTES = 4
# Lock times need 33 bits (BIP 65, BIP 112).
MAX_LOCKTIME_BYTES = 5


def decode_number(item: bytes, minimal: bool, max_size: int = MAX_NUMBER_BYTES) -> int:
    """Read a stack item as a number; UNKNOWN_ERROR if too long or, with ``minimal``, padded."""
    size = len(item)
    if size > max_size:
        raise ScriptError(ScriptFailure.UNKNOWN_ERROR)
    if size == 0:
        return 0
    last = item[-1]
    # A last byte without value is only there for the sign bit that the byte before it needs.
    if minimal and not last & 0x7F and (size == 1 or not item[-2] & 0x80):
        raise ScriptError(ScriptFailure.UNKNOWN_ERROR)
    if last & 0x80:
        return -(int.from_bytes(item, "little") ^ 0x80 << 8 * (size - 1))
    return int.from_bytes(item, "little")


def encode_number(value: int) -> bytes:
    """Write a number in its shortest form; zero is the empty item."""
    if value == 0:
        return b""
    magnitude = abs(value)
    size = magnitude.bit_length() // 8 + 1
    if value < 0:
        magnitude |= 0x80 << 8 * (size - 1)
    return magnitude.to_bytes(size, "little")


def is_true(item: bytes) -> bool:
    """Tell whether an item counts as true: any bit set, except the sign of a negative zero."""
    if not item:
        return False
    return item[-1] not in (0, 0x80) or any(item[:-1])
