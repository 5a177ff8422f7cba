"""Bech32 (BIP 173) and bech32m (BIP 350): text of five-bit groups with a checksum."""

from collections.abc import Iterable
from enum import IntEnum

from ccxx_core.errors import DecodeError

CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_VALUES = {character: value for value, character in enumerate(CHARSET)}
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def _feedback(top: int) -> int:
    check = 0
    for bit, generator in enumerate(_GENERATOR):
        if top >> bit & 1:
            check ^= generator
    return check


# What each value of the five bits that leave the checksum does to it: indexers ask for millions.
_FEEDBACK = tuple(map(_feedback, range(32)))
MAX_LENGTH = 90


class Encoding(IntEnum):
    """The constant that the checksum ends in, which tells the two encodings apart."""

    BECH32 = 1
    BECH32M = 0x2BC830A3


def _polymod(values: Iterable[int]) -> int:
    check = 1
    for value in values:
        check = (check & 0x1FFFFFF) << 5 ^ value ^ _FEEDBACK[check >> 25]
    return check


def _expand(hrp: str) -> list[int]:
    return [ord(c) >> 5 for c in hrp] + [0] + [ord(c) & 31 for c in hrp]


def encode_bech32(hrp: str, groups: Iterable[int], encoding: Encoding) -> str:
    """Write five-bit groups behind a human-readable part."""
    data = list(groups)
    check = _polymod([*_expand(hrp), *data, 0, 0, 0, 0, 0, 0]) ^ encoding
    data += [check >> 5 * (5 - i) & 31 for i in range(6)]
    return hrp + "1" + "".join(CHARSET[value] for value in data)


def decode_bech32(text: str) -> tuple[str, list[int], Encoding]:
    """Read (human-readable part, five-bit groups, encoding); raises DecodeError."""
    if len(text) > MAX_LENGTH or any(not 33 <= ord(c) <= 126 for c in text):
        raise DecodeError("bech32 text is too long or has a foreign character")
    if text.lower() != text and text.upper() != text:
        raise DecodeError("bech32 text mixes upper and lower case")
    hrp, separator, tail = text.lower().rpartition("1")
    if not separator or not hrp or len(tail) < 6:
        raise DecodeError("bech32 text is too short")
    if any(c not in _VALUES for c in tail):
        raise DecodeError("bech32 text has a foreign character")
    data = [_VALUES[c] for c in tail]
    check = _polymod(_expand(hrp) + data)
    try:
        encoding = Encoding(check)
    except ValueError:
        raise DecodeError("checksum does not match, a character is mistyped") from None
    return hrp, data[:-6], encoding


def regroup_bits(values: Iterable[int], width: int, new_width: int, pad: bool) -> list[int]:
    """Convert groups of ``width`` bits to groups of ``new_width`` bits.

    With ``pad`` the last group is filled with zeros; without, left-over bits must be fewer than
    a group and zero, else DecodeError.
    """
    buffer, bits, out = 0, 0, []
    for value in values:
        buffer = (buffer << width | value) & 0xFFFFFF
        bits += width
        while bits >= new_width:
            bits -= new_width
            out.append(buffer >> bits & (1 << new_width) - 1)
    if pad and bits:
        out.append(buffer << new_width - bits & (1 << new_width) - 1)
    elif not pad and (bits >= width or buffer & (1 << bits) - 1):
        raise DecodeError("bech32 text has bits left over")
    return out
