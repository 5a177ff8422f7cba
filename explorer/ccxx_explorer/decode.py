"""Every OP_RETURN byte by byte, and every script in words.

Pure, and total: any bytes give a description. What a message *does* is for `ccxx_cert` to say;
this module shows what is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ccxx_cert.bdip import decode_pdf_message
from ccxx_cert.codec import decode_message
from ccxx_core.errors import DecodeError
from ccxx_core.opcodes import Op
from ccxx_core.script import read_ops
from ccxx_explorer.layouts import CCXC_LAYOUTS, PDF_LAYOUTS, REST, Part
from ccxx_explorer.wording import printable, readable_text

_FLAG_WORDS = {
    0x10: ((0, "transferable"), (1, "the issuer may revoke"), (2, "the root may revoke"),
           (3, "public summary"), (4, "recovery allowed")),
    0x21: ((0, "deferred"),),
}  # fmt: skip
_TAIL_OPS = frozenset({0x20, 0x30, 0x31})
_EXPIRY_OPS = frozenset({0x10, 0x20, 0x21})
_TAIL_WORDS = ("no tail", "a text follows", "holder key with even y", "holder key with odd y")
_CUSTODY_WORDS = ("custody 3 of 3", "custody recoverable", "custody 2 of 3", "unknown custody")
_HEADER = 8
_CCXC = b"CCXC"


@dataclass(frozen=True, slots=True)
class Field:
    """A run of bytes of a payload: where it starts, its hex, its name, and what it means."""

    offset: int
    length: int
    hex: str
    name: str
    meaning: str


@dataclass(frozen=True, slots=True)
class DataOutput:
    """An OP_RETURN output, read: codec is CCXC, BDIP, CRED or None when it is not ours.

    `problem` says why a message of ours cannot count, whatever its bytes seem to say.
    """

    codec: str | None
    operation: str | None
    title: str
    text: str | None
    problem: str | None
    fields: tuple[Field, ...]


def read_payload(script_pubkey: bytes) -> bytes | None:
    """Give what an OP_RETURN output carries (all pushes joined), or None if it is another script.

    Whatever cannot be read as pushes is given raw: it is shown, not understood.
    """
    if script_pubkey[:1] != bytes([Op.OP_RETURN]):
        return None
    try:
        return b"".join(data or b"" for _, data, _ in read_ops(script_pubkey[1:]))
    except DecodeError:
        return script_pubkey[1:]


def decode_payload(payload: bytes) -> DataOutput:
    """Name every byte of an OP_RETURN payload; bytes of no known codec come as text or hex."""
    magic = payload[:4]
    if magic == _CCXC and len(payload) >= _HEADER:
        return _decode_ccxc(payload)
    if magic in PDF_LAYOUTS and len(payload) >= _HEADER:
        return _decode_pdf(payload)
    text = readable_text(payload)
    meaning = f"“{text}”" if text else "bytes of no protocol known here"
    field = Field(0, len(payload), payload.hex(), "data", meaning)
    return DataOutput(None, None, "Data of another protocol", text, None, (field,))


def _decode_ccxc(payload: bytes) -> DataOutput:
    version, op, flags = payload[4], payload[5], int.from_bytes(payload[6:8])
    name, purpose, parts = CCXC_LAYOUTS.get(op, (None, "unknown operation", ()))
    if version != 1:
        name, purpose, parts = None, "written by a newer version: needs a newer explorer", ()
    header = (
        Field(0, 4, payload[:4].hex(), "magic", "CCXC, a certificate message"),
        Field(4, 1, payload[4:5].hex(), "version", f"version {version}"),
        Field(5, 1, payload[5:6].hex(), "operation", f"{name or 'unknown'}: {purpose}"),
        Field(6, 2, payload[6:8].hex(), "flags", _flag_words(op, flags)),
    )
    title = f"{name}: {purpose}" if name else f"A certificate message, {purpose}"
    body = tuple(_split(payload, _HEADER, parts, flags))
    return DataOutput("CCXC", name, title, None, _problem(payload), header + body)


def _problem(payload: bytes) -> str | None:
    try:
        if payload[:4] == _CCXC:
            decode_message(payload)
        else:
            decode_pdf_message(payload)
    except DecodeError as error:
        return printable(str(error))
    return None


def _decode_pdf(payload: bytes) -> DataOutput:
    codec, version = payload[:4], int.from_bytes(payload[4:6])
    op = int.from_bytes(payload[6:8])
    name, purpose, parts = PDF_LAYOUTS[codec].get(op, (None, "unknown operation", ()))
    if version != 1:
        name, purpose, parts = None, "written by a newer version: needs a newer explorer", ()
    text = codec.decode("ascii")
    header = (
        Field(0, 4, codec.hex(), "magic", f"{text}, a PDF certificate message"),
        Field(4, 2, payload[4:6].hex(), "version", f"version {version}"),
        Field(6, 2, payload[6:8].hex(), "operation", f"{name or 'unknown'}: {purpose}"),
    )
    body = tuple(_split(payload, _HEADER, parts, 0))
    title = f"PDF certificates: {purpose}"
    return DataOutput(text, name, title, None, _problem(payload), header + body)


def _split(payload: bytes, offset: int, parts: Sequence[Part], flags: int) -> Iterator[Field]:
    for part in parts:
        end = len(payload) if part.length == REST else offset + part.length
        data = payload[offset:end]
        if part.length == REST and not data:
            continue
        short = part.length != REST and len(data) < part.length
        meaning = "cut short" if short else part.describe(data, flags)
        yield Field(offset, len(data), data.hex(), part.name, meaning)
        offset += len(data)
    if offset < len(payload):
        left = payload[offset:]
        yield Field(offset, len(left), left.hex(), "more", "bytes that do not belong here")


def _flag_words(op: int, flags: int) -> str:
    words = [word for bit, word in _FLAG_WORDS.get(op, ()) if flags >> bit & 1]
    if op == 0x10:
        words[:0] = [] if flags & 1 else ["not transferable"]
        words.append(_CUSTODY_WORDS[flags >> 12 & 3])
    if op in _TAIL_OPS:
        words.append(_TAIL_WORDS[flags >> 4 & 3])
    if op in _EXPIRY_OPS:
        words.append(f"expiry kind {flags >> 8 & 7}")
    return ", ".join(words) or ("none set" if not flags else f"bits {flags:016b}")


def disassemble(script: bytes) -> str:
    """Print a script as opcode names and hex pushes; a truncated push ends it with a note."""
    words: list[str] = []
    try:
        for opcode, data, _ in read_ops(script):
            words.append(data.hex() if data else _opcode_name(opcode))
    except DecodeError:
        words.append("[ends inside a push]")
    return " ".join(words)


def _opcode_name(opcode: int) -> str:
    try:
        return Op(opcode).name
    except ValueError:
        return f"OP_UNKNOWN_{opcode:02x}"
