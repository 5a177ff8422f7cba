"""A document that is on the chain: what it is, and what it says where it is JSON."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from ccxx_cert.canonical import decode_json
from ccxx_cert.document import Media, guess_media
from ccxx_core.errors import DecodeError
from ccxx_explorer.facts import DocumentFacts, DocumentField
from ccxx_explorer.wording import printable

# A page shows so much of a document; the file has all of it.
_MOST_FIELDS = 200
_MOST_TEXT = 2_000
_MOST_BYTES = 256 * 1024
_ENDINGS: dict[str, str] = {Media.CREDENTIAL: "json", Media.PDF: "pdf", Media.X509: "der"}
_UNKNOWN = "application/octet-stream"


def document_facts(body: bytes, digest: bytes, url: str) -> DocumentFacts:
    """Describe a document, whose SHA-256 is `digest`; any bytes give a description."""
    media = _media(body)
    fields: tuple[DocumentField, ...] = ()
    truncated = False
    if media == Media.CREDENTIAL and len(body) <= _MOST_BYTES:
        fields, truncated = _fields(body)
    return DocumentFacts(
        media_type=media,
        name=f"document-{digest.hex()[:8]}.{_ENDINGS.get(media, 'bin')}",
        size=len(body),
        hash=digest.hex(),
        url=url,
        fields=fields,
        truncated=truncated,
    )


def _media(body: bytes) -> str:
    try:
        return guess_media(body)
    except DecodeError:
        return _UNKNOWN


def _fields(body: bytes) -> tuple[tuple[DocumentField, ...], bool]:
    try:
        value = decode_json(body)
    except DecodeError:
        return (), False
    found = list(islice(_walk((), value), _MOST_FIELDS + 1))
    return tuple(found[:_MOST_FIELDS]), len(found) > _MOST_FIELDS


def _walk(path: tuple[str, ...], value: Any) -> Iterator[DocumentField]:
    """Yield every value with the way to it, in the order of the document."""
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from _walk((*path, _shown(name)), item)
    elif isinstance(value, list) and value:
        for position, item in enumerate(value, 1):
            yield from _walk((*path, str(position)), item)
    else:
        yield DocumentField(path, _text(value))


def _text(value: Any) -> str:
    if isinstance(value, str):
        return _shown(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return _shown(str(value)) if value not in ({}, []) else ""


def _shown(text: str) -> str:
    """Show a text of a stranger's: nothing hidden, nothing endless."""
    return printable(text[:_MOST_TEXT]) + ("…" if len(text) > _MOST_TEXT else "")
