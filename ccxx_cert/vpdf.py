"""PDF files that carry their own proof, byte for byte as the published tool's writer lays them out.

Its hash is of the file with the proof emptied, written again by that writer (pdfrw 0.3). So a file
is read here only in that writer's form, and written in it by the same code: what is taken out and
put back gives the same bytes, or the file is refused. No PDF is interpreted, no stream opened.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

from ccxx_cert.chainpoint import Receipt, decode_receipt
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import sha256

PROOF = b"/chainpoint_proof"
OWNER_PROOF = b"/owner_proof"
_HEADER = b"%PDF-1.3\n%\xe2\xe3\xcf\xd3\n"
_END = b"\n%%EOF\n"
_END_OF_OBJECT = b"\nendobj\n"
_FIRST_ENTRY = b"0000000000 65535 f\r\n"
_ENTRY = 20
_ONE_LINE = 70
_LINE = 71
_MOST_KEYS = 1_000
_MOST_OBJECTS = 100_000
_LONGEST_DICTIONARY = 1 << 18
_DEEPEST = 100

_TABLE = re.compile(rb"xref\n0 ([1-9]\d{0,7})\n")
_ENTRIES = re.compile(rb"(?:\d{10} 00000 n\r\n)*")
_START = re.compile(rb"\nstartxref\n(\d{1,10})\n%%EOF\n")
_WHITE = re.compile(rb"[ \n]*")
_REGULAR = rb"[^\x00\t\n\f\r ()<>\[\]{}/%]"
_NAME = re.compile(rb"/" + _REGULAR + rb"*")
_REFERENCE = re.compile(rb"\d{1,10} \d{1,5} R(?!" + _REGULAR + rb")")
_TOKEN = re.compile(
    rb"(?P<open><<|\[)|(?P<close>>>|\])|(?P<string>\()"
    rb"|<[0-9A-Fa-f\s]*>|/" + _REGULAR + rb"*|" + _REGULAR + rb"+"
)
_IN_STRING = re.compile(rb"\\.|[()]", re.DOTALL)
_ESCAPED = re.compile(rb"\\([\\()])")
_TO_ESCAPE = re.compile(rb"[\\()]")

Items = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class PdfForm:
    """A file in the writer's form, cut at its document information dictionary.

    `head` ends where the dictionary begins, `tail` starts where it ends; `before` are offsets of
    objects in the head, `behind` of those in the tail, counted from its start.
    """

    head: bytes
    info: Items
    tail: bytes
    before: tuple[int, ...]
    behind: tuple[int, ...]
    trailer: bytes

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Cut a file; raises DecodeError where it is not exactly in the form."""
        if not data.startswith(_HEADER):
            raise DecodeError("file does not begin as the published tool's PDFs do")
        table, trailer = _read_trailer(data)
        offsets = _read_offsets(data, table)
        number = _info_number(trailer)
        if not 1 <= number <= len(offsets):
            raise DecodeError(f"information dictionary {number} is no object of the file")
        begin = offsets[number - 1] + len(b"%d 0 obj\n" % number)
        end = (*offsets, table)[number] - len(_END_OF_OBJECT)
        form = cls(
            head=data[:begin],
            info=_read_dictionary(data, begin, end),
            tail=data[end:table],
            before=offsets[:number],
            behind=tuple(offset - end for offset in offsets[number:]),
            trailer=trailer,
        )
        if form.encode() != data:
            raise DecodeError("file is laid out in another way than the published tool's PDFs")
        return form

    def encode(self) -> bytes:
        """Write the file."""
        body = self.head + pack(self.info)
        offsets = (*self.before, *(len(body) + offset for offset in self.behind))
        entries = b"".join(b"%010d 00000 n\r\n" % offset for offset in offsets)
        start = len(body) + len(self.tail)
        table = b"xref\n0 %d\n%s%s" % (len(offsets) + 1, _FIRST_ENTRY, entries)
        end = b"trailer\n\n%s\nstartxref\n%d%s" % (self.trailer, start, _END)
        return body + self.tail + table + end

    def value(self, key: bytes) -> bytes | None:
        """Return what stands behind a key of the information dictionary, as it is written."""
        return dict(self.info).get(key)

    def text(self, key: bytes) -> str | None:
        """Return a literal string of the information dictionary, None where there is none."""
        value = self.value(key)
        if value is None or not value.startswith(b"("):
            return None
        return _ESCAPED.sub(rb"\1", value[1:-1]).decode("latin-1")

    def with_text(self, key: bytes, text: str) -> Self:
        """Return the file with another string behind a key; DecodeError unless it is Latin-1."""
        try:
            value = b"(%s)" % _TO_ESCAPE.sub(rb"\\\g<0>", text.encode("latin-1"))
        except UnicodeEncodeError:
            raise DecodeError(f"{key.decode('latin-1')} has text that is not Latin-1") from None
        return replace(self, info=tuple(sorted((dict(self.info) | {key: value}).items())))


