"""Stores on other machines: a web server, IPFS."""

import base64

import aiohttp

from ccxx_cert.canonical import decode_json
from ccxx_core.errors import DecodeError
from ccxx_wallet.bounded_http import Answer, Request, ask, failed
from ccxx_wallet.document_stores import MOST_BYTES
from ccxx_wallet.errors import Refusal, WalletError

# IPFS keeps up to 1 MiB as one block, whose name is the SHA-256 of the content itself.
_IPFS_BLOCK = 1_048_576
_SHORT_ANSWER = 65_536
_RAW_SHA256_CID = bytes([0x01, 0x55, 0x12, 0x20])


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
