"""The published schemas take what the programs write and refuse what the programs refuse.

Where a program refuses more than a schema can say, the difference is named here and in
`docs/documents.md`.
"""

import json
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ccxx_cert.document import CertificateFacts, certificate_document
from ccxx_cert.records import Custody, ExpiryKind
from ccxx_cert.trust import RootDocument, TrustAnchor
from ccxx_cert.type_definition import TypeDefinition
from ccxx_cert.type_schema import TYPE_DEFINITION_SCHEMA
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import Txid, sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.transaction import OutPoint

DOCS = Path(__file__).resolve().parents[3] / "docs"
FILES = sorted((DOCS / "schemas").glob("*.json"))
NO_POINT = "02" + "f" * 64
KEY = PrivateKey(sha256(b"issuer")).public_key
DEFINITION = TypeDefinition(
    issuer_name="University of Nicosia",
    issuer_key=KEY,
    code="UNICDEG",
    title="Master of Science in Blockchain",
    short_title="MSc Blockchain",
    criteria="90 ECTS\nand a thesis",
    transferable=False,
    languages=("en", "el"),
    custody=Custody.RECOVERABLE,
    expiry_kind=ExpiryKind.SECONDS_AFTER_ISSUE,
    expiry=94_608_000,
    rules={"transfer_limit": 0, "face_value": {"amount": "10.00", "unit": "EUR"}},
)
ANCHOR = TrustAnchor(
    "regtest",
    OutPoint(Txid(bytes(32)), 0),
    100_000_000,
    10,
    b"\x51",
    KEY,
    KEY,
    (RootDocument(7, b"\x52", KEY, KEY),),
)
FACTS = CertificateFacts(
    serial=7,
    subject={"name": "Ζωή", "marks": [1, 2.5]},
    valid_from="2026-07-01T00:00:00Z",
    salt=bytes(16),
    holder_key=KEY,
)
# What the programs refuse and JSON Schema cannot say.
TYPE_DIFFERENCES = (
    (("issuer", "key"), NO_POINT),
    (("code",), "кодкод"),
    (("code",), "a\nb"),
    (("short_title",), "a\u202eb"),
    (("expiry", "kind"), "none"),
    # In Python `$` also stands before a last line feed; in the schema's own language it does not.
    (("title",), "a\n"),
)
ANCHOR_DIFFERENCES = ((("root_key",), NO_POINT), (("successors", 0, "system_key"), NO_POINT))


def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DOCS / "schemas" / f"{name}.json").read_text())
    return found


def accepts(name: str, value: Any) -> bool:
    return jsonschema.Draft202012Validator(schema(name)).is_valid(value)


def changed(document: bytes, path: tuple[str | int, ...], value: Any) -> Any:
    """Return a document's values with one replaced, or removed where the new one is `...`."""
    facts = deepcopy(json.loads(document))
    place = facts
    for name in path[:-1]:
        place = place[name]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return facts


def reads(decode: Any, facts: Any) -> bool:
    try:
        decode(json.dumps(facts))
    except DecodeError:
        return False
    return True


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_schema_is_one_and_is_described(path: Path) -> None:
    text = path.read_text()

    jsonschema.Draft202012Validator.check_schema(json.loads(text))

    assert json.loads(text)["$id"] == f"urn:ccxx:schema:{path.stem}:1"
    assert f"schemas/{path.name}" in (DOCS / "documents.md").read_text()


def test_the_type_definitions_schema_is_the_one_that_the_programs_use() -> None:
    assert schema("type-definition") == TYPE_DEFINITION_SCHEMA


@pytest.mark.parametrize(
    "definition",
    [
        DEFINITION,
        replace(DEFINITION, custody=Custody.TWO_OF_THREE, expiry_kind=ExpiryKind.NONE, expiry=0),
        replace(DEFINITION, rules={}, transferable=True, recovery=True, public_summary=True),
    ],
)
def test_definitions_that_we_write_fit(definition: TypeDefinition) -> None:
    assert accepts("type-definition", json.loads(definition.encode()))


