"""BDIP and CRED: the messages of PDF certificates, in both dialects.

A message belongs to an address only if an input of its transaction spends from it; nothing here
knows addresses.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from ccxx_cert.errors import Malformed, NewerVersion, NotOurs
from ccxx_core.hashes import Txid

_VERSION = b"\x00\x01"
_HEADER_SIZE = 8
_ISSUER_ID_SIZE = 8
_HASH_SIZE = 20
_EXPIRY_SIZE = 5


class Dialect(StrEnum):
    """The magic of a message: the protocol's name, and what the published tool writes."""

    BDIP = "BDIP"
    CRED = "CRED"


class _Op(IntEnum):
    ISSUE = 0x0004
    CRED_ISSUE_EXPIRING = 0x0005
    BDIP_ISSUE_EXPIRING = 0x0006
    REVOKE_BATCH = 0x0008
    REVOKE_CREDENTIALS = 0x000C
    REVOKE_ADDRESS = 0xFF00


@dataclass(frozen=True, slots=True)
class PdfIssue:
    """A batch of PDF files is issued; `expiry` is None where they do not expire.

    An expiry below 500,000,000 is a height, else unix time.
    """

    issuer_id: str
    merkle_root: bytes
    expiry: int | None = None


@dataclass(frozen=True, slots=True)
class RevokeBatches:
    """One or, in BDIP, two batches are revoked."""

    txids: tuple[Txid, ...]


@dataclass(frozen=True, slots=True)
class RevokeCredentials:
    """One or two files of a batch are revoked: RIPEMD-160 of their target hashes (SHA-256)."""

    txid: Txid
    hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class RevokeAddress:
    """An address issues no more: the hash of its key, in BDIP also of its other encoding."""

    pubkey_hashes: tuple[bytes, ...]


PdfMessage = PdfIssue | RevokeBatches | RevokeCredentials | RevokeAddress


def decode_pdf_message(payload: bytes) -> tuple[Dialect, PdfMessage]:
    """Decode a payload; raises NotOurs, NewerVersion or Malformed."""
    try:
        dialect = Dialect(payload[:4].decode("ascii"))
    except ValueError:
        raise NotOurs("payload begins with neither BDIP nor CRED") from None
    if len(payload) < _HEADER_SIZE:
        raise Malformed(f"header of {len(payload)} bytes, need {_HEADER_SIZE}")
    if payload[4:6] != _VERSION:
        raise NewerVersion(f"version {int.from_bytes(payload[4:6], 'big')}, know 1")
    op, body = int.from_bytes(payload[6:8], "big"), payload[_HEADER_SIZE:]
    return dialect, _decode_body(dialect, op, body)


def encode_pdf_message(dialect: Dialect, message: PdfMessage) -> bytes:
    """Encode a message; raises Malformed where the dialect has no form for it."""
    op, body = _encode_body(dialect, message)
    payload = dialect.encode("ascii") + _VERSION + op.to_bytes(2, "big") + body
    if decode_pdf_message(payload) != (dialect, message):
        raise Malformed(f"{dialect} has no form for this message")
    return payload


def cut_issuer_id(text: str) -> str:
    """Return the longest beginning of a text that fits an issuer id, cut on a code point."""
    data = text.encode("utf-8")[:_ISSUER_ID_SIZE]
    return data.decode("utf-8", errors="ignore").rstrip(" ")


def _encode_body(dialect: Dialect, message: PdfMessage) -> tuple[_Op, bytes]:
    match message:
        case PdfIssue(issuer_id, root, expiry):
            body = issuer_id.encode("utf-8").ljust(_ISSUER_ID_SIZE) + root
            if expiry is None:
                return _Op.ISSUE, body
            return _issue_expiring(dialect), body + _encode_expiry(expiry)
        case RevokeBatches(txids):
            return _Op.REVOKE_BATCH, b"".join(txid[::-1] for txid in txids)
        case RevokeCredentials(txid, hashes):
            return _Op.REVOKE_CREDENTIALS, txid[::-1] + b"".join(hashes)
        case RevokeAddress(pubkey_hashes):
            return _Op.REVOKE_ADDRESS, b"".join(pubkey_hashes)


def _decode_body(dialect: Dialect, op: int, body: bytes) -> PdfMessage:
    two = 2 if dialect is Dialect.BDIP else 1
    match op:
        case _Op.ISSUE:
            return _decode_issue(body, ())
        case _ if op == _issue_expiring(dialect):
            return _decode_issue(body, (4, 5) if dialect is Dialect.BDIP else (5,))
        case _Op.REVOKE_BATCH:
            return RevokeBatches(tuple(Txid(txid[::-1]) for txid in _split(body, 32, two)))
        case _Op.REVOKE_CREDENTIALS:
            txid, hashes = body[:32], _split(body[32:], _HASH_SIZE, 2)
            return RevokeCredentials(Txid(txid[::-1]), hashes)
        case _Op.REVOKE_ADDRESS:
            return RevokeAddress(_split(body, _HASH_SIZE, two))
        case _:
            raise Malformed(f"unknown op {op:#06x} of {dialect}")


def _issue_expiring(dialect: Dialect) -> _Op:
    is_bdip = dialect is Dialect.BDIP
    return _Op.BDIP_ISSUE_EXPIRING if is_bdip else _Op.CRED_ISSUE_EXPIRING


def _decode_issue(body: bytes, expiry_sizes: tuple[int, ...]) -> PdfIssue:
    issued = _ISSUER_ID_SIZE + 32
    expiry = body[issued:]
    if len(body) < issued or len(expiry) not in (expiry_sizes or (0,)):
        raise Malformed(f"issue of {len(body)} bytes after the header")
    # The published tool cuts and pads the id by characters: what it wrote must stay readable.
    issuer_id = body[:_ISSUER_ID_SIZE].rstrip(b" ").decode("utf-8", errors="replace")
    root = body[_ISSUER_ID_SIZE:issued]
    return PdfIssue(issuer_id, root, int.from_bytes(expiry, "big") if expiry_sizes else None)


def _encode_expiry(expiry: int) -> bytes:
    if not 0 <= expiry < 1 << 8 * _EXPIRY_SIZE:
        raise Malformed(f"expiry {expiry} does not fit in {_EXPIRY_SIZE} bytes")
    return expiry.to_bytes(_EXPIRY_SIZE, "big")


def _split(data: bytes, size: int, most: int) -> tuple[bytes, ...]:
    """Cut data into one to `most` pieces of one size."""
    count, more = divmod(len(data), size)
    if more or not 1 <= count <= most:
        raise Malformed(f"{len(data)} bytes are not 1 to {most} pieces of {size}")
    return tuple(data[at : at + size] for at in range(0, len(data), size))
