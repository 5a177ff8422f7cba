"""What a visitor gives the verify page: a file or its hash, a proof beside it, or a text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from ccxx_cert.batch_proof import BatchProof, decode_batch_proof
from ccxx_cert.canonical import decode_json
from ccxx_cert.chainpoint import Receipt, decode_receipt
from ccxx_cert.document import Media, document_hash, guess_media
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import sha256
from ccxx_explorer.language import say
from ccxx_explorer.problems import PageError, bad_request
from ccxx_explorer.wording import printable

LONGEST_TEXT = 600
# A canonical form is several times as large in memory as its text, and slow to make.
LARGEST_JSON = 2_000_000
_LONGEST_NAME = 120
_HASH = re.compile(r"[0-9a-f]{64}")
_KINDS = {Media.PDF: "pdf", Media.CREDENTIAL: "credential", Media.X509: "x509"}


@dataclass(frozen=True, slots=True)
class Document:
    """A file: its bytes where it was sent here, else only what a browser worked out of it.

    `digest` is the SHA-256 of the file, `document_hash` what would stand on the chain: another
    one only for JSON, whose layout does not matter.
    """

    kind: str
    digest: bytes
    document_hash: bytes
    name: str | None = None
    data: bytes | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """All that was given; `text` is an id, a hash or a link, empty where there is none."""

    document: Document | None = None
    proof: BatchProof | Receipt | None = None
    text: str = ""


def document_of_file(name: str, data: bytes) -> Document:
    """Describe a file that was sent; raises PageError for an empty one."""
    if not data:
        raise bad_request(say("The file is empty."), say("Choose the file that you were given."))
    digest = sha256(data)
    kind, hash_on_chain = _kind_and_hash(data, digest)
    return Document(kind, digest, hash_on_chain, _safe_name(name), data)


def document_of_hash(digest: str, canonical: str = "") -> Document:
    """Describe a file of which only its hash came, and that of its canonical form if it is JSON.

    Raises PageError where it is none.
    """
    found = _read_hash(digest)
    return Document("hash", found, _read_hash(canonical) if canonical else found)


def read_proof(data: bytes) -> BatchProof | Receipt:
    """Read a proof that came beside a document; raises PageError where it is neither kind."""
    try:
        fields = decode_json(data)
        if isinstance(fields, dict) and "targetHash" in fields:
            return decode_receipt(data)
        return decode_batch_proof(data)
    except DecodeError as error:
        raise PageError(
            "bad-proof",
            400,
            say("The proof cannot be read: %(problem)s.", problem=printable(str(error))[:200]),
            say(
                "A proof is the file NAME.proof.json that came with the document, or a Chainpoint"
                " receipt. If you have neither, leave the field empty or ask the issuer."
            ),
        ) from error


def is_proof(data: bytes) -> bool:
    """Tell whether a file reads as a proof, wherever it was put."""
    try:
        read_proof(data)
    except PageError:
        return False
    return True


def text_of_link(text: str) -> str:
    """Take the id out of a link to an explorer's page; any other text stays as it is."""
    text = text.strip()[:LONGEST_TEXT]
    if "/" not in text:
        return text
    try:
        path = urlsplit(text).path
    except ValueError:
        return text
    parts = [unquote(part) for part in path.split("/") if part]
    wanted = {"certificate", "tx", "address", "permit", "block"}
    for place, part in enumerate(parts[:-1]):
        if part in wanted:
            return parts[place + 1].removesuffix(".json").strip()
    return parts[-1].strip() if parts else text


def _kind_and_hash(data: bytes, digest: bytes) -> tuple[str, bytes]:
    try:
        media = guess_media(data)
        if media is Media.CREDENTIAL:
            if len(data) > LARGEST_JSON:
                return "file", digest
            return _KINDS[media], document_hash(data, media)
    except DecodeError:
        return "file", digest
    return _KINDS[media], digest


def _read_hash(text: str) -> bytes:
    text = text.strip().lower()
    if not _HASH.fullmatch(text):
        raise bad_request(
            say("This is no SHA-256 hash."), say("A hash is written as 64 hex digits.")
        )
    return bytes.fromhex(text)


def _safe_name(name: str) -> str | None:
    """Show a file's name safely: without its folders, and with nothing that reorders words."""
    last = re.split(r"[/\\]", name[:2_000])[-1]
    return printable(last)[:_LONGEST_NAME] or None