@pytest.mark.parametrize("anchor", [ANCHOR, replace(ANCHOR, successors=())])
def test_anchors_that_we_write_fit(anchor: TrustAnchor) -> None:
    assert accepts("trust-anchor", json.loads(anchor.encode()))


@pytest.mark.parametrize(
    "facts",
    [
        FACTS,
        replace(FACTS, holder_key=None, subject={"name": "n"}),
        replace(FACTS, permit_id=ANCHOR.root_outpoint, valid_until="2030-01-01T00:00:00+02:00"),
    ],
)
def test_certificates_that_we_write_fit(facts: CertificateFacts) -> None:
    document = certificate_document(DEFINITION, facts)

    assert accepts("certificate", json.loads(document))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("format",), "x"),
        (("version",), 2),
        (("version",), ...),
        (("issuer", "key"), "02" + "F" * 64),
        (("issuer", "name"), ""),
        (("code",), "TOO LONG A CODE"),
        (("title",), "a\u202eb"),
        (("criteria",), "passed\rfailed"),
        (("rules", "fee"), {"amount": "1\x00", "unit": "EUR"}),
        (("rules", "fee"), {"amount": "1"}),
        (("transferable",), 1),
        (("custody",), "4of5"),
        (("expiry", "kind"), "permit"),
        (("expiry", "value"), -1),
        (("expiry", "value"), 2**32),
        (("rules", "unknown"), 1),
        (("languages",), []),
        (("languages",), ["English"]),
        (("more",), 1),
    ],
)
def test_what_a_program_refuses_as_a_definition_the_schema_refuses(
    path: tuple[str, ...], value: Any
) -> None:
    facts = changed(DEFINITION.encode(), path, value)

    assert not reads(TypeDefinition.decode, facts)
    assert not accepts("type-definition", facts)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("format",), "other"),
        (("version",), 2),
        (("network",), "moon"),
        (("root",), "x:0"),
        (("root",), "0" * 64 + ":01"),
        (("value",), -1),
        (("value",), True),
        (("value",), 21_000_000 * 10**8 + 1),
        (("height",), "10"),
        (("height",), ...),
        (("script",), "zz"),
        (("root_key",), "00"),
        (("system_key",), None),
        (("successors",), []),
        (("successors", 0, "height"), ...),
        (("successors", 0, "format"), "ccxx-trust-anchor"),
        (("more",), 1),
    ],
)
def test_what_a_program_refuses_as_an_anchor_the_schema_refuses(
    path: tuple[str | int, ...], value: Any
) -> None:
    facts = changed(ANCHOR.encode(), path, value)

    assert not reads(TrustAnchor.decode, facts)
    assert not accepts("trust-anchor", facts)


@pytest.mark.parametrize(("path", "value"), TYPE_DIFFERENCES)
def test_what_only_programs_refuse_in_a_definition_is_known(
    path: tuple[str, ...], value: Any
) -> None:
    facts = changed(DEFINITION.encode(), path, value)

    assert not reads(TypeDefinition.decode, facts)
    assert accepts("type-definition", facts)


@pytest.mark.parametrize(("path", "value"), ANCHOR_DIFFERENCES)
def test_what_only_programs_refuse_in_an_anchor_is_known(
    path: tuple[str | int, ...], value: Any
) -> None:
    facts = changed(ANCHOR.encode(), path, value)

    assert not reads(TrustAnchor.decode, facts)
    assert accepts("trust-anchor", facts)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("@context", 0), "https://example.org/"),
        (("type",), ["VerifiableCredential"]),
        (("issuer", "id"), "did:web:example.org"),
        (("validFrom",), "yesterday"),
        (("credentialSubject",), "Ada"),
        (("certificate", "salt"), "00"),
        (("certificate", "typeDefinition"), ...),
        (("certificate", "serial"), -1),
        (("proof",), {}),
    ],
)
def test_a_certificate_of_another_shape_is_refused(path: tuple[str | int, ...], value: Any) -> None:
    assert not accepts("certificate", changed(certificate_document(DEFINITION, FACTS), path, value))
