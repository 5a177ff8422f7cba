"""Where each field of each message stands, as data (certificate-protocol.md section 3).

`decode.py` walks these tables over a payload; whether the message is *valid* is decided by
`ccxx_cert`, never here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from gettext import NullTranslations

from ccxx_explorer.language import (
    current_language,
    say,
    say_count,
    say_list,
    say_number,
    say_quoted,
)
from ccxx_explorer.wording import (
    format_time,
    padded_text,
    readable_text,
    reason_of_revocation,
    since_words,
)

Describe = Callable[[bytes, int], str]
# A field of this length takes all that is left.
REST = -1

_TIME_THRESHOLD = 500_000_000


@dataclass(frozen=True, slots=True)
class Part:
    """One field: its name, its length in bytes, and how its bytes and the flags read in words."""

    name: str
    length: int
    describe: Describe


@dataclass(frozen=True, slots=True)
class Layout:
    """One operation: its name on the chain, what it does in words, its fields after the header."""

    name: str
    purpose: str
    parts: tuple[Part, ...]


def _amount(data: bytes, _flags: int) -> str:
    return say_number(int.from_bytes(data))


def _number(data: bytes, _flags: int) -> str:
    return str(int.from_bytes(data))


def _text(data: bytes, _flags: int) -> str:
    return say_quoted(padded_text(data))


def _hash(data: bytes, _flags: int) -> str:
    return data.hex() if any(data) else say("zeros: none given")


def _reserved(data: bytes, _flags: int) -> str:
    if any(data):
        return say("reserved, but not zero")
    return say("reserved, zero as it must be")


def _expiry(data: bytes, flags: int) -> str:
    value = int.from_bytes(data)
    match flags >> 8 & 7:
        case 0:
            return say("no expiry")
        case 1:
            when = format_time(value)
            return say("expires %(time)s (against median time past)", time=when)
        case 2:
            return say("expires at height %(height)s", height=value)
        case 3:
            return say_count(
                "expires %(count)s second after issue",
                "expires %(count)s seconds after issue",
                value,
            )
        case 4:
            return say_count(
                "expires %(count)s block after issue", "expires %(count)s blocks after issue", value
            )
        case 5:
            return say("expires as the permit says")
        case _:
            return say("unknown kind of expiry")


def _expiry_or_height(data: bytes, _flags: int) -> str:
    value = int.from_bytes(data)
    if value < _TIME_THRESHOLD:
        return say("expires at height %(height)s", height=value)
    return say("expires %(time)s", time=format_time(value))


def _holder_key(data: bytes, flags: int) -> str:
    prefix = {2: "02", 3: "03"}.get(flags >> 4 & 3)
    if prefix is None:
        return say("no holder key declared")
    return say("public key %(key)s of the holder", key=prefix + data.hex())


def _even_key(data: bytes, _flags: int) -> str:
    return say("public key %(key)s", key="02" + data.hex())


def _tail(data: bytes, flags: int) -> str:
    kind = flags >> 4 & 3
    if kind == 0:
        return say("bytes where none belong") if data else say("no tail")
    return _text(data, flags) if kind == 1 else _holder_key(data, flags)


def _vout(data: bytes, _flags: int) -> str:
    if data == b"\xff\xff":
        return say("the whole batch or permit")
    return say("output %(number)s", number=int.from_bytes(data))


def _reason(data: bytes, _flags: int) -> str:
    return reason_of_revocation(data[0]) if data else say("missing")


def _since(data: bytes, _flags: int) -> str:
    value = int.from_bytes(data)
    if not value:
        return say("from this block on")
    return say("since %(moment)s", moment=since_words(value))


def _piece(data: bytes, _flags: int) -> str:
    text = readable_text(data)
    if text is not None:
        return say_quoted(text)
    return say_count("%(count)s byte", "%(count)s bytes", len(data))


def _txids(data: bytes, _flags: int) -> str:
    return say_list(data[start : start + 32].hex() for start in range(0, len(data), 32))


def _hashes20(data: bytes, _flags: int) -> str:
    return say_list(data[start : start + 20].hex() for start in range(0, len(data), 20))


def ccxc_layout(op: int) -> Layout | None:
    """Give the layout of an operation of CCXC in the reader's language, None if it is unknown."""
    return _ccxc_layouts(current_language().catalogue).get(op)


def pdf_layout(codec: bytes, op: int) -> Layout | None:
    """Give the layout of an operation of BDIP or CRED; None if it is unknown."""
    return _pdf_layouts(current_language().catalogue).get(_PDF_OPS[codec].get(op, ""))


_REVOKING = {0x0008: "revoke batch", 0x000C: "revoke credentials", 0xFF00: "revoke address"}
# The operations of each codec of PDF certificates.
_PDF_OPS = {
    b"BDIP": {0x0004: "issue", 0x0006: "issue with expiry", **_REVOKING},
    b"CRED": {0x0004: "issue", 0x0005: "issue with expiry", **_REVOKING},
}
PDF_CODECS = frozenset(_PDF_OPS)


