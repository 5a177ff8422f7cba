"""Hash functions give known digests; ids are printed reversed."""

import hashlib

import pytest
from embit.util.py_ripemd160 import ripemd160 as embit_ripemd160

from ccxx_core.errors import DecodeError
from ccxx_core.hashes import (
    format_hash,
    hash160,
    parse_block_hash,
    parse_txid,
    ripemd160,
    scrypt_hash,
    sha256,
    sha256d,
)

ID = bytes(range(32))


def test_digests_are_those_of_the_standards() -> None:
    assert ripemd160(b"abc").hex() == "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc"
    assert embit_ripemd160(b"abc") == ripemd160(b"abc")
    assert sha256d(b"abc") == sha256(sha256(b"abc"))
    assert hash160(b"abc") == ripemd160(sha256(b"abc"))


def test_scrypt_agrees_with_the_standard_library() -> None:
    header = bytes(80)

    assert scrypt_hash(header) == hashlib.scrypt(header, salt=header, n=1024, r=1, p=1, dklen=32)


def test_ids_are_read_as_they_are_printed() -> None:
    text = format_hash(ID)

    assert text.startswith("1f1e1d")
    assert parse_txid(text) == parse_block_hash(text.upper()) == ID


@pytest.mark.parametrize("text", ["", "00", "zz" * 32, "0" * 63, "0" * 65, " " * 64, "\u0660" * 64])
def test_other_text_is_no_id(text: str) -> None:
    with pytest.raises(DecodeError):
        parse_txid(text)
