"""Decoding what is written on the chain: every byte is named, and any bytes will do."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccxx_core.script import null_data_script
from ccxx_explorer.decode import decode_payload, disassemble, read_payload
from ccxx_explorer.wording import printable, printable_lines


def cases(vectors: Path, name: str, verdict: str) -> list[dict[str, Any]]:
    """Return the recorded messages of one codec."""
    found = json.loads((vectors / "messages" / f"{name}.json").read_text())[verdict]
    return list(found)


@pytest.mark.parametrize("codec", ["ccxc", "bdip", "cred"])
def test_every_byte_of_a_recorded_message_is_named(vectors: Path, codec: str) -> None:
    for verdict in ("accepted", "refused"):
        for case in cases(vectors, codec, verdict):
            decoded = decode_payload(bytes.fromhex(case["hex"]))

            assert "".join(field.hex for field in decoded.fields) == case["hex"]
            offsets = [field.offset for field in decoded.fields if field.length]
            assert offsets == sorted(set(offsets))


@pytest.mark.parametrize("codec", ["ccxc", "bdip", "cred"])
def test_accepted_message_has_no_problem_and_no_stray_bytes(vectors: Path, codec: str) -> None:
    for case in cases(vectors, codec, "accepted"):
        decoded = decode_payload(bytes.fromhex(case["hex"]))

        assert decoded.codec == codec.upper()
        assert decoded.problem is None
        assert "more" not in {field.name for field in decoded.fields}
        assert "cut short" not in {field.meaning for field in decoded.fields}


@pytest.mark.parametrize("codec", ["ccxc", "bdip", "cred"])
def test_refused_message_of_ours_has_a_problem(vectors: Path, codec: str) -> None:
    for case in cases(vectors, codec, "refused"):
        decoded = decode_payload(bytes.fromhex(case["hex"]))

        if decoded.codec is not None:
            assert decoded.problem, case["name"]


@pytest.mark.parametrize(
    ("op", "flags", "words"),
    [
        (0x30, 0x0030, "bits 4 to 5: holder key with odd y"),
        (0x10, 0x1013, "bit 0: transferable, bit 1: the issuer may revoke, bit 4: recovery"),
        (0x20, 0x0410, "bits 8 to 10: expiry kind 4"),
        (0x12, 0x0030, "bit 4: no meaning in this operation, bit 5: no meaning"),
        (0x12, 0x0000, "none set"),
        (0x99, 0x0001, "bits 0000000000000001"),
    ],
)
def test_every_set_bit_of_the_flags_is_explained(op: int, flags: int, words: str) -> None:
    payload = b"CCXC\x01" + bytes([op]) + flags.to_bytes(2) + bytes(8)

    decoded = decode_payload(payload)

    assert words in next(field.meaning for field in decoded.fields if field.name == "flags")


@given(st.binary(max_size=120))
def test_any_bytes_are_described_and_lost_nowhere(payload: bytes) -> None:
    decoded = decode_payload(payload)

    assert "".join(field.hex for field in decoded.fields) == payload.hex()


@given(st.sampled_from([b"CCXC", b"BDIP", b"CRED"]), st.binary(max_size=76))
def test_any_bytes_behind_a_magic_of_ours_are_described(magic: bytes, rest: bytes) -> None:
    decoded = decode_payload(magic + rest)

    assert "".join(field.hex for field in decoded.fields) == (magic + rest).hex()


@given(st.binary(max_size=200))
def test_any_script_can_be_shown(script: bytes) -> None:
    assert isinstance(disassemble(script), str)
    read_payload(b"\x6a" + script)


@given(st.text())
def test_printable_text_has_no_character_that_hides_or_reorders(text: str) -> None:
    shown = printable(text).replace("\u200c", "").replace("\u200d", "")

    assert shown.isprintable() or all(char.isprintable() or char.isspace() for char in shown)
    assert not set(shown) & set("\u202e\u2066\u200f\x00\n\r")


@pytest.mark.parametrize("text", ["می\u200cبینم", "بب\u200cی", "क्\u200dष", "بَ\u200cب" * 2_000])
def test_joiners_that_belong_to_the_spelling_stay(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Uni\u200cversity", "Uni<U+200C>versity"),
        ("کر\u200cب", "کر<U+200C>ب"),
        ("ب\u200c\u200cب", "ب<U+200C><U+200C>ب"),
        ("\u200cب", "<U+200C>ب"),
        ("ب\u200dب", "ب<U+200D>ب"),
        ("\x00\u200d", "<U+0000><U+200D>"),
        ("ب\u200c\u202eب", "ب\u200c<U+202E>ب"),
    ],
)
def test_joiners_that_change_nothing_visible_are_shown(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_payload_of_a_plain_message_is_its_push() -> None:
    assert read_payload(null_data_script(b"hello")) == b"hello"
    assert read_payload(b"\x51") is None


def test_lines_stay_lines_and_hide_nothing() -> None:
    shown = printable_lines("90 credits.\nAt least \u202e60\r of 100.")

    assert shown == "90 credits.\nAt least <U+202E>60<U+000D> of 100."
