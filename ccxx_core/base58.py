"""Base58 with the four-byte check of old addresses and keys."""

from ccxx_core.errors import DecodeError
from ccxx_core.hashes import sha256d

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VALUES = {character: value for value, character in enumerate(ALPHABET)}
# Far longer than any address or extended key; the conversion is quadratic in the length.
MAX_LENGTH = 400


def encode_base58(data: bytes) -> str:
    """Write bytes in base 58; each leading zero byte becomes a ``1``."""
    number = int.from_bytes(data, "big")
    digits = []
    while number:
        number, digit = divmod(number, 58)
        digits.append(ALPHABET[digit])
    zeros = len(data) - len(data.lstrip(b"\0"))
    return "1" * zeros + "".join(reversed(digits))


def decode_base58(text: str) -> bytes:
    """Read base 58 text; raises DecodeError for a foreign character or more than 400 of them."""
    if len(text) > MAX_LENGTH:
        raise DecodeError(f"base58 text of {len(text)} characters, at most {MAX_LENGTH}")
    number = 0
    for character in text:
        if character not in _VALUES:
            raise DecodeError(f"{character!r} is not a base58 character")
        number = number * 58 + _VALUES[character]
    zeros = len(text) - len(text.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")


def encode_base58check(payload: bytes) -> str:
    """Write a payload (its version byte first) with its four check bytes."""
    return encode_base58(payload + sha256d(payload)[:4])


def decode_base58check(text: str) -> bytes:
    """Read a payload and test its check bytes; raises DecodeError."""
    data = decode_base58(text)
    if len(data) < 5:
        raise DecodeError("base58 text is too short")
    payload, check = data[:-4], data[-4:]
    if sha256d(payload)[:4] != check:
        raise DecodeError("checksum does not match, a character is mistyped")
    return payload
