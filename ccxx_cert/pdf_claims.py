"""What a PDF certificate says of itself: issuer, fields, owner, in metadata versions 0, 1 and 2.

All of it is the issuer's claim. The hash commits to it; whether the address is the issuer's, the
chain tells, and whose address it is, nobody here can know.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ccxx_cert.canonical import decode_json
from ccxx_cert.vpdf import OWNER_PROOF, PdfForm
from ccxx_core.errors import DecodeError

_LONGEST_TEXT = 262_144
_MOST_FIELDS = 500
_VERSIONS = {None: 0, b"1": 1, b"2": 2}


class ClaimedField(NamedTuple):
    """A field that is meant to be shown, in the issuer's order."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class ClaimedOwner:
    """Who owns the certificate, and the signed message that shows it, empty where there is none."""

    name: str
    address: str
    proof: str


@dataclass(frozen=True, slots=True)
class PdfClaims:
    """What a file says of itself; `verification` are places that the issuer names for itself."""

    version: int
    issuer_name: str
    issuer_address: str
    verification: tuple[str, ...] = ()
    fields: tuple[ClaimedField, ...] = ()
    owner: ClaimedOwner | None = None


def read_claims(form: PdfForm) -> PdfClaims:
    """Read what a file says of itself; raises DecodeError where its keys cannot be read."""
    written = form.value(b"/version")
    version = _VERSIONS.get(written)
    if version is None:
        raise DecodeError(f"metadata version {(written or b'')[:20]!r} is none of 1 and 2")
    return _first_version(form) if version == 0 else _later_version(form, version)


def _first_version(form: PdfForm) -> PdfClaims:
    named = form.text(b"/metadata_object")
    known = _object(named, "metadata_object") if named else {}
    own = {"issuer", "issuer_address"}
    name = form.text(b"/issuer") or _text(known.get("issuer", ""))
    address = form.text(b"/issuer_address") or _text(known.get("issuer_address", ""))
    fields = (ClaimedField(key, _text(value)) for key, value in known.items() if key not in own)
    return PdfClaims(0, name, address, fields=tuple(fields))


def _later_version(form: PdfForm, version: int) -> PdfClaims:
    issuer = _object(form.text(b"/issuer"), "issuer")
    identity = _mapping(issuer.get("identity"), "identity of the issuer")
    methods = identity.get("verification", [])
    return PdfClaims(
        version=version,
        issuer_name=_text(issuer.get("name", "")),
        issuer_address=_text(identity.get("address", "")),
        verification=tuple(_places(methods)),
        fields=tuple(_fields(_object(form.text(b"/metadata") or "{}", "metadata"))),
        owner=_owner(form) if version == 2 else None,
    )


def _fields(metadata: Mapping[str, Any]) -> Iterator[ClaimedField]:
    if len(metadata) > _MOST_FIELDS:
        raise DecodeError(f"metadata has {len(metadata)} fields, at most {_MOST_FIELDS}")
    shown = []
    for key, value in metadata.items():
        field = _mapping(value, f"field {key[:40]}")
        order = field.get("order", 0)
        if not isinstance(order, int):
            raise DecodeError(f"order of field {key[:40]} is no whole number")
        if not field.get("hide", False):
            entry = ClaimedField(_text(field.get("label", key)), _text(field.get("value", "")))
            shown.append((order, entry))
    # Equal numbers stay in the order of the file.
    yield from (entry for _, entry in sorted(shown, key=lambda each: each[0]))


def _owner(form: PdfForm) -> ClaimedOwner | None:
    written = form.text(b"/owner")
    if not written:
        return None
    owner = _object(written, "owner")
    address = owner.get("owner_address", "")
    proof = form.text(OWNER_PROOF) or ""
    return ClaimedOwner(_text(owner.get("name", "")), _text(address), proof)


def _places(methods: Any) -> Iterator[str]:
    if not isinstance(methods, list) or len(methods) > _MOST_FIELDS:
        raise DecodeError("verification of the issuer is no list")
    for method in methods:
        for name, place in _mapping(method, "verification").items():
            where = place.get("url", "") if isinstance(place, dict) else place
            yield f"{name}: {_text(where)}"


def _object(text: str | None, name: str) -> Mapping[str, Any]:
    if text is None or len(text) > _LONGEST_TEXT:
        raise DecodeError(f"{name} is missing or too long")
    return _mapping(decode_json(text), name)


def _mapping(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise DecodeError(f"{name} is no JSON object")
    return value


def _text(value: Any) -> str:
    """Return a plain value as text; DecodeError for anything that is nested."""
    if isinstance(value, dict | list) or value is None:
        raise DecodeError("a text was expected in the metadata")
    return str(value)
