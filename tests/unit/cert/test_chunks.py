"""Rule 18: a document put together from its author's pieces."""

import pytest

from ccxx_cert.chunks import Piece, assemble, split
from ccxx_cert.codec import decode_message, encode_message
from ccxx_core.hashes import sha256

DOCUMENT = bytes(range(256)) * 2
AUTHOR, STRANGER = frozenset({b"author", b"fee"}), frozenset({b"stranger"})


def pieces(document: bytes, scripts: frozenset[bytes] = AUTHOR, size: int = 60) -> list[Piece]:
    """Publish a document."""
    return [Piece(message, scripts) for message in split(document, size)]


def test_document_is_whole_once_all_pieces_are_there() -> None:
    published = pieces(DOCUMENT)

    found = assemble(sha256(DOCUMENT), AUTHOR, reversed(published))

    assert found == DOCUMENT
    assert assemble(sha256(DOCUMENT), AUTHOR, published[1:]) is None


def test_pieces_of_a_stranger_are_ignored() -> None:
    forged = pieces(DOCUMENT, STRANGER)

    assert assemble(sha256(DOCUMENT), AUTHOR, forged) is None
    assert assemble(sha256(DOCUMENT), AUTHOR, [*forged, *pieces(DOCUMENT)]) == DOCUMENT


def test_first_piece_of_an_index_counts() -> None:
    wrong = pieces(DOCUMENT[:60] + bytes(452))[1]
    wrong = Piece(type(wrong.message)(sha256(DOCUMENT)[:8], 1, 9, wrong.message.piece), AUTHOR)

    assert assemble(sha256(DOCUMENT), AUTHOR, [wrong, *pieces(DOCUMENT)]) is None
    assert assemble(sha256(DOCUMENT), AUTHOR, [*pieces(DOCUMENT), wrong]) == DOCUMENT


def test_document_published_again_in_other_pieces_is_found() -> None:
    published = [*pieces(DOCUMENT)[:3], *pieces(DOCUMENT, size=50)]

    assert assemble(sha256(DOCUMENT), AUTHOR, published) == DOCUMENT


def test_every_piece_has_an_encoding() -> None:
    for message, _ in pieces(DOCUMENT):
        assert decode_message(encode_message(message)) == message


@pytest.mark.parametrize("document", [b"", bytes(60 * 0xFFFF + 1)])
def test_document_that_does_not_fit_is_refused(document: bytes) -> None:
    with pytest.raises(ValueError, match="in pieces of 60"):
        split(document)
