"""Where documents are kept outside of wallets: a folder, a web server, IPFS.

A store is trusted with nothing. Documents are kept under their hash, and what comes back is hashed
before anybody sees it.
"""

import base64
from pathlib import Path
from typing import Protocol

import aiohttp

from ccxx_cert.canonical import decode_json
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import sha256
from ccxx_wallet.bounded_http import Answer, Request, ask, check_address, failed
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.files import PUBLIC, make_private_folder, read_file, write_atomically

MOST_BYTES = 8_000_000
CHAIN = "chain"
# IPFS keeps up to 1 MiB as one block, whose name is the SHA-256 of the content itself.
_IPFS_BLOCK = 1_048_576
_SHORT_ANSWER = 65_536
_RAW_SHA256_CID = bytes([0x01, 0x55, 0x12, 0x20])


class DocumentStore(Protocol):
    """All that is asked of a store; `digest` is the SHA-256 of the document (32 bytes)."""

    def put(self, digest: bytes, document: bytes) -> str:
        """Keep a document and return where it is; raises WalletError STORE_FAILED."""

    def get(self, digest: bytes) -> bytes | None:
        """Return what is kept under a digest, None for nothing; raises WalletError."""


def parse_store(text: str) -> DocumentStore | None:
    """Return the store that `--store` names, None for the chain; raises WalletError BAD_FILE."""
    kind, _, rest = text.partition(":")
    if text == CHAIN:
        return None
    if kind == "folder" and rest:
        return FolderStore(Path(rest))
    if kind == "ipfs":
        return IpfsStore(check_address(rest))
    if kind in ("http", "https"):
        return HttpStore(check_address(text))
    raise WalletError(
        Refusal.BAD_FILE,
        f"--store {text[:100]!r} is none of folder:DIR, https://…, ipfs:http://127.0.0.1:5001 and"
        f" {CHAIN}",
    )


def publish(store: DocumentStore, digest: bytes, document: bytes) -> str:
    """Keep a document in a store and read it back; return where it is.

    Raises WalletError STORE_FAILED, or WRONG_DOCUMENT where something else comes back.
    """
    if len(document) > MOST_BYTES:
        raise WalletError(
            Refusal.BAD_FILE, f"the document has {len(document):,} bytes, at most {MOST_BYTES:,}"
        )
    place = store.put(digest, document)
    fetch(store, digest)
    return place


def fetch(store: DocumentStore, digest: bytes) -> bytes:
    """Return the document with a digest; raises WalletError NO_DOCUMENT or WRONG_DOCUMENT."""
    document = store.get(digest)
    if document is None:
        raise WalletError(
            Refusal.NO_DOCUMENT,
            f"the store has no document {digest.hex()}; try another --store, or ask its owner",
        )
    check_digest(document, digest)
    return document


def check_digest(document: bytes, digest: bytes) -> None:
    """Raise WalletError WRONG_DOCUMENT where bytes are not those that the chain commits to."""
    if (found := sha256(document)) != digest:
        raise WalletError(
            Refusal.WRONG_DOCUMENT,
            f"the document's hash is {found.hex()}, the chain says {digest.hex()}; it was altered"
            " or is another one, so nothing of it is shown or kept",
        )


class FolderStore:
    """A folder, perhaps on a shared disk: one file a document, named by its hash."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, digest: bytes, document: bytes) -> str:
        """Write the file whole or not at all."""
        make_private_folder(self._folder)
        path = self._folder / digest.hex()
        write_atomically(path, document, PUBLIC)
        return str(path)

    def get(self, digest: bytes) -> bytes | None:
        """Read the file."""
        path = self._folder / digest.hex()
        return read_file(path, limit=MOST_BYTES) if path.exists() else None


class HttpStore:
    """A web server that takes `PUT <address>/<hash>` and answers `GET` of the same."""

    def __init__(self, address: str) -> None:
        self._address = address

    def put(self, digest: bytes, document: bytes) -> str:
        """Upload a document."""
        url = f"{self._address}/{digest.hex()}"
        _check_good(url, ask(Request("PUT", url, document), _SHORT_ANSWER))
        return url

    def get(self, digest: bytes) -> bytes | None:
        """Download a document."""
        url = f"{self._address}/{digest.hex()}"
        answer = ask(Request("GET", url), MOST_BYTES)
        if answer.status in (404, 410):
            return None
        _check_good(url, answer)
        return answer.body


class IpfsStore:
    """An IPFS node through its HTTP API; no index is needed, for a hash is the content's name."""

    def __init__(self, address: str) -> None:
        self._api = f"{address}/api/v0"

    def put(self, digest: bytes, document: bytes) -> str:
        """Add and pin a document as one block, and check the name that the node gives it."""
        if len(document) > _IPFS_BLOCK:
            raise WalletError(
                Refusal.BAD_FILE,
                f"the document has {len(document):,} bytes; IPFS names up to {_IPFS_BLOCK:,} by"
                " their hash, so take another --store",
            )
        form = aiohttp.FormData()
        form.add_field("file", document, filename=digest.hex())
        url = (
            f"{self._api}/add?cid-version=1&raw-leaves=true&hash=sha2-256&pin=true"
            f"&chunker=size-{_IPFS_BLOCK}"
        )
        answer = ask(Request("POST", url, form), _SHORT_ANSWER)
        _check_good(url, answer)
        given, wanted = _cid_of(url, answer), content_id(digest)
        if given != wanted:
            raise failed(url, f"it calls the document {given[:100]!r}, its content is {wanted}")
        return f"ipfs://{wanted}"

    def get(self, digest: bytes) -> bytes | None:
        """Read a document, from the node or through it from the network."""
        cid = content_id(digest)
        url = f"{self._api}/cat?arg={cid}&length={_IPFS_BLOCK + 1}&timeout=50s"
        answer = ask(Request("POST", url), _IPFS_BLOCK + 1)
        # IPFS says 500 for all that it cannot find.
        if answer.status == 500:
            return None
        _check_good(url, answer)
        return answer.body


def content_id(digest: bytes) -> str:
    """Return the IPFS name (CID version 1, raw) of one block of content with a SHA-256."""
    text = base64.b32encode(_RAW_SHA256_CID + digest).decode().lower()
    return f"b{text.rstrip('=')}"


def _cid_of(url: str, answer: Answer) -> str:
    try:
        return str(decode_json(answer.body)["Hash"])
    except (DecodeError, KeyError, TypeError) as error:
        raise failed(url, "its answer is not that of IPFS") from error


def _check_good(url: str, answer: Answer) -> None:
    if not answer.is_good:
        said = answer.body[:200].decode(errors="replace")
        printable = "".join(each if each.isprintable() else " " for each in said)
        raise failed(url, f"status {answer.status} {printable}".strip())
