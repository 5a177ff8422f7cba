"""Where documents are kept outside of wallets: what a store is, and a folder as one.

A store is trusted with nothing. Documents are kept under their hash, and what comes back is hashed
before anybody sees it.
"""

from pathlib import Path
from typing import Protocol

from ccxx_core.hashes import sha256
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.files import PUBLIC, make_private_folder, read_file, write_atomically

MOST_BYTES = 8_000_000
CHAIN = "chain"


class DocumentStore(Protocol):
    """All that is asked of a store; `digest` is the SHA-256 of the document (32 bytes)."""

    def put(self, digest: bytes, document: bytes) -> str:
        """Keep a document and return where it is; raises WalletError STORE_FAILED."""

    def get(self, digest: bytes) -> bytes | None:
        """Return what is kept under a digest, None for nothing; raises WalletError."""


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
