"""Base58 agrees with the reference's cases."""

import json
from pathlib import Path

import pytest

from ccxx_core.base58 import (
    decode_base58,
    decode_base58check,
    encode_base58,
    encode_base58check,
)
from ccxx_core.errors import DecodeError


def test_reference_cases_convert_both_ways(vectors: Path) -> None:
    cases = json.loads((vectors / "core" / "base58_encode_decode.json").read_text())

    for encoded, text in cases:
        assert encode_base58(bytes.fromhex(encoded)) == text
        assert decode_base58(text) == bytes.fromhex(encoded)
    assert len(cases) == 14


def test_payload_comes_back_behind_its_check() -> None:
    text = encode_base58check(b"\0\0payload")

    assert text.startswith("11")
    assert decode_base58check(text) == b"\0\0payload"


@pytest.mark.parametrize("text", ["", "1", "0", "O", "I", "l", "\u00e9", " ", "1" * 401])
def test_foreign_short_and_endless_text_is_refused(text: str) -> None:
    with pytest.raises(DecodeError):
        decode_base58check(text)


def test_one_mistyped_character_is_noticed() -> None:
    text = encode_base58check(b"\x89" + bytes(20))
    mistyped = text[:5] + ("2" if text[5] != "2" else "3") + text[6:]

    with pytest.raises(DecodeError):
        decode_base58check(mistyped)
