"""Rule 18: a document that is published on the chain piece by piece is put together again."""

from collections.abc import Iterable
from typing import NamedTuple

from ccxx_cert.records import ChunkMessage
from ccxx_core.hashes import sha256

_PREFIX = 8


class Piece(NamedTuple):
    """A CHUNK, and the scripts that its transaction spent."""

    message: ChunkMessage
    spent_scripts: frozenset[bytes]


def assemble(
    digest: bytes, author_scripts: frozenset[bytes], pieces: Iterable[Piece]
) -> bytes | None:
    """Return the document with a SHA-256, None while a piece of its author's is missing.

    `pieces` stand in the order of the chain; of two with one index the first counts. A stranger's
    pieces are ignored: they share no script with `author_scripts`, which the transaction of the
    document's message spent.
    """
    found: dict[int, dict[int, bytes]] = {}
    for message, spent_scripts in pieces:
        if message.digest_prefix == digest[:_PREFIX] and spent_scripts & author_scripts:
            found.setdefault(message.count, {}).setdefault(message.index, message.piece)
    for count, parts in found.items():
        if len(parts) == count:
            document = b"".join(parts[index] for index in range(count))
            if sha256(document) == digest:
                return document
    return None


def split(document: bytes, size: int = 60) -> tuple[ChunkMessage, ...]:
    """Return the messages that publish a document; ValueError where it is empty or too long."""
    prefix = sha256(document)[:_PREFIX]
    pieces = [document[start : start + size] for start in range(0, len(document), size)]
    if not 0 < len(pieces) <= 0xFFFF:
        raise ValueError(f"document of {len(document)} bytes in pieces of {size}")
    return tuple(
        ChunkMessage(prefix, index, len(pieces), piece) for index, piece in enumerate(pieces)
    )
