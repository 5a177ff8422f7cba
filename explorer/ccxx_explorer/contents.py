"""What bytes of no protocol of ours seem to be, by how they begin.

A name is a hint for the reader and nothing more: anybody can write anything behind any beginning.
"""

from __future__ import annotations

import json

from ccxx_explorer.language import say
from ccxx_explorer.wording import readable_text

# How a file or a message of another protocol begins, and the stable word for it.
_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"\xaa\x21\xa9\xed", "witness-commitment"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"%PDF-", "pdf"),
    (b"PK\x03\x04", "zip"),
    (b"\x1f\x8b\x08", "gzip"),
    (b"omni", "omni"),
    (b"CNTRPRTY", "counterparty"),
    (b"<?xml", "xml"),
    (b"<svg", "xml"),
)
# A witness commitment is the magic and one hash (BIP 141).
_COMMITMENT_SIZE = 36


def name_content(data: bytes) -> str:
    """Give a stable word for what bytes seem to be: `text`, `png`, `empty`, … or `bytes`."""
    if not data:
        return "empty"
    for beginning, word in _BEGINNINGS:
        if data.startswith(beginning):
            is_cut = word == "witness-commitment" and len(data) < _COMMITMENT_SIZE
            return "bytes" if is_cut else word
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if readable_text(data) is None:
        return "hash" if len(data) in (20, 32) else "bytes"
    return "json" if _is_json(data) else "text"


def _is_json(data: bytes) -> bool:
    if data[:1] not in (b"{", b"["):
        return False
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True


def content_words(word: str) -> str:
    """Say what bytes seem to be."""
    words = {
        "empty": say("nothing: an empty message"),
        "witness-commitment": say("the hash of all witnesses of its block (BIP 141)"),
        "png": say("the beginning of a PNG picture"),
        "jpeg": say("the beginning of a JPEG picture"),
        "gif": say("the beginning of a GIF picture"),
        "webp": say("the beginning of a WebP picture"),
        "pdf": say("the beginning of a PDF document"),
        "zip": say("the beginning of a ZIP archive"),
        "gzip": say("data compressed with gzip"),
        "omni": say("a message of the Omni layer"),
        "counterparty": say("a message of Counterparty"),
        "xml": say("XML"),
        "json": say("JSON"),
        "text": say("text in UTF-8"),
        "hash": say("bytes of the length of a hash"),
    }
    return words.get(word) or say("bytes of no protocol known here")