@cache
def _ccxc_layouts(_catalogue: NullTranslations) -> Mapping[int, Layout]:
    """Build the table in the language that is spoken now; it is kept for each catalogue."""
    expiry = Part(say("expiry"), 4, _expiry)
    doc_hash = Part(say("document hash"), 32, _hash)
    reference = Part(say("certificate reference"), 8, _hash)
    note = Part(say("note"), 32, _hash)
    reserved = Part(say("reserved"), 4, _reserved)
    organisation = Part(say("organisation code"), 8, _text)
    evidence = Part(say("evidence"), 32, _hash)
    permit_reference = Part(say("permit reference"), 8, _hash)
    transfer = (
        reference,
        Part(say("new holder key"), 32, _holder_key),
        Part(say("deed hash"), 32, _hash),
    )
    return {
        0x01: Layout("ROOT", say("moves the root credit to a new root"), (
            doc_hash, Part(say("commitment to the next root"), 32, _hash),
            Part(say("sequence"), 4, _number), reserved)),
        0x10: Layout("PERMIT", say("permits an issuer to issue certificates of one type"), (
            Part(say("code"), 8, _text), Part(say("quantity"), 4, _amount), expiry,
            Part(say("type definition hash"), 32, _hash), Part(say("title"), 24, _text))),
        0x11: Layout("REKEY", say("moves a permit to new keys"), (
            permit_reference, Part(say("hash of the new script"), 32, _hash), doc_hash)),
        0x12: Layout("CLOSE", say("returns a permit's credit to the root"), (
            permit_reference, note)),
        0x20: Layout("ISSUE", say("issues one certificate"), (
            Part(say("serial"), 4, _number), expiry, doc_hash, Part(say("tail"), REST, _tail))),
        0x21: Layout("BATCH", say("issues many certificates at once"), (
            Part(say("first serial"), 4, _number), Part(say("count"), 2, _amount), expiry,
            Part(say("Merkle root of the documents"), 32, _hash),
            Part(say("text"), REST, _text))),
        0x22: Layout("CLAIM", say("issues one certificate of a deferred batch"), (
            Part(say("batch transaction"), 32, _hash), Part(say("leaf"), 4, _number), doc_hash,
            reserved)),
        0x30: Layout("TRANSFER", say("moves a certificate to a new holder"), transfer),
        0x31: Layout("RECOVER", say("gives the same holder a new key"), transfer),
        0x32: Layout("SURRENDER", say("returns a certificate to its permit"), (reference, note)),
        0x40: Layout("REVOKE", say("revokes or suspends"), (
            Part(say("transaction"), 32, _hash), Part(say("output"), 2, _vout),
            Part(say("reason"), 1, _reason), Part(say("reserved"), 1, _reserved),
            Part(say("since"), 4, _since), evidence)),
        0x41: Layout("STATUS", say("publishes a status list"), (
            Part(say("list id"), 8, _text), Part(say("sequence"), 4, _number),
            Part(say("size"), 4, _amount), Part(say("list hash"), 32, _hash),
            Part(say("locator"), 20, _hash))),
        0x50: Layout("IDENT", say("registers an organisation's key"), (
            organisation, Part(say("key"), 32, _even_key), Part(say("commitment"), 32, _hash))),
        0x60: Layout("CHECK", say("records an inspection"), (
            organisation, Part(say("reference of the check"), 32, _hash), evidence)),
        0x70: Layout("DATA", say("anchors a document"), (
            Part(say("version"), 1, _number), Part(say("type"), 1, _number),
            Part(say("hash algorithm"), 1, _number), Part(say("kind of locator"), 1, _number),
            Part(say("digest"), 32, _hash), Part(say("locator"), REST, _hash))),
        0x71: Layout("CHUNK", say("publishes a piece of a document"), (
            Part(say("digest prefix"), 8, _hash), Part(say("index"), 2, _number),
            Part(say("count"), 2, _amount), Part(say("piece"), REST, _piece))),
        0x80: Layout("SIDE", say("anchors a side chain"), (
            Part(say("chain id"), 4, _text), Part(say("side height"), 4, _number),
            Part(say("side block hash"), 32, _hash), Part(say("accumulator"), 32, _hash))),
    }  # fmt: skip


@cache
def _pdf_layouts(_catalogue: NullTranslations) -> Mapping[str, Layout]:
    issuer = Part(say("issuer"), 8, _text)
    root = Part(say("Merkle root"), 32, _hash)
    expiry = Part(say("expiry"), REST, _expiry_or_height)
    layouts = (
        Layout("issue", say("anchors a batch of PDF certificates"), (issuer, root)),
        Layout(
            "issue with expiry",
            say("anchors a batch of PDF certificates that expires"),
            (issuer, root, expiry),
        ),
        Layout("revoke batch", say("revokes whole batches"), (Part(say("batches"), REST, _txids),)),
        Layout(
            "revoke credentials",
            say("revokes one or two credentials of a batch"),
            (Part(say("batch"), 32, _hash), Part(say("credentials"), REST, _hashes20)),
        ),
        Layout(
            "revoke address",
            say("ends an issuing address"),
            (Part(say("public key hashes"), REST, _hashes20),),
        ),
    )
    return {layout.name: layout for layout in layouts}
