"""Seeds, words and derived keys."""

import pytest

from ccxx_core.base58 import decode_base58check, encode_base58check
from ccxx_core.bip32 import (
    HARDENED,
    HdKey,
    format_path,
    mnemonic_to_seed,
    new_mnemonic,
    parse_path,
)
from ccxx_core.errors import DecodeError
from ccxx_core.network import MAIN, NETWORKS, REGTEST, TEST, Network

SEED = bytes(range(16))
MASTER = HdKey.from_seed(SEED, MAIN)
# Published test vector 1 of BIP 32, under Bitcoin's version bytes.
PUBLISHED = {
    "m": (
        "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFj"
        "qJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8"
    ),
    "m/0h/1/2'/2/1000000000": (
        "xpub6H1LXWLaKsWFhvm6RVpEL9P4KfRZSW7abD2ttkWP3SSQvnyA8FSVqNTEcYFgJS2"
        "UaFcxupHiYkro49S8yGasTvXEYBVPamhGW6cFJodrTHy"
    ),
}


@pytest.mark.parametrize("path", list(PUBLISHED))
def test_published_keys_are_derived(path: str) -> None:
    key = MASTER.derive(path)

    assert decode_base58check(key.xpub())[4:] == decode_base58check(PUBLISHED[path])[4:]


@pytest.mark.parametrize("network", NETWORKS.values(), ids=lambda network: network.chain)
def test_extended_keys_come_back_under_the_networks_version(network: Network) -> None:
    key = HdKey.from_seed(SEED, network).derive("m/48h/571h")

    public, private = HdKey.parse(key.xpub(), network), HdKey.parse(key.xprv(), network)

    assert decode_base58check(key.xpub())[:4] == network.bip32_public
    assert decode_base58check(key.xprv())[:4] == network.bip32_private
    assert not public.is_private and public.public_key == key.public_key
    assert private.private_key.secret == key.private_key.secret
    assert public.derive("m/1/2").xpub() == private.derive("m/1/2").xpub()
    assert public.fingerprint == key.fingerprint


def test_private_key_makes_the_public_key() -> None:
    key = MASTER.derive("m/0")

    assert key.private_key.public_key == key.public_key
    assert key.private_key.secret.hex() not in repr(key)


def test_public_key_cannot_follow_a_hardened_path_or_give_a_private_key() -> None:
    public = HdKey.parse(MASTER.xpub(), MAIN)

    with pytest.raises(DecodeError):
        public.derive("m/0h")
    with pytest.raises(DecodeError):
        _ = public.private_key
    with pytest.raises(DecodeError):
        public.xprv()


def test_extended_key_of_another_network_is_refused() -> None:
    assert HdKey.parse(HdKey.from_seed(SEED, TEST).xpub(), REGTEST).network is REGTEST
    with pytest.raises(DecodeError, match="another network"):
        HdKey.parse(MASTER.xpub(), REGTEST)


@pytest.mark.parametrize(
    ("offset", "value"),
    [
        pytest.param(4, b"", id="short"),
        pytest.param(0, bytes(4), id="unknown version"),
        pytest.param(5, b"\1", id="master with a parent"),
        pytest.param(12, b"\1", id="master with a number"),
        pytest.param(45, b"\4", id="no compressed key"),
        pytest.param(46, b"\xff" * 32, id="off the curve"),
    ],
)
def test_malformed_extended_key_is_refused(offset: int, value: bytes) -> None:
    payload = decode_base58check(MASTER.xpub())
    altered = payload[:offset] + value + payload[offset + len(value) :] if value else payload[:-1]

    with pytest.raises(DecodeError):
        HdKey.parse(encode_base58check(altered), MAIN)


@pytest.mark.parametrize("key", [b"\1" + b"\1" * 32, bytes(33), b"\0" + b"\xff" * 32])
def test_extended_key_without_a_private_key_is_refused(key: bytes) -> None:
    payload = decode_base58check(MASTER.xprv())[:45] + key

    with pytest.raises(DecodeError):
        HdKey.parse(encode_base58check(payload), MAIN)


def test_paths_are_read_and_printed() -> None:
    numbers = (48 + HARDENED, 571 + HARDENED, 0, 2147483647)

    assert parse_path("m/48h/571'/0/2147483647") == numbers
    assert format_path(numbers) == "m/48h/571h/0/2147483647"
    assert parse_path("m") == () and format_path(()) == "m"


@pytest.mark.parametrize(
    "path",
    ["", "0/1", "m/", "m//1", "m/x", "m/-1", "m/1hh", "m/h", "m/2147483648", "m/\u0661", "M/1",
     "m/" + "9" * 100, "m/1 ", "m/1h'"],
)  # fmt: skip
def test_other_text_is_no_path(path: str) -> None:
    with pytest.raises(DecodeError):
        MASTER.derive(path)


def test_no_key_is_deeper_than_its_depth_byte() -> None:
    with pytest.raises(DecodeError):
        MASTER.derive("m" + "/0" * 256)


def test_published_words_give_their_seed() -> None:
    words = "abandon " * 11 + "about"

    assert new_mnemonic(bytes(16)) == words
    assert mnemonic_to_seed(words, "TREZOR").hex() == (
        "c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e5349553"
        "1f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04"
    )


def test_spelling_of_words_and_passphrase_does_not_matter() -> None:
    words = "abandon " * 11 + "about"

    assert mnemonic_to_seed("  " + words.upper() + "\n") == mnemonic_to_seed(words)
    assert mnemonic_to_seed(words, "\u00e9") == mnemonic_to_seed(words, "e\u0301")


@pytest.mark.parametrize("length", [16, 20, 24, 28, 32])
def test_every_length_of_entropy_gives_words(length: int) -> None:
    words = new_mnemonic(bytes(range(length)))

    assert len(words.split()) == length * 3 // 4
    assert len(mnemonic_to_seed(words)) == 64


@pytest.mark.parametrize(
    "words", ["", "abandon", "abandon " * 12, "zzz " * 12, "abandon " * 13, "\u0661 " * 12]
)
def test_wrong_words_are_refused(words: str) -> None:
    with pytest.raises(DecodeError):
        mnemonic_to_seed(words)


@pytest.mark.parametrize("length", [0, 15, 17, 64])
def test_other_lengths_of_entropy_are_our_mistake(length: int) -> None:
    with pytest.raises(ValueError):
        new_mnemonic(bytes(length))
