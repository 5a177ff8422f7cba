"""The document behind a permit's `typedef_hash`: what kind of certificate it allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from ccxx_cert.canonical import decode_json, encode_canonical
from ccxx_cert.codec import encode_message
from ccxx_cert.custody import permit_script
from ccxx_cert.errors import CertificateError, Malformed, Refusal
from ccxx_cert.records import Custody, ExpiryKind, PermitMessage, custody_of_label
from ccxx_cert.type_schema import FORMAT, VERSION, check_schema, schema_problems
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import sha256
from ccxx_core.keys import is_valid_public_key

_EXPIRY_KINDS = {kind.label: kind for kind in ExpiryKind if kind is not ExpiryKind.PERMIT}


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeDefinition:
    """One type of certificate of one issuer; `rules` holds the optional terms as JSON values.

    `short_title` (24 bytes of UTF-8) and `code` (8) are what the permit shows on the chain.
    """

    issuer_name: str
    issuer_key: bytes
    code: str
    title: str
    short_title: str
    criteria: str
    transferable: bool
    languages: tuple[str, ...]
    custody: Custody = Custody.THREE_OF_THREE
    recovery: bool = False
    public_summary: bool = False
    issuer_revokes: bool = False
    root_revokes: bool = False
    expiry_kind: ExpiryKind = ExpiryKind.NONE
    expiry: int = 0
    rules: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def encode(self) -> bytes:
        """Return the canonical JSON whose hash the permit carries."""
        return encode_canonical(
            {
                "format": FORMAT,
                "version": VERSION,
                "issuer": {"name": self.issuer_name, "key": self.issuer_key.hex()},
                "code": self.code,
                "title": self.title,
                "short_title": self.short_title,
                "criteria": self.criteria,
                "transferable": self.transferable,
                "custody": self.custody.label,
                "recovery": self.recovery,
                "public_summary": self.public_summary,
                "revocation": {"issuer": self.issuer_revokes, "root": self.root_revokes},
                "expiry": {"kind": self.expiry_kind.label, "value": self.expiry},
                "rules": dict(self.rules),
                "languages": list(self.languages),
            }
        )

    @classmethod
    def decode(cls, data: bytes | str) -> TypeDefinition:
        """Read a type definition from JSON of any layout; raises DecodeError with the field."""
        facts = decode_json(data)
        check_schema(facts)
        definition = _from_facts(facts)
        definition.permit_message(quantity=1)
        return definition

    @classmethod
    def decode_for(cls, data: bytes | str, issuer_key: bytes) -> TypeDefinition:
        """Read a definition that may leave its issuer's key open, and fill it in.

        DecodeError where the file names another key.
        """
        facts = decode_json(data)
        problems: list[str] = []
        if isinstance(facts, dict) and isinstance(facts.get("issuer"), dict):
            named = facts["issuer"].setdefault("key", issuer_key.hex())
            if isinstance(named, str) and named != issuer_key.hex():
                problems.append(f"issuer.key is {named[:80]!a}, wanted {issuer_key.hex()}")
        if problems:
            raise DecodeError("; ".join([*schema_problems(facts), *problems]))
        return cls.decode(encode_canonical(facts))

    @property
    def typedef_hash(self) -> bytes:
        """SHA-256 of the canonical form (32 bytes)."""
        return sha256(self.encode())

    def permit_message(self, quantity: int) -> PermitMessage:
        """Return the PERMIT that grants this type; DecodeError where a text does not fit."""
        message = PermitMessage(
            code=self.code,
            quantity=quantity,
            typedef_hash=self.typedef_hash,
            title=self.short_title,
            transferable=self.transferable,
            issuer_revokes=self.issuer_revokes,
            root_revokes=self.root_revokes,
            public_summary=self.public_summary,
            recovery=self.recovery,
            expiry_kind=self.expiry_kind,
            expiry=self.expiry,
            custody=self.custody,
        )
        try:
            encode_message(message)
        except Malformed as error:
            raise DecodeError(f"type definition does not fit a permit: {error}") from None
        return message

    def permit_script(self, root_key: bytes, system_key: bytes) -> bytes:
        """Return the 3-of-3 that a permit of this type pays to."""
        return permit_script(root_key, self.issuer_key, system_key)


def check_type_definition(definition: TypeDefinition, message: PermitMessage) -> None:
    """Check that a definition is the one behind a permit; raises CertificateError."""
    if definition.typedef_hash != message.typedef_hash:
        raise CertificateError(
            Refusal.WRONG_TYPE_DEFINITION,
            f"hash {definition.typedef_hash.hex()}, need {message.typedef_hash.hex()}",
        )
    expected = definition.permit_message(message.quantity)
    if expected != message:
        differing = [
            name
            for name in PermitMessage.__slots__
            if getattr(expected, name) != getattr(message, name)
        ]
        raise CertificateError(Refusal.WRONG_TYPE_DEFINITION, f"{', '.join(differing)} differ")


def _from_facts(facts: dict[str, Any]) -> TypeDefinition:
    key = bytes.fromhex(facts["issuer"]["key"])
    if not is_valid_public_key(key):
        raise DecodeError("type definition: issuer key is not a public key")
    definition = TypeDefinition(
        issuer_name=facts["issuer"]["name"],
        issuer_key=key,
        code=facts["code"],
        title=facts["title"],
        short_title=facts["short_title"],
        criteria=facts["criteria"],
        transferable=facts["transferable"],
        languages=tuple(facts["languages"]),
    )
    return replace(
        definition,
        custody=custody_of_label(facts["custody"]),
        recovery=facts["recovery"],
        public_summary=facts["public_summary"],
        issuer_revokes=facts["revocation"]["issuer"],
        root_revokes=facts["revocation"]["root"],
        expiry_kind=_EXPIRY_KINDS[facts["expiry"]["kind"]],
        expiry=facts["expiry"]["value"],
        rules=MappingProxyType(facts["rules"]),
    )
