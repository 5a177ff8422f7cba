"""Labels in BIP 329's form: both ways, for what they may be about, and with hostile lines."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccxx_core.network import MAIN, REGTEST
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.labels import (
    LONGEST,
    Kind,
    Label,
    check_text,
    decode_labels,
    encode_labels,
    guess_kind,
    normal_ref,
)

ADDRESS = "rccx1q6rz28mcfaxtmd6v789l9rrlrusdprr9ppk3hdz"
TXID = "ab" * 32
KEY = "02" + "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"


@pytest.mark.parametrize(
    ("ref", "kind"),
    [
        (TXID, Kind.TX),
        (f"{TXID}:7", Kind.OUTPUT),
        (KEY, Kind.PUBKEY),
        (ADDRESS, Kind.ADDRESS),
        ("tpub" + "D" * 107, Kind.XPUB),
    ],
)
def test_the_form_of_a_reference_says_what_it_is(ref: str, kind: Kind) -> None:
    assert guess_kind(ref) is kind


def test_a_reference_has_one_spelling() -> None:
    assert normal_ref(Kind.TX, TXID.upper(), REGTEST) == TXID
    assert normal_ref(Kind.PUBKEY, KEY.upper(), REGTEST) == KEY
    assert normal_ref(Kind.ADDRESS, ADDRESS.upper(), REGTEST) == ADDRESS


@pytest.mark.parametrize(
    ("kind", "ref"),
    [
        (Kind.TX, "rent"),
        (Kind.OUTPUT, TXID),
        (Kind.PUBKEY, "02"),
        (Kind.ADDRESS, "rccx1qqqq"),
        (Kind.XPUB, "xpub"),
    ],
)
def test_what_is_none_cannot_be_labelled(kind: Kind, ref: str) -> None:
    with pytest.raises(WalletError) as error:
        normal_ref(kind, ref, REGTEST)

    assert error.value.refusal is Refusal.BAD_LABEL


def test_an_address_of_another_network_cannot_be_labelled() -> None:
    with pytest.raises(WalletError):
        normal_ref(Kind.ADDRESS, ADDRESS, MAIN)


@pytest.mark.parametrize("text", ["\x1b[2Jnothing to see", "two\nlines", "x" * (LONGEST + 1)])
def test_words_that_a_terminal_would_obey_are_refused(text: str) -> None:
    with pytest.raises(WalletError) as error:
        check_text(text)

    assert error.value.refusal is Refusal.BAD_LABEL


def test_labels_come_back_as_they_went() -> None:
    labels = [
        Label(Kind.TX, TXID, "Miete für “Ελένη”"),
        Label(Kind.OUTPUT, f"{TXID}:0", "", spendable=False),
        Label(Kind.OUTPUT, f"{TXID}:1", "gift"),
        Label(Kind.ADDRESS, ADDRESS, "Ada"),
    ]

    back, skipped = decode_labels(encode_labels(labels), REGTEST)

    assert (back, skipped) == (labels, 0)


def test_lines_about_unknown_things_are_counted_and_left_out() -> None:
    lines = [
        {"type": "hologram", "ref": "x", "label": "?"},
        {"type": "addr", "ref": "bc1q34aq5drpuwy3wgl9lhup9892qp6svr8ldzyy7c", "label": "far"},
        {"type": "tx", "ref": TXID, "label": "kept", "origin": "wpkh([d34db33f/84'/0'/0'])"},
        {"type": "tx", "ref": TXID, "label": 7},
    ]
    data = "\n".join(map(json.dumps, lines)).encode()

    labels, skipped = decode_labels(data, REGTEST)

    assert labels == [Label(Kind.TX, TXID, "kept"), Label(Kind.TX, TXID, "")]
    assert skipped == 2


def test_imported_words_are_made_harmless() -> None:
    data = json.dumps({"type": "tx", "ref": TXID, "label": "a\x1b[2Jb" + "c" * 300}).encode()

    (label,), _ = decode_labels(data, REGTEST)

    assert label.text.startswith("a [2Jb")
    assert len(label.text) == LONGEST


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_a_file_holds_only_one_error_comes_out(data: bytes) -> None:
    try:
        decode_labels(data, REGTEST)
    except WalletError as error:
        assert error.refusal is Refusal.BAD_FILE
