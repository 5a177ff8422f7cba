"""Signed messages prove the holder of an address."""

from base64 import b64decode, b64encode

import ecdsa
import pytest

from ccxx_core.address import encode_address
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import hash160, sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.message import sign_message, verify_message
from ccxx_core.network import MAIN, REGTEST
from ccxx_core.script import p2pkh_script, p2wpkh_script

KEY = PrivateKey(sha256(b"key"))
ADDRESS = encode_address(p2pkh_script(hash160(KEY.public_key)), REGTEST) or ""
TEXT = "I hold certificate 7: \u0417\u0434\u0440\u0430\u0432\u043e, \u4f60\u597d"
SIGNATURE = sign_message(KEY, TEXT)


def test_signed_message_verifies_for_its_address_and_text_only() -> None:
    other = encode_address(p2pkh_script(bytes(20)), REGTEST)
    assert other is not None

    assert verify_message(ADDRESS, SIGNATURE, TEXT, REGTEST)
    assert not verify_message(ADDRESS, SIGNATURE, TEXT + " ", REGTEST)
    assert not verify_message(other, SIGNATURE, TEXT, REGTEST)


@pytest.mark.parametrize("signature", ["", "AAAA", "A" * 88, SIGNATURE[:-4], SIGNATURE + SIGNATURE])
def test_other_base64_is_no_signature(signature: str) -> None:
    try:
        assert not verify_message(ADDRESS, signature, TEXT, REGTEST)
    except DecodeError:
        assert signature == SIGNATURE + SIGNATURE


@pytest.mark.parametrize("signature", ["###", "A", "\u00e9", " "])
def test_text_that_is_no_base64_is_refused(signature: str) -> None:
    with pytest.raises(DecodeError):
        verify_message(ADDRESS, signature, TEXT, REGTEST)


def test_text_with_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(DecodeError):
        sign_message(KEY, "\ud800")
    with pytest.raises(DecodeError):
        verify_message(ADDRESS, SIGNATURE, "\ud800", REGTEST)


def test_address_without_a_plain_key_is_refused() -> None:
    segwit = encode_address(p2wpkh_script(hash160(KEY.public_key)), REGTEST)
    assert segwit is not None

    with pytest.raises(DecodeError, match="does not refer to a key"):
        verify_message(segwit, SIGNATURE, TEXT, REGTEST)
    with pytest.raises(DecodeError):
        verify_message(ADDRESS, SIGNATURE, TEXT, MAIN)


def test_old_key_in_its_long_form_is_recognised() -> None:
    point = ecdsa.VerifyingKey.from_string(KEY.public_key, curve=ecdsa.SECP256k1)
    long_form = p2pkh_script(hash160(point.to_string("uncompressed")))
    address = encode_address(long_form, REGTEST)
    raw = b64decode(SIGNATURE)
    old = b64encode(bytes([raw[0] - 4]) + raw[1:]).decode()
    assert address is not None

    assert verify_message(address, old, TEXT, REGTEST)
    assert not verify_message(address, SIGNATURE, TEXT, REGTEST)
    assert not verify_message(ADDRESS, old, TEXT, REGTEST)
