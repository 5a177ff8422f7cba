"""Changed and hostile PDF files are read or refused, quickly and in little memory."""

import time
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from ccxx_cert.pdf_claims import read_claims
from ccxx_cert.vpdf import PdfForm, take_proof
from ccxx_core.errors import DecodeError

Write = Callable[[Mapping[str, str]], bytes]
MEGABYTE = 1_000_000
LONGEST = 1 << 18
MOST_TIMES = 12
BESIDES = 16 * MEGABYTE
# Far more than it takes: a slow machine is no failure, a loop inside a loop is.
MOST_SECONDS = 20.0


def read(data: bytes) -> None:
    """Read all that a file says, or refuse it."""
    with suppress(DecodeError):
        proven = take_proof(data)
        read_claims(proven.form)
        proven.receipt()


def test_changed_files_are_read_or_refused(
    written_pdf: Write, changes: Callable[..., Iterator[bytes]], vectors: Path
) -> None:
    small = written_pdf({"chainpoint_proof": "{}", "issuer": '{"name": "U"}', "metadata": "{}"})
    large = (vectors / "pdf" / "valid-expiry.pdf").read_bytes()
    chance = Random("pdf")

    # Pieces of other formats' kept inputs are overwritten into the file.
    for piece in changes("header", 3000):
        for data in (small, large[:2000] + large[-1800:]):
            at = chance.randrange(len(data))
            end = at + chance.choice((0, 1, len(piece)))
            read(data[:at] + piece[: chance.randrange(1, 9)] + data[end:])


def with_value(data: bytes, value: bytes) -> bytes:
    """Put any bytes where a value stands, with a table of objects that fits."""
    form = PdfForm.decode(data)
    return replace(form, info=(*form.info[:-1], (b"/issuer", value))).encode()


def hostile_files(write: Write) -> Iterator[tuple[str, bytes]]:
    base = write({"chainpoint_proof": "proof", "issuer": "X"})
    # As long as a dictionary may be, and longer.
    for name, value in (
        ("nested lightly", b"[" + b"[]" * ((LONGEST - 400) // 2) + b"]"),
        ("brackets lightly", b"(" + b"()" * ((LONGEST - 400) // 2) + b")"),
        ("tokens lightly", b"[" + b"1 " * ((LONGEST - 400) // 2) + b"]"),
        ("escapes", b"(" + b"\\\\" * ((LONGEST - 400) // 2) + b")"),
        ("nested", b"[" * MEGABYTE + b"]" * MEGABYTE),
        ("unclosed", b"[" * 2 * MEGABYTE),
        ("brackets", b"(" * MEGABYTE + b")" * MEGABYTE),
        ("open string", b"(" * 2 * MEGABYTE),
        ("backslashes", b"(" + b"\\" * 2 * MEGABYTE),
        ("keys", b"0" + b"".join(b" /k%07d 1" % number for number in range(200_000))),
        ("tokens", b"[" + b"1 " * MEGABYTE + b"]"),
        ("spaces", b" " * 2 * MEGABYTE + b"1"),
        ("digits", b"1" * 2 * MEGABYTE),
        ("references", b"1 0 R" * 400_000),
    ):
        yield name, with_value(base, value)
    head, tail = base.split(b"xref\n0 6\n")
    entry = b"0000000015 00000 n\r\n"
    yield "entries", head + b"xref\n0 100001\n0000000000 65535 f\r\n" + entry * 100_000 + tail[120:]
    yield "table", base.replace(b"0 6\n", b"0 99999999\n")
    yield "tails", base + b"\nstartxref\n1\n%%EOF\n" * 100_000
    yield "deep dictionaries", with_value(base, b"<</a " * 400_000)


def test_hostile_files_are_refused_quickly_and_in_little_memory(written_pdf: Write) -> None:
    for name, data in hostile_files(written_pdf):
        started = time.process_time()
        tracemalloc.start()
        try:
            read(data)
            most = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

        assert time.process_time() - started < MOST_SECONDS, name
        assert most < MOST_TIMES * len(data) + BESIDES, name


@pytest.mark.parametrize("size", [10_000, 100_000])
def test_large_streams_are_not_looked_into(written_pdf: Write, size: int) -> None:
    bomb = b"x\x9c" + bytes(size)

    form = PdfForm.decode(written_pdf({"chainpoint_proof": "p"}))
    grown = replace(form, tail=form.tail[:-8] + bomb + form.tail[-8:])

    assert take_proof(grown.encode()).proof == "p"
