"""What `--store` names."""

from pathlib import Path

from ccxx_wallet.document_stores import CHAIN, DocumentStore, FolderStore
from ccxx_wallet.errors import Refusal, WalletError


def parse_store(text: str) -> DocumentStore | None:
    """Return the store that `--store` names, None for the chain; raises WalletError BAD_FILE."""
    kind, _, rest = text.partition(":")
    if text == CHAIN:
        return None
    if kind == "folder" and rest:
        return FolderStore(Path(rest))
    # What talks to servers takes a fifth of the time of a start, and most commands talk to none.
    from ccxx_wallet.bounded_http import check_address
    from ccxx_wallet.web_stores import HttpStore, IpfsStore

    if kind == "ipfs":
        return IpfsStore(check_address(rest))
    if kind in ("http", "https"):
        return HttpStore(check_address(text))
    raise WalletError(
        Refusal.BAD_FILE,
        f"--store {text[:100]!r} is none of folder:DIR, https://…, ipfs:http://127.0.0.1:5001 and"
        f" {CHAIN}",
    )
