"""The trust anchor: what an observer must be given besides the chain (section 1)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ccxx_cert.canonical import decode_json, encode_canonical
from ccxx_cert.identity import format_outpoint, parse_outpoint
from ccxx_core.amount import MAX_MONEY
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import sha256
from ccxx_core.keys import is_valid_public_key
from ccxx_core.network import NETWORKS
from ccxx_core.transaction import OutPoint

FORMAT = "ccxx-trust-anchor"
ROOT_FORMAT = "ccxx-root-document"
VERSION = 1
_ROOT_NAMES = frozenset({"format", "version", "height", "script", "root_key", "system_key"})
_NAMES = _ROOT_NAMES | {"network", "root", "value"}


@dataclass(frozen=True, slots=True)
class RootDocument:
    """What a ROOT message commits to: the next root script, and R and S from a height on."""

    from_height: int
    script: bytes
    root_key: bytes
    system_key: bytes

    def facts(self) -> dict[str, Any]:
        """Return the document as JSON values."""
        return {
            "format": ROOT_FORMAT,
            "version": VERSION,
            "height": self.from_height,
            "script": self.script.hex(),
            "root_key": self.root_key.hex(),
            "system_key": self.system_key.hex(),
        }

    @property
    def document_hash(self) -> bytes:
        """SHA-256 of the canonical form (32 bytes)."""
        return sha256(encode_canonical(self.facts()))

    @classmethod
    def from_facts(cls, facts: Any) -> RootDocument:
        """Read a document from JSON values; raises DecodeError that names the field."""
        _check_format(facts, ROOT_FORMAT, _ROOT_NAMES)
        return cls(
            from_height=_number(facts, "height", 0xFFFFFFFF),
            script=_bytes(facts, "script"),
            root_key=_key(facts, "root_key"),
            system_key=_key(facts, "system_key"),
        )


@dataclass(frozen=True, slots=True)
class TrustAnchor:
    """The root coin of one network and the keys R and S; `network` is the chain's short name.

    `successors` are the documents of later ROOT messages, in any order.
    """

    network: str
    root_outpoint: OutPoint
    root_value: int
    root_height: int
    root_script: bytes
    root_key: bytes
    system_key: bytes
    successors: tuple[RootDocument, ...] = ()

    def encode(self) -> bytes:
        """Return the anchor as canonical JSON (RFC 8785)."""
        facts: dict[str, Any] = {
            "format": FORMAT,
            "version": VERSION,
            "network": self.network,
            "root": format_outpoint(self.root_outpoint),
            "value": self.root_value,
            "height": self.root_height,
            "script": self.root_script.hex(),
            "root_key": self.root_key.hex(),
            "system_key": self.system_key.hex(),
        }
        if self.successors:
            facts["successors"] = [each.facts() for each in self.successors]
        return encode_canonical(facts)

    @classmethod
    def decode(cls, data: bytes | str) -> TrustAnchor:
        """Read an anchor from JSON of any layout; raises DecodeError that names the field."""
        facts = decode_json(data)
        successors = facts.pop("successors", None) if isinstance(facts, dict) else None
        _check_format(facts, FORMAT, _NAMES)
        return cls(
            network=_network(facts["network"]),
            root_outpoint=parse_outpoint(_text(facts, "root")),
            root_value=_number(facts, "value", MAX_MONEY),
            root_height=_number(facts, "height", 0xFFFFFFFF),
            root_script=_bytes(facts, "script"),
            root_key=_key(facts, "root_key"),
            system_key=_key(facts, "system_key"),
            successors=_successors(successors),
        )

    @property
    def anchor_id(self) -> bytes:
        """SHA-256 of the canonical form (32 bytes).

        An anchor that learns of a successor gets another id: what was judged without it must be
        judged anew.
        """
        return sha256(self.encode())

    @property
    def roots(self) -> tuple[RootDocument, ...]:
        """The first root, as a document would say it, and its successors."""
        first = RootDocument(self.root_height, self.root_script, self.root_key, self.system_key)
        return (first, *self.successors)

    @property
    def accepted_ids(self) -> frozenset[bytes]:
        """The ids of this anchor before and after it learned of each successor.

        What was drafted before is about the same root coin, and still good.
        """
        known = range(len(self.successors) + 1)
        return frozenset(
            replace(self, successors=self.successors[:count]).anchor_id for count in known
        )

    def extended(self, document: RootDocument) -> TrustAnchor:
        """Return the same anchor that knows one more root."""
        if document in self.successors:
            return self
        return replace(self, successors=(*self.successors, document))

    def successor(self, document_hash: bytes) -> RootDocument | None:
        """Return the document of a ROOT message, None where it was not given."""
        return next((each for each in self.successors if each.document_hash == document_hash), None)


def _check_format(facts: Any, wanted: str, names: frozenset[str]) -> None:
    if not isinstance(facts, dict) or facts.get("format") != wanted:
        raise DecodeError(f"not a trust anchor: format is not {wanted!r}")
    version = facts.get("version")
    if type(version) is not int or version != VERSION:
        raise DecodeError(f"trust anchor of version {version!r}, know {VERSION}")
    if set(facts) != names:
        raise DecodeError(f"trust anchor fields differ: {sorted(names ^ set(facts))}")


def _successors(value: Any) -> tuple[RootDocument, ...]:
    if value is None:
        return ()
    # An empty list would be a second form of the same anchor.
    if not isinstance(value, list) or not value:
        raise DecodeError("trust anchor field successors is not a list of documents")
    return tuple(map(RootDocument.from_facts, value))


def _network(value: Any) -> str:
    if not isinstance(value, str) or value not in NETWORKS:
        raise DecodeError(f"trust anchor names the network {value!r}, know {sorted(NETWORKS)}")
    return value


def _text(facts: dict[str, Any], name: str) -> str:
    value = facts[name]
    if not isinstance(value, str):
        raise DecodeError(f"trust anchor field {name} is not a text")
    return value


def _number(facts: dict[str, Any], name: str, most: int) -> int:
    value = facts[name]
    if type(value) is not int or not 0 <= value <= most:
        raise DecodeError(f"trust anchor field {name} is not a number from 0 to {most}")
    return value


def _bytes(facts: dict[str, Any], name: str) -> bytes:
    try:
        return bytes.fromhex(_text(facts, name))
    except ValueError:
        raise DecodeError(f"trust anchor field {name} is not hex") from None


def _key(facts: dict[str, Any], name: str) -> bytes:
    key = _bytes(facts, name)
    if len(key) != 33 or not is_valid_public_key(key):
        raise DecodeError(f"trust anchor field {name} is not a compressed public key")
    return key
