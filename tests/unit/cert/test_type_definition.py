"""Type definitions, and the permits that commit to them."""

import json
from dataclasses import replace
from typing import Any

import pytest

from ccxx_cert.errors import CertificateError, Refusal
from ccxx_cert.records import Custody, ExpiryKind
from ccxx_cert.type_definition import TypeDefinition, check_type_definition
from ccxx_cert.type_schema import TYPE_DEFINITION_SCHEMA
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import sha256
from ccxx_core.keys import PrivateKey

ISSUER = PrivateKey(sha256(b"issuer")).public_key
MSC = TypeDefinition(
    issuer_name="University of Nicosia",
    issuer_key=ISSUER,
    code="UNICDEG",
    title="Master of Science in Blockchain and Digital Currency",
    short_title="MSc Digital Currency",
    criteria="90 ECTS and a thesis, marked at least 60 of 100.",
    transferable=False,
    languages=("en", "el"),
    custody=Custody.RECOVERABLE,
    recovery=True,
    root_revokes=True,
    expiry_kind=ExpiryKind.SECONDS_AFTER_ISSUE,
    expiry=94_608_000,
    rules={"transfer_limit": 0, "face_value": {"amount": "10.00", "unit": "EUR"}},
)


def test_definition_reads_back_from_its_canonical_form() -> None:
    assert TypeDefinition.decode(MSC.encode()) == MSC


def test_layout_of_the_file_does_not_change_the_hash() -> None:
    pretty = json.dumps(json.loads(MSC.encode()), indent=4)

    assert TypeDefinition.decode(pretty).typedef_hash == MSC.typedef_hash


def test_permit_says_what_its_definition_says() -> None:
    message = MSC.permit_message(quantity=1000)

    check_type_definition(MSC, message)

    assert message.title == "MSc Digital Currency"
    assert (message.custody, message.recovery) == (Custody.RECOVERABLE, True)


def test_definition_that_is_not_behind_the_permit_is_refused() -> None:
    message = MSC.permit_message(quantity=1000)

    with pytest.raises(CertificateError) as error:
        check_type_definition(replace(MSC, transferable=True), message)

    assert error.value.refusal is Refusal.WRONG_TYPE_DEFINITION


def test_permit_whose_flags_differ_from_its_definition_is_refused() -> None:
    message = replace(MSC.permit_message(quantity=1000), transferable=True)

    with pytest.raises(CertificateError) as error:
        check_type_definition(MSC, message)

    assert error.value.detail == "transferable differ"


def test_definition_may_leave_its_issuers_key_open() -> None:
    facts = json.loads(MSC.encode())
    del facts["issuer"]["key"]

    assert TypeDefinition.decode_for(json.dumps(facts), ISSUER) == MSC


def test_definition_for_another_issuer_is_refused() -> None:
    other = PrivateKey(sha256(b"other")).public_key

    with pytest.raises(DecodeError):
        TypeDefinition.decode_for(MSC.encode(), other)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("format",), "x"),
        (("version",), True),
        (("issuer", "key"), "02" + "f" * 64),
        (("issuer", "name"), ""),
        (("code",), "TOO LONG A CODE"),
        (("code",), "кодкод"),
        (("short_title",), "a\u202eb"),
        (("title",), "a\u202eb"),
        (("issuer", "name"), "University\x1b[2K"),
        (("issuer", "name"), "University\nof Nicosia"),
        (("criteria",), "passed\rfailed"),
        (("rules", "fee"), {"amount": "1\x00", "unit": "EUR"}),
        (("transferable",), 1),
        (("custody",), "4of5"),
        (("expiry", "kind"), "permit"),
        (("expiry", "kind"), "none"),
        (("expiry", "value"), -1),
        (("rules", "unknown"), 1),
        (("languages",), []),
        (("languages",), ["English"]),
        (("more",), 1),
    ],
)
def test_definition_with_a_wrong_field_is_refused(path: tuple[str, ...], value: Any) -> None:
    facts = json.loads(MSC.encode())
    place = facts
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value

    with pytest.raises(DecodeError):
        TypeDefinition.decode(json.dumps(facts))


def test_criteria_may_have_several_lines() -> None:
    definition = replace(MSC, criteria="90 ECTS\n\nand a thesis")

    assert TypeDefinition.decode(definition.encode()) == definition


@pytest.mark.parametrize("data", [b"", b"[]", b'{"a":1,"a":2}', b"NaN", b"\xff", "[" * 100_000])
def test_file_that_is_no_definition_is_refused(data: bytes | str) -> None:
    with pytest.raises(DecodeError):
        TypeDefinition.decode(data)


def test_published_schema_accepts_what_we_write() -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")

    jsonschema.Draft202012Validator.check_schema(TYPE_DEFINITION_SCHEMA)
    jsonschema.validate(json.loads(MSC.encode()), TYPE_DEFINITION_SCHEMA)
