"""What a search text may be: a height, a hash, an outpoint, a certificate id or an address."""

from __future__ import annotations

from dataclasses import dataclass

from ccxx_cert.identity import parse_certificate_id, parse_outpoint
from ccxx_core.address import decode_address
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import parse_txid
from ccxx_core.network import Network
from ccxx_core.transaction import OutPoint

_LONGEST_HEIGHT = 9
_HASH_LENGTH = 64
_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Reading:
    """How a search text can be read; at most one is set, `problem` says why none is."""

    height: int | None = None
    hash: bytes | None = None
    outpoint: OutPoint | None = None
    identity: bytes | None = None
    script: bytes | None = None
    problem: str = ""

    @property
    def document_hash(self) -> bytes | None:
        """The 64 digits as a document hash: these are printed as hashed, not reversed."""
        return self.hash[::-1] if self.hash is not None else None


def read_search(text: str, network: Network) -> Reading:
    """Read what a visitor typed, in any spelling."""
    text = text.strip().replace(",", "") if text.strip()[:1].isdigit() else text.strip()
    if text.isascii() and text.isdigit() and len(text) <= _LONGEST_HEIGHT:
        return Reading(height=int(text))
    if ":" in text:
        try:
            return Reading(outpoint=parse_outpoint(text.lower()))
        except DecodeError as error:
            return Reading(problem=str(error))
    if len(text) == _HASH_LENGTH and set(text.lower()) <= _HEX:
        # An address of a test network can be as long as a hash, but is never all hex.
        return Reading(hash=parse_txid(text.lower()))
    if text.lower().startswith("ccert1"):
        try:
            return Reading(identity=parse_certificate_id(text))
        except DecodeError as error:
            return Reading(problem=str(error))
    return _read_address(text, network)


def _read_address(text: str, network: Network) -> Reading:
    try:
        return Reading(script=decode_address(text, network))
    except DecodeError as error:
        return Reading(problem=str(error))
