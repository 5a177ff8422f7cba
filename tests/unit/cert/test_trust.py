"""Trust anchors as files."""

import json
from typing import Any

import pytest

from ccxx_cert.trust import TrustAnchor
from ccxx_core.errors import DecodeError


def test_anchor_reads_back_from_its_canonical_form(world: Any) -> None:
    data = world.anchor.encode()

    anchor = TrustAnchor.decode(data)

    assert anchor == world.anchor
    assert anchor.encode() == data


def test_anchor_keeps_its_id_in_any_layout(world: Any) -> None:
    pretty = json.dumps(json.loads(world.anchor.encode()), indent=2)

    assert TrustAnchor.decode(pretty).anchor_id == world.anchor.anchor_id


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("format", "other"),
        ("version", 2),
        ("version", True),
        ("network", "moon"),
        ("root", "x:0"),
        ("value", -1),
        ("value", True),
        ("height", "10"),
        ("script", "zz"),
        ("root_key", "00"),
        ("system_key", None),
        ("more", 1),
    ],
)
def test_anchor_with_a_wrong_field_is_refused(world: Any, name: str, value: object) -> None:
    facts = json.loads(world.anchor.encode()) | {name: value}

    with pytest.raises(DecodeError):
        TrustAnchor.decode(json.dumps(facts))


def test_anchor_that_says_two_things_is_refused(world: Any) -> None:
    text = world.anchor.encode().decode()
    twice = f'{{"root_key":"{world.key("mallory").hex()}",{text[1:]}'

    with pytest.raises(DecodeError, match="twice"):
        TrustAnchor.decode(twice)


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff\xfe", b"{", "[" * 100_000])
def test_anchor_that_is_no_object_is_refused(data: bytes | str) -> None:
    with pytest.raises(DecodeError):
        TrustAnchor.decode(data)
