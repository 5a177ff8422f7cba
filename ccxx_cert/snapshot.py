"""A registry at one block as a file: one line about it, then each record as its line of JSON.

The records' lines are exactly the bytes whose SHA-256 is the state hash, so two observers compare
one string, and a reader can hash what it read. Whether the block is on the chain, and whether the
state is the one that follows from it, a file cannot prove.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ccxx_cert.canonical import decode_json, encode_canonical
from ccxx_cert.record_json import record_from_json, record_to_json
from ccxx_cert.registry import hash_lines
from ccxx_cert.state import Key, Record, key_of
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import BlockHash, format_hash, parse_block_hash
from ccxx_core.network import NETWORKS

FORMAT = "ccxx-registry-snapshot"
VERSION = 1
_NAMES = frozenset(
    {"format", "version", "network", "anchor_id", "height", "block", "records", "state_hash"}
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All records after one block of a network, judged by the anchor with an id (32 bytes).

    `lines` are the records as JSON, in the order of their keys.
    """

    network: str
    anchor_id: bytes
    height: int
    block_hash: BlockHash
    lines: tuple[str, ...]

    @property
    def state_hash(self) -> bytes:
        """The digest (32 bytes) by which two observers compare all that they know."""
        return hash_lines(self.lines)

    def records(self) -> Iterable[Record]:
        """Yield the records."""
        return map(record_from_json, self.lines)

    def encode(self) -> bytes:
        """Return the file's bytes."""
        about = {
            "format": FORMAT,
            "version": VERSION,
            "network": self.network,
            "anchor_id": self.anchor_id.hex(),
            "height": self.height,
            "block": format_hash(self.block_hash),
            "records": len(self.lines),
            "state_hash": self.state_hash.hex(),
        }
        body = "".join(f"{line}\n" for line in self.lines)
        return encode_canonical(about) + b"\n" + body.encode()

    @classmethod
    def decode(cls, data: bytes) -> Snapshot:
        """Read a file's bytes; raises DecodeError for any that `encode` does not write."""
        first, found, rest = data.partition(b"\n")
        if not found:
            raise DecodeError("snapshot without a first line")
        about = _read_about(first)
        snapshot = cls(
            network=about["network"],
            anchor_id=_digest(about, "anchor_id"),
            height=about["height"],
            block_hash=parse_block_hash(str(about["block"])),
            lines=_read_lines(rest),
        )
        if about["records"] != len(snapshot.lines):
            raise DecodeError(f"snapshot of {len(snapshot.lines)} records says another number")
        if _digest(about, "state_hash") != snapshot.state_hash:
            raise DecodeError("snapshot's records do not have its state hash: it was altered")
        if snapshot.encode() != data:
            raise DecodeError("snapshot's first line is not in canonical form")
        return snapshot


def _read_about(line: bytes) -> dict[str, Any]:
    about = decode_json(line)
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise DecodeError(f"not a snapshot: format is not {FORMAT!r}")
    if about.get("version") != VERSION:
        raise DecodeError(f"snapshot of version {about.get('version')!r}, know {VERSION}")
    if set(about) != _NAMES:
        raise DecodeError(f"snapshot fields differ: {sorted(_NAMES ^ set(about))}")
    if about["network"] not in list(NETWORKS):
        raise DecodeError("snapshot of a network that is not known")
    if type(about["height"]) is not int or not 0 <= about["height"] <= 0xFFFFFFFF:
        raise DecodeError("snapshot's height is no height")
    return about


def _read_lines(body: bytes) -> tuple[str, ...]:
    try:
        lines = body.decode().split("\n")
    except UnicodeDecodeError:
        raise DecodeError("snapshot is not text in UTF-8") from None
    if lines.pop():
        raise DecodeError("snapshot ends within a line")
    last: Key | None = None
    for number, line in enumerate(lines, 2):
        record = record_from_json(line)
        try:
            key, again = key_of(record), record_to_json(record)
        except OverflowError:
            raise DecodeError(f"snapshot's line {number} has a number out of range") from None
        if again != line:
            raise DecodeError(f"snapshot's line {number} is not in canonical form")
        if last is not None and not last < key:
            raise DecodeError(f"snapshot's line {number} is out of order")
        last = key
    return tuple(lines)


def _digest(about: dict[str, Any], name: str) -> bytes:
    try:
        digest = bytes.fromhex(about[name])
    except (TypeError, ValueError):
        digest = b""
    if len(digest) != 32:
        raise DecodeError(f"snapshot field {name} is no digest of 64 hex digits")
    return digest