@dataclass(frozen=True, slots=True)
class ProvenPdf:
    """A file and the proof that was in it: `stripped` is what its target hash is of."""

    form: PdfForm
    stripped: bytes
    proof: str

    @property
    def target_hash(self) -> bytes:
        """The hash that stands in the Merkle tree."""
        return sha256(self.stripped)

    def receipt(self) -> Receipt:
        """Read the proof; raises DecodeError."""
        return decode_receipt(self.proof)

    @property
    def owner_hash(self) -> bytes:
        """The hash that the owner signed: of the file before it had any proof."""
        return sha256(self.form.with_text(PROOF, "").with_text(OWNER_PROOF, "").encode())


def take_proof(data: bytes) -> ProvenPdf:
    """Take the proof out of a file; DecodeError where there is none, or it does not fit back."""
    form = PdfForm.decode(data)
    proof = form.text(PROOF)
    if not proof:
        raise DecodeError("the file's information dictionary has no chainpoint_proof")
    stripped = form.with_text(PROOF, "").encode()
    if put_proof(stripped, proof) != data:
        raise DecodeError("the proof, put back where it was taken out, gives another file")
    return ProvenPdf(form, stripped, proof)


def put_proof(stripped: bytes, proof: str) -> bytes:
    """Put a proof into a file in the form; raises DecodeError for another file or text."""
    return PdfForm.decode(stripped).with_text(PROOF, proof).encode()


def pack(items: Items) -> bytes:
    """Write a dictionary: in one line where it is short, else in lines of about 70 characters."""
    tokens = [token for item in items for token in item]
    if sum(map(len, tokens)) <= _ONE_LINE:
        return b"<<%s>>" % b" ".join(tokens)
    lines: list[list[bytes]] = []
    width = _LINE
    for token in tokens:
        width += len(token) + 1
        if width > _LINE:
            lines.append([])
            width = len(token) + 1
        lines[-1].append(token)
    return b"<<%s>>" % b"\n  ".join(map(b" ".join, lines))


def _read_trailer(data: bytes) -> tuple[int, bytes]:
    """Return where the table of objects begins, and the trailer dictionary."""
    behind = data.rfind(b"\nstartxref\n")
    found = _START.fullmatch(data, behind) if behind >= 0 else None
    table = int(found[1]) if found else -1
    size = _TABLE.match(data, table) if 0 <= table < len(data) else None
    if size is None:
        raise DecodeError("file does not end with one table of objects and its place")
    if int(size[1]) > _MOST_OBJECTS:
        raise DecodeError(f"file of more than {_MOST_OBJECTS} objects")
    start = size.end() + _ENTRY * int(size[1])
    trailer = data[start:behind]
    if not trailer.startswith(b"trailer\n\n"):
        raise DecodeError("file has no trailer behind its table of objects")
    return table, trailer.removeprefix(b"trailer\n\n")


