"""Certificate documents and their hashes."""

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from ccxx_cert.document import (
    CertificateFacts,
    Media,
    certificate_document,
    check_document,
    did_key,
    document_hash,
    guess_media,
)
from ccxx_cert.errors import CertificateError, Refusal
from ccxx_cert.identity import format_outpoint
from ccxx_cert.type_definition import TypeDefinition
from ccxx_core.errors import DecodeError

FACTS = CertificateFacts(
    serial=7,
    subject={"name": "Ζωή Κωνσταντίνου", "grade": "Distinction"},
    valid_from="2026-07-01T00:00:00Z",
    salt=bytes(range(16)),
)


def definition(world: Any) -> TypeDefinition:
    """The type of the world's certificates."""
    return TypeDefinition(
        issuer_name="University of Nicosia",
        issuer_key=world.key("issuer"),
        code="UNICDEG",
        title="MSc Digital Currency",
        short_title="MSc Digital Currency",
        criteria="90 ECTS.",
        transferable=True,
        languages=("en",),
    )


def test_document_is_a_verifiable_credential(world: Any) -> None:
    credential = json.loads(certificate_document(definition(world), FACTS))

    assert credential["@context"][0] == "https://www.w3.org/ns/credentials/v2"
    assert credential["type"][0] == "VerifiableCredential"
    assert credential["issuer"]["id"] == did_key(world.key("issuer"))
    assert credential["credentialSubject"]["name"] == "Ζωή Κωνσταντίνου"
    assert credential["certificate"]["serial"] == 7


def test_document_without_enough_salt_is_not_made(world: Any) -> None:
    with pytest.raises(ValueError):
        certificate_document(
            definition(world),
            CertificateFacts(serial=1, subject={}, valid_from="2026-07-01T00:00:00Z", salt=b""),
        )


def test_layout_of_a_credential_does_not_change_its_hash(world: Any) -> None:
    document = certificate_document(definition(world), FACTS)
    pretty = json.dumps(json.loads(document), indent=2).encode()

    assert document_hash(document, Media.CREDENTIAL) == hashlib.sha256(document).digest()
    assert document_hash(pretty, Media.CREDENTIAL) == document_hash(document, Media.CREDENTIAL)


def test_pdf_is_hashed_as_it_is() -> None:
    assert document_hash(b"%PDF-1.7 ", "application/pdf") == hashlib.sha256(b"%PDF-1.7 ").digest()


def test_document_of_another_certificate_is_refused(world: Any) -> None:
    certificate = world.certificate(world.issue(world.grant(world.permit_message())))

    with pytest.raises(CertificateError) as error:
        check_document(b"%PDF-", Media.PDF, certificate)

    assert error.value.refusal is Refusal.WRONG_DOCUMENT


def test_key_of_a_did_is_written_as_its_multibase_form() -> None:
    # A test vector of the did:key method for secp256k1.
    key = bytes.fromhex("03874c15c7fda20e539c6e5ba573c139884c351188799f5458b4b41f7924f235cd")

    assert did_key(key) == "did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme"


@pytest.mark.parametrize(
    ("start", "media"),
    [(b"%PDF-1.3", Media.PDF), (b' \n{"a":1}', Media.CREDENTIAL), (b"\x30\x82\x01", Media.X509)],
)
def test_kind_of_a_document_is_known_by_its_first_bytes(start: bytes, media: Media) -> None:
    assert guess_media(start) is media


@pytest.mark.parametrize("document", [b"", b"hello"])
def test_unknown_kind_of_document_is_refused(document: bytes) -> None:
    with pytest.raises(DecodeError):
        guess_media(document)


def test_document_names_its_holder_permit_and_end(world: Any) -> None:
    facts = replace(
        FACTS,
        holder_key=world.key("alice"),
        permit_id=world.root_outpoint,
        valid_until="2031-07-01T00:00:00Z",
    )

    credential = json.loads(certificate_document(definition(world), facts))

    assert credential["credentialSubject"]["id"] == did_key(world.key("alice"))
    assert credential["certificate"]["permit"] == format_outpoint(world.root_outpoint)
    assert credential["validUntil"] == "2031-07-01T00:00:00Z"
