"""The last part of a REST path, what it asks for, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ccxx_core.errors import CcxxError
from ccxx_node.rpc.answers import TEXT

BAD_REQUEST = 400
NOT_FOUND = 404
NO_SUCH_PATH = b"no such path\r\n"
_HEX = frozenset("0123456789abcdefABCDEF")


class Format(Enum):
    """The form of an answer; none where the path does not end in one."""

    NONE = ""
    BINARY = "bin"
    HEX = "hex"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Found:
    """An answer: HTTP status, body and content type."""

    status: int
    body: bytes = b""
    kind: str = TEXT


class RestFault(CcxxError):
    """A path that leads nowhere: the HTTP status, and the reason in plain text."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def split_format(text: str) -> tuple[str, Format]:
    """Split `abc.json` into its parts; what stands behind no known format stays whole."""
    name, dot, ending = text.rpartition(".")
    if dot and ending in ("bin", "hex", "json", ""):
        return name, Format(ending)
    return text, Format.NONE


def parse_hash(text: str) -> bytes:
    """Read an id as it is printed, in internal order; raises `RestFault`."""
    if len(text) != 64 or not _HEX.issuperset(text):
        raise RestFault(BAD_REQUEST, f"Invalid hash: {text}")
    return bytes.fromhex(text)[::-1]
