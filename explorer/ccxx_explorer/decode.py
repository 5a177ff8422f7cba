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
from ccxx_explorer.contents import content_words, name_content
from ccxx_explorer.language import say, say_list
from ccxx_explorer.layouts import PDF_CODECS, REST, Layout, Part, ccxc_layout, pdf_layout
from ccxx_explorer.wording import printable, readable_text

_PERMIT, _BATCH = 0x10, 0x21
_TAIL_OPS = frozenset({0x20, 0x30, 0x31})
_EXPIRY_OPS = frozenset({_PERMIT, 0x20, _BATCH})
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

    `content` is a stable word for what bytes of others seem to be (`text`, `png`, `bytes`, …).
    `problem` says why a message of ours cannot count, whatever its bytes seem to say.
    """

    codec: str | None
    operation: str | None
    title: str
    content: str | None
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
    if magic in PDF_CODECS and len(payload) >= _HEADER:
        return _decode_pdf(payload)
    content, text = name_content(payload), readable_text(payload)
    meaning = say("%(kind)s: “%(text)s”", kind=content_words(content), text=text)
    field = Field(
        0, len(payload), payload.hex(), say("data"), meaning if text else content_words(content)
    )
    return DataOutput(None, None, say("Data of another protocol"), content, text, None, (field,))


def _decode_ccxc(payload: bytes) -> DataOutput:
    version, op, flags = payload[4], payload[5], int.from_bytes(payload[6:8])
    layout = ccxc_layout(op) if version == 1 else None
    header = (
        Field(0, 4, payload[:4].hex(), say("magic"), say("CCXC, a certificate message")),
        Field(4, 1, payload[4:5].hex(), say("version"), say("version %(number)s", number=version)),
        Field(5, 1, payload[5:6].hex(), say("operation"), _operation(version, layout)),
        Field(6, 2, payload[6:8].hex(), say("flags"), _flag_words(op, flags)),
    )
    if layout is not None:
        title = f"{layout.name}: {layout.purpose}"
    else:
        title = say("A certificate message, %(purpose)s", purpose=_unknown(version))
    parts = layout.parts if layout else ()
    body = tuple(_split(payload, _HEADER, parts, flags))
    name = layout.name if layout else None
    return DataOutput("CCXC", name, title, None, None, _problem(payload), header + body)


def _operation(version: int, layout: Layout | None) -> str:
    if layout is None:
        return say("unknown: %(purpose)s", purpose=_unknown(version))
    return f"{layout.name}: {layout.purpose}"


def _unknown(version: int) -> str:
    if version != 1:
        return say("written by a newer version: needs a newer explorer")
    return say("unknown operation")


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
    layout = pdf_layout(codec, int.from_bytes(payload[6:8])) if version == 1 else None
    text = codec.decode("ascii")
    magic = say("%(codec)s, a PDF certificate message", codec=text)
    header = (
        Field(0, 4, codec.hex(), say("magic"), magic),
        Field(4, 2, payload[4:6].hex(), say("version"), say("version %(number)s", number=version)),
        Field(6, 2, payload[6:8].hex(), say("operation"), _operation(version, layout)),
    )
    body = tuple(_split(payload, _HEADER, layout.parts if layout else (), 0))
    purpose = layout.purpose if layout else _unknown(version)
    title = say("PDF certificates: %(purpose)s", purpose=purpose)
    name = layout.name if layout else None
    return DataOutput(text, name, title, None, None, _problem(payload), header + body)


def _split(payload: bytes, offset: int, parts: Sequence[Part], flags: int) -> Iterator[Field]:
    for part in parts:
        end = len(payload) if part.length == REST else offset + part.length
        data = payload[offset:end]
        if part.length == REST and not data:
            continue
        short = part.length != REST and len(data) < part.length
        meaning = say("cut short") if short else part.describe(data, flags)
        yield Field(offset, len(data), data.hex(), part.name, meaning)
        offset += len(data)
    if offset < len(payload):
        left = payload[offset:]
        yield Field(
            offset, len(left), left.hex(), say("more"), say("bytes that do not belong here")
        )


def _flag_words(op: int, flags: int) -> str:
    """Say what every set bit means, and what bits mean that are not set where that says much."""
    words: list[str] = []
    known = 0
    for first, width, meanings in _named_bits(op):
        value = flags >> first & ((1 << width) - 1)
        known |= value << first
        if meanings[value]:
            words.append(_bits_words(first, width, value, meanings[value]))
    if ccxc_layout(op) is None:
        return say("bits %(bits)s", bits=f"{flags:016b}") if flags else say("none set")
    left = flags & ~known
    unnamed = say("no meaning in this operation")
    words += [_bits_words(bit, 1, 1, unnamed) for bit in range(16) if left >> bit & 1]
    return say_list(words) if words else say("none set")


def _bits_words(first: int, width: int, value: int, meaning: str) -> str:
    if not value:
        return meaning
    if width == 1:
        return say("bit %(bit)s: %(meaning)s", bit=first, meaning=meaning)
    last = first + width - 1
    return say("bits %(first)s to %(last)s: %(meaning)s", first=first, last=last, meaning=meaning)


def _named_bits(op: int) -> tuple[tuple[int, int, tuple[str, ...]], ...]:
    """Give runs of bits: the first, how many, and what each value means, empty: nothing."""
    found: list[tuple[int, int, tuple[str, ...]]] = []
    if op == _PERMIT:
        found += [
            (0, 1, (say("not transferable"), say("transferable"))),
            (1, 1, ("", say("the issuer may revoke"))),
            (2, 1, ("", say("the root may revoke"))),
            (3, 1, ("", say("public summary"))),
            (4, 1, ("", say("recovery allowed"))),
            (12, 2, (say("custody 3 of 3"), say("custody recoverable"), say("custody 2 of 3"),
                     say("unknown custody"))),
        ]  # fmt: skip
    if op == _BATCH:
        found.append((0, 1, ("", say("deferred"))))
    if op in _TAIL_OPS:
        tails = (
            say("no tail"), say("a text follows"), say("holder key with even y"),
            say("holder key with odd y"),
        )  # fmt: skip
        found.append((4, 2, tails))
    if op in _EXPIRY_OPS:
        kinds = tuple(say("expiry kind %(number)s", number=kind) for kind in range(8))
        found.append((8, 3, kinds))
    return tuple(found)


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
