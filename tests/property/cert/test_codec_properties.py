"""One meaning, one encoding, whatever bytes come."""

import json
from contextlib import suppress
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ccxx_cert.bdip import decode_pdf_message, encode_pdf_message
from ccxx_cert.codec import decode_message, encode_message
from ccxx_cert.errors import Malformed, NewerVersion, NotOurs
from ccxx_cert.fields import message_fields
from ccxx_cert.records import Op
from ccxx_core.errors import DecodeError

VECTORS = Path(__file__).parents[2] / "vectors" / "messages" / "ccxc.json"
ACCEPTED = [
    bytes.fromhex(vector["hex"]) for vector in json.loads(VECTORS.read_text("utf-8"))["accepted"]
]


def check_one_encoding(payload: bytes) -> None:
    """A payload is refused for a reason of the codec, or is the one encoding of its message."""
    try:
        message = decode_message(payload)
    except (NotOurs, Malformed, NewerVersion):
        return
    assert encode_message(message) == payload
    json.dumps(message_fields(message))


@given(st.sampled_from(ACCEPTED), st.data())
def test_any_changed_byte_is_refused_or_means_something_else(
    payload: bytes, data: st.DataObject
) -> None:
    position = data.draw(st.integers(0, len(payload) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda each: each != payload[position]))
    changed = payload[:position] + bytes([value]) + payload[position + 1 :]

    check_one_encoding(changed)

    with suppress(DecodeError):
        assert decode_message(changed) != decode_message(payload)


def test_every_changed_byte_of_every_vector_keeps_one_encoding() -> None:
    for payload in ACCEPTED:
        for position in range(len(payload)):
            for flip in (0x01, 0x20, 0x80, 0xFF):
                changed = bytearray(payload)
                changed[position] ^= flip

                check_one_encoding(bytes(changed))


@given(st.sampled_from(list(Op)), st.integers(0, 0xFFFF), st.binary(max_size=72))
def test_any_body_is_refused_or_has_one_encoding(op: Op, flags: int, body: bytes) -> None:
    check_one_encoding(b"CCXC\x01" + bytes([op]) + flags.to_bytes(2, "big") + body)


@given(st.binary(max_size=90))
def test_hostile_bytes_raise_nothing_but_the_errors_of_the_codec(payload: bytes) -> None:
    check_one_encoding(payload)


@given(
    st.sampled_from([b"BDIP", b"CRED"]),
    st.sampled_from([4, 5, 6, 8, 12, 0xFF00]),
    st.binary(max_size=72),
)
def test_any_pdf_message_is_refused_or_keeps_its_meaning(
    magic: bytes, op: int, body: bytes
) -> None:
    payload = magic + b"\x00\x01" + op.to_bytes(2, "big") + body
    try:
        dialect, message = decode_pdf_message(payload)
    except (NotOurs, Malformed, NewerVersion):
        return

    try:
        again = encode_pdf_message(dialect, message)
    except Malformed:
        # An issuer id that is not UTF-8 is read for old files, and never written.
        return

    assert decode_pdf_message(again) == (dialect, message)
