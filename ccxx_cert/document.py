"""The document behind a certificate's `doc_hash`: its hash, and the one that the suite writes.

What the suite writes is a W3C Verifiable Credential 2.0 in canonical JSON. It carries a salt: the
hash stands on the chain for ever, and names must not be found by trying.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ccxx_cert.canonical import decode_json, encode_canonical
from ccxx_cert.errors import CertificateError, Refusal
from ccxx_cert.identity import format_outpoint
from ccxx_cert.state import Certificate
from ccxx_cert.type_definition import TypeDefinition
from ccxx_core.base58 import encode_base58
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import sha256
from ccxx_core.transaction import OutPoint

CONTEXT = "https://www.w3.org/ns/credentials/v2"
VOCABULARY = "urn:ccxx:certificate:"
LEAST_SALT = 16
_SECP256K1_MULTICODEC = b"\xe7\x01"


class Media(StrEnum):
    """The kinds of documents, by media type."""

    CREDENTIAL = "application/vc"
    PDF = "application/pdf"
    X509 = "application/pkix-cert"


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFacts:
    """What one certificate says; times are texts of XML Schema's dateTime, with a zone.

    `subject` holds the holder's claims as JSON values, without an `id`; `salt` is random.
    """

    serial: int
    subject: Mapping[str, Any]
    valid_from: str
    salt: bytes
    valid_until: str | None = None
    holder_key: bytes | None = None
    permit_id: OutPoint | None = None


def certificate_document(definition: TypeDefinition, facts: CertificateFacts) -> bytes:
    """Return a certificate as a Verifiable Credential 2.0 in canonical JSON.

    ValueError for a salt that is too short, DecodeError for a subject that JSON cannot hold.
    """
    if len(facts.salt) < LEAST_SALT:
        raise ValueError(f"salt of {len(facts.salt)} bytes, need {LEAST_SALT}")
    subject = dict(facts.subject)
    if facts.holder_key is not None:
        subject["id"] = did_key(facts.holder_key)
    certificate = {
        "code": definition.code,
        "serial": facts.serial,
        "typeDefinition": f"urn:sha256:{definition.typedef_hash.hex()}",
        "salt": facts.salt.hex(),
    }
    if facts.permit_id is not None:
        certificate["permit"] = format_outpoint(facts.permit_id)
    credential = {
        "@context": [CONTEXT, {"@vocab": VOCABULARY}],
        "type": ["VerifiableCredential", "CcxxCertificate"],
        "name": definition.title,
        "issuer": {"id": did_key(definition.issuer_key), "name": definition.issuer_name},
        "validFrom": facts.valid_from,
        "credentialSubject": subject,
        "certificate": certificate,
    }
    if facts.valid_until is not None:
        credential["validUntil"] = facts.valid_until
    return encode_canonical(credential)


def document_hash(document: bytes, media: Media | str) -> bytes:
    """Return the hash (32 bytes) that stands for a document on the chain.

    A credential is hashed in canonical form, so that its layout does not matter: DecodeError where
    it is not JSON. Every other document is hashed as it is.
    """
    return sha256(published_form(document, media))


def published_form(document: bytes, media: Media | str) -> bytes:
    """Return the bytes of a document that its hash is of, which stores keep and chains carry.

    DecodeError for a credential that is not JSON.
    """
    if Media(media) is Media.CREDENTIAL:
        return encode_canonical(decode_json(document))
    return document


def guess_media(document: bytes) -> Media:
    """Return what a document is by its first bytes; DecodeError for none of ours."""
    start = document[:1024].lstrip()
    if start.startswith(b"%PDF-"):
        return Media.PDF
    if start.startswith(b"{"):
        return Media.CREDENTIAL
    if document.startswith(b"\x30\x82"):
        return Media.X509
    raise DecodeError("document is neither a JSON credential, a PDF nor a DER certificate")


def check_document(document: bytes, media: Media | str, certificate: Certificate) -> None:
    """Check that a document is the one behind a single certificate; raises CertificateError."""
    found = document_hash(document, media)
    if certificate.doc_hash != found:
        wanted = certificate.doc_hash.hex() if certificate.doc_hash else "a leaf of its batch"
        raise CertificateError(Refusal.WRONG_DOCUMENT, f"hash {found.hex()}, need {wanted}")


def did_key(public_key: bytes) -> str:
    """Return the did:key of a compressed secp256k1 key: an identifier that is the key itself."""
    return "did:key:z" + encode_base58(_SECP256K1_MULTICODEC + public_key)
