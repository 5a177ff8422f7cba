"""The wire format's integers and lengths."""

import pytest

from ccxx_core.encoding import (
    MAX_SIZE,
    encode_bytes,
    encode_compact_size,
    read_bytes,
    read_compact_size,
    read_slice,
)
from ccxx_core.errors import DecodeError


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (0, "00"),
        (252, "fc"),
        (253, "fdfd00"),
        (0xFFFF, "fdffff"),
        (0x10000, "fe00000100"),
        (MAX_SIZE, "fe00000002"),
    ],
)
def test_compact_size_has_one_form(value: int, encoded: str) -> None:
    data = bytes.fromhex(encoded)

    assert encode_compact_size(value) == data
    assert read_compact_size(b"\xaa" + data, 1) == (value, 1 + len(data))


@pytest.mark.parametrize(
    "encoded",
    [
        "",
        "fd",
        "fdfc",
        "fdfc00",
        "fe",
        "feffff0000",
        "feffffff",
        "ffffffffff00000000",
        "fe01000002",
        "ffffffffffffffffff",
    ],
)
def test_truncated_long_winded_and_huge_lengths_are_refused(encoded: str) -> None:
    with pytest.raises(DecodeError):
        read_compact_size(bytes.fromhex(encoded), 0)


def test_largest_integer_is_written_in_nine_bytes() -> None:
    assert encode_compact_size(2**64 - 1) == b"\xff" * 9


def test_bytes_stand_behind_their_length() -> None:
    assert encode_bytes(b"abc") == b"\x03abc"
    assert read_bytes(b"\x03abcd", 0) == (b"abc", 4)


def test_slice_beyond_the_end_is_refused() -> None:
    with pytest.raises(DecodeError):
        read_slice(b"abc", 1, 3)
