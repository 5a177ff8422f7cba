"""Proofs are taken out of PDF files as the published tool's hashes want it, or not at all."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from ccxx_cert.chainpoint import decode_receipt
from ccxx_cert.vpdf import PROOF, PdfForm, pack, put_proof, take_proof
from ccxx_core.errors import DecodeError

Write = Callable[[Mapping[str, str]], bytes]
TEXTS = {
    "chainpoint_proof": '{"a proof": "in (brackets) and \\u03a0"}',
    "issuer": "University",
    "version": "2",
}


@pytest.fixture
def pdf(written_pdf: Write) -> bytes:
    """A small file with a proof."""
    return written_pdf(TEXTS)


def test_every_hash_of_the_published_tool_is_reproduced(vectors: Path) -> None:
    files = json.loads((vectors / "pdf" / "expected.json").read_text())["files"]

    for name in files:
        data = (vectors / "pdf" / name).read_bytes()
        proven = take_proof(data)

        receipt = proven.receipt()
        assert proven.target_hash == receipt.target_hash, name
        assert receipt.leads_to_root
        assert put_proof(proven.stripped, proven.proof) == data


def test_proof_is_taken_out_and_fits_back(pdf: bytes) -> None:
    proven = take_proof(pdf)

    assert proven.proof == TEXTS["chainpoint_proof"]
    assert b"/chainpoint_proof ()" in proven.stripped
    assert put_proof(proven.stripped, proven.proof) == pdf


def test_file_without_the_proof_has_a_correct_table_of_objects(pdf: bytes) -> None:
    stripped = take_proof(pdf).stripped

    table = stripped.rindex(b"\nxref\n") + 1
    assert int(stripped.split(b"startxref\n")[1].split(b"\n")[0]) == table
    entries = re.findall(rb"(\d{10}) 00000 n\r\n", stripped[table:])
    assert [stripped[int(at) :].split(b"\n")[0] for at in entries] == [
        b"%d 0 obj" % number for number in range(1, 6)
    ]


def test_another_proof_leaves_the_hash_as_it_is(pdf: bytes) -> None:
    proven = take_proof(pdf)

    other = take_proof(put_proof(proven.stripped, "a much longer proof " * 100))

    assert other.target_hash == proven.target_hash
    assert PdfForm.decode(pdf).text(PROOF) != other.proof


def test_proof_can_be_put_where_none_was(written_pdf: Write) -> None:
    bare = written_pdf({"issuer": "University"})

    proven = take_proof(put_proof(bare, "proof"))

    assert proven.proof == "proof"
    assert take_proof(put_proof(proven.stripped, "proof")).stripped == proven.stripped


def test_short_dictionary_stands_in_one_line() -> None:
    assert pack(((b"/A", b"1"), (b"/B", b"(two)"))) == b"<</A 1 /B (two)>>"
    assert pack(((b"/A", b"x" * 68),)).count(b"\n") == 0
    assert pack(((b"/A", b"x" * 69),)) == b"<</A\n  " + b"x" * 69 + b">>"


def test_line_is_broken_where_the_next_item_would_not_fit() -> None:
    packed = pack(((b"/A", b"x" * 66), (b"/B", b"y" * 10)))

    assert packed == b"<</A " + b"x" * 66 + b"\n  /B " + b"y" * 10 + b">>"


@pytest.mark.parametrize(
    "value",
    [
        b"(a (nested \\) string))",
        b"<< /Deep [ << >> [ 1 0 R ] <00ff> ] >>",
        b"12 0 R",
        b"true",
        b"/Name#20x",
        b"[" * 3 + b"]" * 3,
        b"-1.5",
    ],
)
def test_value_of_any_kind_stays_as_it_is(written_pdf: Write, value: bytes) -> None:
    form = PdfForm.decode(written_pdf({"chainpoint_proof": "proof"}))
    items = (form.info[0], (b"/other", value))
    data = PdfForm(form.head, items, form.tail, form.before, form.behind, form.trailer).encode()

    assert take_proof(data).form.value(b"/other") == value


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"%PDF-1.3", b"%PDF-1.7"),
        (b" /issuer", b"  /issuer"),
        (b"/issuer", b"/Issuer"),
        (b"/issuer", b"/chainpoint_proof"),
        (b"(University)", b"(University"),
        (b"(University)", b"(Univ)rsity)"),
        (b"(University)", b"\\University)"),
        (b"\\(brackets", b"(brackets"),
        (b"\\\\u03a0", b"\\u03a0"),
        (b"endobj\nxref", b"endobj xref"),
        (b"65535 f", b"65535 n"),
        (b"/Info 1 0 R", b"/Info 9 0 R"),
        (b"/Info 1 0 R", b"/Info 2 0 R"),
        (b"/Info 1 0 R", b"/Info 0 0 R"),
        (b"/Info 1 0 R", b"/Jnfo 1 0 R"),
        (b"trailer\n\n", b"trailer\n "),
        (b"%%EOF\n", b"%%EOF\n\n"),
        (b"%%EOF\n", b"%%EOF"),
        (b"startxref\n", b"startxref\n9"),
        (b"startxref\n", b"startxref\n0"),
        (b"startxref", b"startyref"),
        (b"0 6\n", b"0 5\n"),
        (b"0 6\n", b"0 9999999\n"),
        (b"00000 n", b"00001 n"),
        (b"3 0 obj", b"7 0 obj"),
        (b"/chainpoint_proof", b"/chainpoint_prooe"),
    ],
)
def test_change_outside_the_form_is_refused(pdf: bytes, old: bytes, new: bytes) -> None:
    assert old in pdf

    with pytest.raises(DecodeError):
        take_proof(pdf.replace(old, new))


def test_bytes_behind_the_end_are_refused(pdf: bytes) -> None:
    with pytest.raises(DecodeError):
        take_proof(pdf + b"1 0 obj\n<</chainpoint_proof (mine)>>\nendobj\n")


def test_every_truncated_file_is_refused(pdf: bytes) -> None:
    for size in range(len(pdf)):
        with pytest.raises(DecodeError):
            take_proof(pdf[:size])


def test_changed_page_has_another_hash(pdf: bytes) -> None:
    proven = take_proof(pdf)

    changed = take_proof(pdf.replace(b"A certificate", b"B certificate"))

    assert changed.target_hash != proven.target_hash


def test_text_outside_latin_1_has_no_form(pdf: bytes) -> None:
    with pytest.raises(DecodeError):
        put_proof(take_proof(pdf).stripped, "Λ")


def test_file_of_too_many_objects_is_refused() -> None:
    head = b"%PDF-1.3\n%\xe2\xe3\xcf\xd3\n"
    table = b"xref\n0 100001\n0000000000 65535 f\r\n" + b"0000000015 00000 n\r\n" * 100_000
    end = b"trailer\n\n<</Info 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(head)

    with pytest.raises(DecodeError, match="objects"):
        take_proof(head + table + end)


@pytest.mark.parametrize("text", ["", "{}", "[]"])
def test_proof_that_is_no_receipt_is_refused(written_pdf: Write, text: str) -> None:
    with pytest.raises(DecodeError):
        decode_receipt(take_proof(written_pdf({"chainpoint_proof": text})).proof)
