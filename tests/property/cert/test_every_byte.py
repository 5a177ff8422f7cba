"""No byte of a message may change, come or go without changing what it says, or that it says it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccxx_cert.codec import decode_message, encode_message
from ccxx_cert.errors import Malformed, NewerVersion, NotOurs
from ccxx_cert.records import Message

FOLDER = Path(__file__).parents[2] / "vectors" / "messages"
ACCEPTED = {
    f"{name}: {vector['name']}": bytes.fromhex(vector["hex"])
    for name in ("ccxc", "ccxc-edges")
    for vector in json.loads((FOLDER / f"{name}.json").read_text("utf-8"))["accepted"]
}


def meaning_of(payload: bytes) -> Message | None:
    """Return what a payload says, None where it is refused as the codec refuses."""
    try:
        message = decode_message(payload)
    except (NotOurs, Malformed, NewerVersion):
        return None
    assert encode_message(message) == payload
    return message


def changed(payload: bytes) -> Iterator[bytes]:
    """Every payload that differs in one byte."""
    for position, old in enumerate(payload):
        for new in range(256):
            if new != old:
                yield payload[:position] + bytes([new]) + payload[position + 1 :]


def longer(payload: bytes) -> Iterator[bytes]:
    """Every payload with one byte more."""
    for position in range(len(payload) + 1):
        for new in range(256):
            yield payload[:position] + bytes([new]) + payload[position:]


def shorter(payload: bytes) -> Iterator[bytes]:
    """Every payload that lacks some bytes in a row: its end, its beginning, a part of it."""
    for start in range(len(payload)):
        for end in range(start + 1, len(payload) + 1):
            yield payload[:start] + payload[end:]


@pytest.mark.parametrize("payload", ACCEPTED.values(), ids=ACCEPTED)
@pytest.mark.parametrize("changes", [changed, longer, shorter])
def test_another_payload_is_refused_or_says_something_else(payload: bytes, changes: Any) -> None:
    message = meaning_of(payload)
    assert message is not None

    for other in changes(payload):
        # Where a byte is doubled, putting it before or behind itself is the same.
        assert other == payload or meaning_of(other) != message


@given(st.sampled_from(sorted(ACCEPTED.values())), st.data())
def test_several_changed_bytes_are_refused_or_say_something_else(
    payload: bytes, data: st.DataObject
) -> None:
    other = bytearray(payload)
    for _ in range(data.draw(st.integers(2, 6))):
        position = data.draw(st.integers(0, len(other) - 1))
        match data.draw(st.sampled_from(["change", "add", "remove"])):
            case "change":
                other[position] = data.draw(st.integers(0, 255))
            case "add":
                other.insert(position, data.draw(st.integers(0, 255)))
            case "remove" if len(other) > 1:
                del other[position]

    assert bytes(other) == payload or meaning_of(bytes(other)) != meaning_of(payload)


@given(st.permutations(sorted(ACCEPTED.values())), st.data())
def test_parts_of_two_messages_make_no_second_form_of_either(
    payloads: list[bytes], data: st.DataObject
) -> None:
    one, other = payloads[:2]
    joined = (
        one[: data.draw(st.integers(0, len(one)))] + other[data.draw(st.integers(0, len(other))) :]
    )

    assert joined in (one, other) or meaning_of(joined) not in (meaning_of(one), meaning_of(other))


@pytest.mark.parametrize("name", ["ccxc", "bdip", "cred"])
def test_published_vectors_are_the_recorded_ones(vectors: Path, name: str) -> None:
    published = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))

    assert published == json.loads((vectors / "messages" / f"{name}.json").read_text("utf-8"))