def _read_offsets(data: bytes, table: int) -> tuple[int, ...]:
    """Return where the objects 1, 2, 3… stand, which follow each other without a gap."""
    size = _TABLE.match(data, table)
    assert size is not None
    start, end = size.end(), size.end() + _ENTRY * int(size[1])
    rest = start + _ENTRY
    if data[start:rest] != _FIRST_ENTRY or not _ENTRIES.fullmatch(data, rest, end):
        raise DecodeError("table of objects is laid out in another way")
    offsets = tuple(int(data[at : at + 10]) for at in range(rest, end, _ENTRY))
    last = len(_HEADER) - 1
    for number, offset in enumerate(offsets, 1):
        ends_before = number == 1 or data.endswith(_END_OF_OBJECT, last, offset)
        if offset <= last or not ends_before or not data.startswith(b"%d 0 obj\n" % number, offset):
            raise DecodeError(f"object {number} is not where the table says")
        last = offset
    if not offsets or offsets[0] != len(_HEADER):
        raise DecodeError("the first object does not follow the file's header")
    if not data.endswith(_END_OF_OBJECT, last, table):
        raise DecodeError("the table of objects does not follow the last object")
    return offsets


def _info_number(trailer: bytes) -> int:
    """Return the number of the information dictionary."""
    reference = dict(_read_dictionary(trailer, 0, len(trailer))).get(b"/Info", b"")
    number, _, kind = reference.partition(b" ")
    if kind != b"0 R" or not number.isdigit():
        raise DecodeError("file has no document information dictionary")
    return int(number)


def _read_dictionary(data: bytes, begin: int, end: int) -> Items:
    """Read a dictionary that fills a range; its values stay as they are written."""
    if end - begin > _LONGEST_DICTIONARY:
        raise DecodeError(f"a dictionary of {end - begin} bytes, at most {_LONGEST_DICTIONARY}")
    if data[begin : begin + 2] != b"<<" or data[max(begin + 2, end - 2) : end] != b">>":
        raise DecodeError("information dictionary or trailer is no dictionary")
    items: list[tuple[bytes, bytes]] = []
    for key, value in _pairs(data, begin + 2, end - 2):
        if items and key <= items[-1][0]:
            raise DecodeError("keys of a dictionary are not in order, or stand twice")
        items.append((key, value))
        if len(items) > _MOST_KEYS:
            raise DecodeError(f"a dictionary has more than {_MOST_KEYS} keys")
    return tuple(items)


def _pairs(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    while at < end:
        name = _NAME.match(data, at, end)
        if name is None:
            raise DecodeError("a dictionary has something else where a key must stand")
        value = _skip(data, name.end(), end)
        value_end = _value_end(data, value, end)
        yield name[0], data[value:value_end]
        at = _skip(data, value_end, end)


def _skip(data: bytes, at: int, end: int) -> int:
    found = _WHITE.match(data, at, end)
    return found.end() if found else at


def _value_end(data: bytes, at: int, end: int) -> int:
    """Return where a value ends."""
    reference = _REFERENCE.match(data, at, end)
    if reference is not None:
        return reference.end()
    depth = 0
    while token := _TOKEN.match(data, at, end):
        at = token.end()
        if token["open"]:
            depth += 1
        elif token["close"]:
            depth -= 1
        elif token["string"]:
            at = _string_end(data, at, end)
        if not depth:
            return at
        if not 0 < depth <= _DEEPEST:
            break
        at = _skip(data, at, end)
    raise DecodeError("a value of a dictionary does not end, is none, or is nested too deep")


def _string_end(data: bytes, at: int, end: int) -> int:
    """Return where a literal string ends, whose inner brackets are escaped or in pairs."""
    depth = 1
    for found in _IN_STRING.finditer(data, at, end):
        if found[0] == b"(":
            depth += 1
        elif found[0] == b")":
            depth -= 1
        if not depth:
            return found.end()
    raise DecodeError("a string does not end")
