"""Where each field of each message stands, as data (certificate-protocol.md section 3).

`decode.py` walks these tables over a payload; whether the message is *valid* is decided by
`ccxx_cert`, never here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ccxx_explorer.wording import (
    REVOCATION_REASONS,
    format_time,
    padded_text,
    readable_text,
    since_words,
)

Describe = Callable[[bytes, int], str]
# A field of this length takes all that is left.
REST = -1

_ZEROS = "zeros: none given"
_TIME_THRESHOLD = 500_000_000


@dataclass(frozen=True, slots=True)
class Part:
    """One field: its name, its length in bytes, and how its bytes and the flags read in words."""

    name: str
    length: int
    describe: Describe


def _number(data: bytes, _flags: int) -> str:
    return f"{int.from_bytes(data):,}"


def _text(data: bytes, _flags: int) -> str:
    return f"“{padded_text(data)}”"


def _hash(data: bytes, _flags: int) -> str:
    return data.hex() if any(data) else _ZEROS


def _reserved(data: bytes, _flags: int) -> str:
    return "reserved, zero as it must be" if not any(data) else "reserved, but not zero"


def _expiry(data: bytes, flags: int) -> str:
    value = int.from_bytes(data)
    meanings = {
        0: "no expiry",
        1: f"expires {format_time(value)} (against median time past)",
        2: f"expires at height {value:,}",
        3: f"expires {value:,} seconds after issue",
        4: f"expires {value:,} blocks after issue",
        5: "expires as the permit says",
    }
    return meanings.get(flags >> 8 & 7, "unknown kind of expiry")


def _expiry_or_height(data: bytes, _flags: int) -> str:
    value = int.from_bytes(data)
    when = f"at height {value:,}" if value < _TIME_THRESHOLD else format_time(value)
    return f"expires {when}"


def _holder_key(data: bytes, flags: int) -> str:
    prefix = {2: "02", 3: "03"}.get(flags >> 4 & 3)
    if prefix is None:
        return "no holder key declared"
    return f"public key {prefix}{data.hex()} of the holder"


def _even_key(data: bytes, _flags: int) -> str:
    return f"public key 02{data.hex()}"


def _tail(data: bytes, flags: int) -> str:
    kind = flags >> 4 & 3
    if kind == 0:
        return "no tail" if not data else "bytes where none belong"
    return _text(data, flags) if kind == 1 else _holder_key(data, flags)


def _vout(data: bytes, _flags: int) -> str:
    return "the whole batch or permit" if data == b"\xff\xff" else f"output {int.from_bytes(data)}"


def _reason(data: bytes, _flags: int) -> str:
    return REVOCATION_REASONS.get(data[0], "unknown reason") if data else "missing"


def _since(data: bytes, _flags: int) -> str:
    value = int.from_bytes(data)
    if not value:
        return "from this block on"
    return f"since {since_words(value)}"


def _piece(data: bytes, _flags: int) -> str:
    text = readable_text(data)
    return f"“{text}”" if text is not None else f"{len(data)} bytes"


def _txids(data: bytes, _flags: int) -> str:
    return ", ".join(data[start : start + 32].hex() for start in range(0, len(data), 32))


def _hashes20(data: bytes, _flags: int) -> str:
    return ", ".join(data[start : start + 20].hex() for start in range(0, len(data), 20))


_EXPIRY = Part("expiry", 4, _expiry)
_DOC_HASH = Part("document hash", 32, _hash)
_REFERENCE = Part("certificate reference", 8, _hash)
_TRANSFER = (_REFERENCE, Part("new holder key", 32, _holder_key), Part("deed hash", 32, _hash))
_NOTE = Part("note", 32, _hash)

# op -> (name, what it does in words, fields after the header)
CCXC_LAYOUTS: dict[int, tuple[str, str, tuple[Part, ...]]] = {
    0x01: ("ROOT", "moves the root credit to a new root", (
        _DOC_HASH, Part("commitment to the next root", 32, _hash),
        Part("sequence", 4, _number), Part("reserved", 4, _reserved))),
    0x10: ("PERMIT", "permits an issuer to issue certificates of one type", (
        Part("code", 8, _text), Part("quantity", 4, _number), _EXPIRY,
        Part("type definition hash", 32, _hash), Part("title", 24, _text))),
    0x11: ("REKEY", "moves a permit to new keys", (
        Part("permit reference", 8, _hash), Part("hash of the new script", 32, _hash), _DOC_HASH)),
    0x12: ("CLOSE", "returns a permit's credit to the root", (
        Part("permit reference", 8, _hash), _NOTE)),
    0x20: ("ISSUE", "issues one certificate", (
        Part("serial", 4, _number), _EXPIRY, _DOC_HASH, Part("tail", REST, _tail))),
    0x21: ("BATCH", "issues many certificates at once", (
        Part("first serial", 4, _number), Part("count", 2, _number), _EXPIRY,
        Part("Merkle root of the documents", 32, _hash), Part("text", REST, _text))),
    0x22: ("CLAIM", "issues one certificate of a deferred batch", (
        Part("batch transaction", 32, _hash), Part("leaf", 4, _number), _DOC_HASH,
        Part("reserved", 4, _reserved))),
    0x30: ("TRANSFER", "moves a certificate to a new holder", _TRANSFER),
    0x31: ("RECOVER", "gives the same holder a new key", _TRANSFER),
    0x32: ("SURRENDER", "returns a certificate to its permit", (_REFERENCE, _NOTE)),
    0x40: ("REVOKE", "revokes or suspends", (
        Part("transaction", 32, _hash), Part("output", 2, _vout), Part("reason", 1, _reason),
        Part("reserved", 1, _reserved), Part("since", 4, _since), Part("evidence", 32, _hash))),
    0x41: ("STATUS", "publishes a status list", (
        Part("list id", 8, _text), Part("sequence", 4, _number), Part("size", 4, _number),
        Part("list hash", 32, _hash), Part("locator", 20, _hash))),
    0x50: ("IDENT", "registers an organisation's key", (
        Part("organisation code", 8, _text), Part("key", 32, _even_key),
        Part("commitment", 32, _hash))),
    0x60: ("CHECK", "records an inspection", (
        Part("organisation code", 8, _text), Part("reference of the check", 32, _hash),
        Part("evidence", 32, _hash))),
    0x70: ("DATA", "anchors a document", (
        Part("version", 1, _number), Part("type", 1, _number), Part("hash algorithm", 1, _number),
        Part("kind of locator", 1, _number), Part("digest", 32, _hash),
        Part("locator", REST, _hash))),
    0x71: ("CHUNK", "publishes a piece of a document", (
        Part("digest prefix", 8, _hash), Part("index", 2, _number), Part("count", 2, _number),
        Part("piece", REST, _piece))),
    0x80: ("SIDE", "anchors a side chain", (
        Part("chain id", 4, _text), Part("side height", 4, _number),
        Part("side block hash", 32, _hash), Part("accumulator", 32, _hash))),
}  # fmt: skip

_ISSUER = Part("issuer", 8, _text)
_ROOT = Part("Merkle root", 32, _hash)
_REVOKE_BATCH = ("revoke batch", "revokes whole batches", (Part("batches", REST, _txids),))
_REVOKE_ONE = ("revoke credentials", "revokes one or two credentials of a batch", (
    Part("batch", 32, _hash), Part("credentials", REST, _hashes20)))  # fmt: skip
_REVOKE_ADDRESS = ("revoke address", "ends an issuing address", (
    Part("public key hashes", REST, _hashes20),))  # fmt: skip
_ISSUE = ("issue", "anchors a batch of PDF certificates", (_ISSUER, _ROOT))
_ISSUE_EXPIRY = ("issue with expiry", "anchors a batch of PDF certificates that expires", (
    _ISSUER, _ROOT, Part("expiry", REST, _expiry_or_height)))  # fmt: skip

# codec -> op -> (name, what it does, fields after the header)
PDF_LAYOUTS: dict[bytes, dict[int, tuple[str, str, tuple[Part, ...]]]] = {
    b"BDIP": {
        0x0004: _ISSUE, 0x0006: _ISSUE_EXPIRY,
        0x0008: _REVOKE_BATCH, 0x000C: _REVOKE_ONE, 0xFF00: _REVOKE_ADDRESS,
    },
    b"CRED": {
        0x0004: _ISSUE, 0x0005: _ISSUE_EXPIRY,
        0x0008: _REVOKE_BATCH, 0x000C: _REVOKE_ONE, 0xFF00: _REVOKE_ADDRESS,
    },
}  # fmt: skip
