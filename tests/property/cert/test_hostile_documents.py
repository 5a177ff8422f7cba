"""Files from strangers raise nothing but DecodeError."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccxx_cert.canonical import decode_json, encode_canonical
from ccxx_cert.document import Media, document_hash
from ccxx_cert.record_json import record_from_json, record_to_json
from ccxx_cert.trust import TrustAnchor
from ccxx_cert.type_definition import TypeDefinition
from ccxx_core.errors import DecodeError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("02" * 33),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
DEFINITION = {
    "format": "ccxx-type-definition",
    "version": 1,
    "issuer": {
        "name": "University",
        "key": "02" + "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
    },
    "code": "MSC",
    "title": "Master of Science",
    "short_title": "MSc",
    "criteria": "90 ECTS",
    "transferable": True,
    "custody": "3of3",
    "recovery": False,
    "public_summary": False,
    "revocation": {"issuer": True, "root": True},
    "expiry": {"kind": "none", "value": 0},
    "rules": {},
    "languages": ["en"],
}


def test_definition_used_here_is_accepted() -> None:
    assert TypeDefinition.decode(json.dumps(DEFINITION)).code == "MSC"


@given(st.sampled_from(sorted(DEFINITION)), JSON)
def test_any_field_of_a_type_definition_may_hold_anything(name: str, value: Any) -> None:
    data = json.dumps(DEFINITION | {name: value})

    with suppress(DecodeError):
        definition = TypeDefinition.decode(data)
        assert TypeDefinition.decode(definition.encode()) == definition
    with suppress(DecodeError):
        TypeDefinition.decode_for(data, bytes(33))


@given(st.binary(max_size=60) | st.text().map(lambda text: json.dumps(text).encode()))
def test_any_bytes_may_stand_for_a_document(data: bytes) -> None:
    for read in (TypeDefinition.decode, TrustAnchor.decode, decode_json, record_from_json):
        with suppress(DecodeError):
            read(data)
    with suppress(DecodeError):
        document_hash(data, Media.CREDENTIAL)


@given(JSON)
def test_canonical_form_of_a_value_is_a_fixed_point(value: Any) -> None:
    with suppress(DecodeError):
        data = encode_canonical(value)
        assert encode_canonical(decode_json(data)) == data


@given(data=st.data(), value=JSON)
def test_any_field_of_an_anchor_may_hold_anything(
    make_world: Callable[[], Any], data: st.DataObject, value: Any
) -> None:
    facts = json.loads(make_world().anchor.encode())
    facts[data.draw(st.sampled_from(sorted(facts)))] = value

    with suppress(DecodeError):
        anchor = TrustAnchor.decode(json.dumps(facts))
        assert TrustAnchor.decode(anchor.encode()) == anchor


@given(data=st.data(), value=JSON)
def test_any_field_of_a_stored_record_may_be_damaged(
    make_world: Callable[[], Any], data: st.DataObject, value: Any
) -> None:
    world = make_world()
    world.issue(world.grant(world.permit_message()))
    record = data.draw(st.sampled_from(list(world.registry.records.values())))
    facts = json.loads(record_to_json(record))
    facts[data.draw(st.sampled_from(sorted(facts)))] = value

    with suppress(DecodeError):
        record_from_json(json.dumps(facts))


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(DecodeError):
        document_hash(b"[" * 100_000 + b"]" * 100_000, Media.CREDENTIAL)
