"""Laws of proofs inside PDF files: what is put in comes out, and nothing else changes."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ccxx_cert.batch_tree import BatchTree
from ccxx_cert.chainpoint import (
    Anchor,
    AnchorType,
    Receipt,
    decode_path,
    decode_receipt,
    encode_receipt,
)
from ccxx_cert.pdf_claims import read_claims
from ccxx_cert.vpdf import PdfForm, put_proof, take_proof
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import Txid

Write = Callable[[Mapping[str, str]], bytes]
LATIN = st.text(st.characters(max_codepoint=255), max_size=200)
KEYS = st.sampled_from(["Author", "Title", "issuer", "metadata", "owner", "version", "zz"])
DIGESTS = st.binary(min_size=32, max_size=32)


@given(texts=st.dictionaries(KEYS, LATIN, max_size=7), proof=LATIN.filter(bool))
def test_proof_put_in_comes_out_again(
    written_pdf: Write, texts: dict[str, str], proof: str
) -> None:
    stripped = written_pdf(texts | {"chainpoint_proof": ""})

    proven = take_proof(put_proof(stripped, proof))

    assert (proven.stripped, proven.proof) == (stripped, proof)
    for key, text in texts.items():
        assert proven.form.text(f"/{key}".encode()) == text


@given(first=LATIN.filter(bool), second=LATIN.filter(bool))
def test_target_hash_is_the_same_for_every_proof(
    written_pdf: Write, first: str, second: str
) -> None:
    one = take_proof(written_pdf({"chainpoint_proof": first, "issuer": "U"}))
    two = take_proof(written_pdf({"chainpoint_proof": second, "issuer": "U"}))

    assert one.target_hash == two.target_hash


@given(place=st.floats(0, 1, exclude_max=True), change=st.integers(1, 255))
def test_every_changed_byte_is_refused_or_changes_the_hash(
    written_pdf: Write, place: float, change: int
) -> None:
    data = written_pdf({"chainpoint_proof": "proof", "issuer": "University", "metadata": "{}"})
    at = int(place * len(data))
    other = data[:at] + bytes([data[at] ^ change]) + data[at + 1 :]
    proven = take_proof(data)

    with suppress(DecodeError):
        found = take_proof(other)
        assert found.target_hash != proven.target_hash or found.proof != proven.proof


@given(st.binary(max_size=400))
def test_any_bytes_in_the_dictionary_are_read_or_refused(written_pdf: Write, value: bytes) -> None:
    form = PdfForm.decode(written_pdf({"chainpoint_proof": "proof", "issuer": "X"}))
    data = replace(form, info=(form.info[0], (b"/issuer", value))).encode()

    with suppress(DecodeError):
        assert PdfForm.decode(data).encode() == data
        read_claims(take_proof(data).form)


@given(st.lists(DIGESTS, min_size=1, max_size=20), st.data())
def test_receipt_of_any_leaf_leads_to_its_root(leaves: list[bytes], data: st.DataObject) -> None:
    tree, leaf = BatchTree(leaves), data.draw(st.integers(0, len(leaves) - 1))
    anchor = Anchor(data.draw(st.sampled_from(AnchorType)), Txid(data.draw(DIGESTS)))
    receipt = Receipt(leaves[leaf], tree.root, tree.proof(leaf), (anchor,))

    assert receipt.leads_to_root
    assert decode_receipt(encode_receipt(receipt)) == receipt


@given(
    st.recursive(
        st.none() | st.integers() | st.text() | st.just("00" * 32),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["left", "right", "up"]), inner, max_size=2)
        ),
        max_leaves=6,
    )
)
def test_any_json_is_a_path_or_refused(value: object) -> None:
    with suppress(DecodeError):
        assert all(len(step.digest) == 32 for step in decode_path(value))
