"""Bech32 and bech32m, with the cases of BIP 173 and BIP 350."""

import pytest

from ccxx_core.bech32 import Encoding, decode_bech32, encode_bech32, regroup_bits
from ccxx_core.errors import DecodeError

VALID = [
    ("A12UEL5L", Encoding.BECH32),
    (
        "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
        Encoding.BECH32,
    ),
    ("abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw", Encoding.BECH32),
    (
        "11qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqc8247j",
        Encoding.BECH32,
    ),
    ("A1LQFN3A", Encoding.BECH32M),
    ("abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx", Encoding.BECH32M),
    ("?1v759aa", Encoding.BECH32M),
]
INVALID = [
    "\x201nwldj5",
    "\x7f1axkwrx",
    "\x801eym55h",
    "pzry9x0s0muk",
    "1pzry9x0s0muk",
    "x1b4n0q5v",
    "li1dgmt3",
    "de1lg7wt\xff",
    "A1G7SGD8",
    "10a06t8",
    "1qzzfhee",
    "a12UEL5L",
    "",
    "1",
    "q" * 91,
]  # fmt: skip


@pytest.mark.parametrize(("text", "encoding"), VALID)
def test_published_texts_come_back(text: str, encoding: Encoding) -> None:
    hrp, groups, found = decode_bech32(text)

    assert found is encoding
    assert encode_bech32(hrp, groups, encoding) == text.lower()


@pytest.mark.parametrize("text", INVALID)
def test_published_mistakes_are_refused(text: str) -> None:
    with pytest.raises(DecodeError):
        decode_bech32(text)


def test_bits_left_over_must_be_zero_and_fewer_than_a_group() -> None:
    assert regroup_bits(regroup_bits(b"\xff\x01", 8, 5, pad=True), 5, 8, pad=False) == [255, 1]
    with pytest.raises(DecodeError):
        regroup_bits([31, 31], 5, 8, pad=False)
    with pytest.raises(DecodeError):
        regroup_bits([0], 5, 8, pad=False)
