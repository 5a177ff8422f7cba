"""Keys and signatures."""

import ecdsa
import pytest
from ecdsa.util import sigdecode_der, sigencode_der

from ccxx_core.base58 import encode_base58check
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import sha256
from ccxx_core.keys import (
    ORDER,
    PrivateKey,
    is_canonical_signature,
    is_valid_public_key,
    lift_x,
    make_verifier,
    recover_public_key,
    verify_signature,
)
from ccxx_core.network import MAIN, REGTEST

KEY = PrivateKey(sha256(b"key"))
DIGEST = sha256(b"message")


def der(r: int, s: int) -> bytes:
    """Encode a signature strictly."""
    return sigencode_der(r, s, ORDER)


def numbers(signature: bytes) -> tuple[int, int]:
    """Decode a strict signature."""
    r, s = sigdecode_der(signature, ORDER)
    return int(r), int(s)


@pytest.mark.parametrize("number", range(20))
def test_signatures_are_deterministic_low_and_good_for_ecdsa(number: int) -> None:
    digest = sha256(bytes([number]))
    point = ecdsa.VerifyingKey.from_string(KEY.public_key, curve=ecdsa.SECP256k1)

    signature = KEY.sign(digest)

    assert signature == PrivateKey(KEY.secret).sign(digest)
    assert numbers(signature)[1] <= ORDER // 2
    assert point.verify_digest(signature, digest, sigdecode=sigdecode_der)
    assert verify_signature(KEY.public_key, signature, digest)


def test_signature_of_ecdsa_verifies() -> None:
    signer = ecdsa.SigningKey.from_string(KEY.secret, curve=ecdsa.SECP256k1)

    signature = signer.sign_digest_deterministic(DIGEST, sigencode=sigencode_der)

    assert verify_signature(KEY.public_key, signature, DIGEST)


def test_high_s_is_valid_for_consensus() -> None:
    r, s = numbers(KEY.sign(DIGEST))

    assert verify_signature(KEY.public_key, der(r, ORDER - s), DIGEST)


def test_lax_encodings_are_valid_for_consensus() -> None:
    r, s = numbers(KEY.sign(DIGEST))
    big_r, big_s = r.to_bytes(33, "big"), (ORDER - s).to_bytes(32, "big")
    # Padding, a number without its sign byte, lengths in long form, bytes behind.
    lax = b"\x30\x82\xff\xff\x02\x81\x21" + big_r + b"\x02\x20" + big_s + b"rest"

    assert verify_signature(KEY.public_key, lax, DIGEST)


def test_only_strict_low_signatures_are_canonical() -> None:
    signature = KEY.sign(DIGEST)
    r, s = numbers(signature)
    padded = b"\x30\x81" + signature[1:]

    assert is_canonical_signature(signature)
    assert not is_canonical_signature(der(r, ORDER - s))
    assert verify_signature(KEY.public_key, padded, DIGEST) and not is_canonical_signature(padded)
    assert not is_canonical_signature(signature + b"\0")
    assert not is_canonical_signature(b"")


@pytest.mark.parametrize("public_key_form", ["uncompressed", "hybrid"])
def test_other_forms_of_the_key_verify(public_key_form: str) -> None:
    point = ecdsa.VerifyingKey.from_string(KEY.public_key, curve=ecdsa.SECP256k1)
    public_key = point.to_string(public_key_form)

    assert is_valid_public_key(public_key)
    assert verify_signature(public_key, KEY.sign(DIGEST), DIGEST)


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        b"\x30",
        b"\x30\x06\x02\x01\x01\x02\x01",
        b"\x30\x80",
        b"\x30\x06\x02\x01\x00\x02\x01\x00",
        b"\x30\x06\x03\x01\x01\x02\x01\x01",
        b"\x30\x46\x02\x21" + b"\xff" * 33 + b"\x02\x21" + b"\xff" * 33,
        b"\x30\x84\xff\xff\xff\xff\x02\x84\xff\xff\xff\xff",
        b"\xff" * 72,
    ],
)
def test_other_bytes_are_no_signature(signature: bytes) -> None:
    assert not verify_signature(KEY.public_key, signature, DIGEST)


def test_signature_of_another_digest_or_key_does_not_verify() -> None:
    signature = KEY.sign(DIGEST)

    assert not verify_signature(KEY.public_key, signature, sha256(b"other"))
    assert not verify_signature(PrivateKey(sha256(b"other")).public_key, signature, DIGEST)
    assert not verify_signature(b"\x02" + b"\xff" * 32, signature, DIGEST)


def test_verifier_answers_alike_however_often_it_meets_a_key() -> None:
    other = PrivateKey(sha256(b"other key"))
    verify = make_verifier()

    for _ in range(3):
        assert verify(KEY.public_key, KEY.sign(DIGEST), DIGEST)
        assert not verify(other.public_key, KEY.sign(DIGEST), DIGEST)
        assert not verify(b"\2" + bytes(32), KEY.sign(DIGEST), DIGEST)
        assert not verify(KEY.public_key, b"no signature", DIGEST)
        assert verify(other.public_key, other.sign(DIGEST), DIGEST)


@pytest.mark.parametrize(
    "secret", [b"", bytes(32), bytes(31) + b"", ORDER.to_bytes(32, "big"), b"\xff" * 32, bytes(33)]
)
def test_numbers_outside_the_group_are_no_private_key(secret: bytes) -> None:
    with pytest.raises(DecodeError):
        PrivateKey(secret)


def test_private_key_does_not_print_itself() -> None:
    assert KEY.secret.hex() not in repr(KEY)
    assert KEY.public_key.hex() in repr(KEY)


def test_wallet_import_format_comes_back_on_its_network_only() -> None:
    text = KEY.to_wif(REGTEST)

    assert PrivateKey.from_wif(text, REGTEST).secret == KEY.secret
    with pytest.raises(DecodeError) as error:
        PrivateKey.from_wif(text, MAIN)
    assert text not in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cQkWE53CVkUicc4nZu3uaRQTCTNBRn32LiXnKh6uh7u5cH3AaBd2",
        encode_base58check(b"\xef" + bytes(32) + b"\x01"),
        encode_base58check(b"\xef" + b"\x01" * 32),
        encode_base58check(b"\xef" + b"\x01" * 32 + b"\x02"),
        encode_base58check(b"\xef"),
    ],
)
def test_malformed_wallet_import_format_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(DecodeError) as error:
        PrivateKey.from_wif(text, REGTEST)

    assert not text or text not in str(error.value)


def test_key_is_recovered_from_its_signature() -> None:
    signature = KEY.sign_recoverable(DIGEST)

    assert recover_public_key(signature, DIGEST) == KEY.public_key
    assert recover_public_key(signature, sha256(b"other")) != KEY.public_key


@pytest.mark.parametrize(
    "signature", [b"", bytes(65), b"\xff" * 65, b"\1" * 64 + b"\4", b"\1" * 66]
)
def test_nothing_is_recovered_from_other_bytes(signature: bytes) -> None:
    with pytest.raises(DecodeError):
        recover_public_key(signature, DIGEST)


def test_x_coordinate_is_lifted_to_the_parity_asked_for() -> None:
    x, odd = KEY.public_key[1:], KEY.public_key[0] == 3

    assert lift_x(x, odd) == KEY.public_key
    assert lift_x(x, not odd) != KEY.public_key


@pytest.mark.parametrize("x", [b"", bytes(32), b"\xff" * 32, bytes(31) + b"\x05", bytes(33)])
def test_numbers_off_the_curve_are_not_lifted(x: bytes) -> None:
    with pytest.raises(DecodeError):
        lift_x(x, odd=False)
