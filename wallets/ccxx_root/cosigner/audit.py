"""The audit log: one line an event, each sealed with the hash of all before it.

A line is canonical JSON (RFC 8785) with its number, the hash of the line before and its own hash.
So every byte is fixed by the last hash, which the ledger and every answer to a client remember.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from ccxx_cert.canonical import decode_json, encode_canonical
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import sha256
from ccxx_root.cosigner.refusals import CosignerError, Refusal


class Head(NamedTuple):
    """The end of a log: how many lines and bytes it has, and the last line's hash."""

    lines: int = 0
    size: int = 0
    hash: bytes = bytes(32)


def seal(head: Head, facts: dict[str, Any]) -> tuple[bytes, Head]:
    """Return the line that follows a log's end, with its line feed, and the new end."""
    body = {**facts, "number": head.lines + 1, "previous": head.hash.hex()}
    digest = sha256(encode_canonical(body))
    line = encode_canonical({**body, "hash": digest.hex()}) + b"\n"
    return line, Head(head.lines + 1, head.size + len(line), digest)


def read_entries(data: bytes, head: Head) -> Iterator[tuple[dict[str, Any], Head]]:
    """Give the facts of each line that follows a log's end, and the end after it.

    Raises CosignerError LOG_DAMAGED at the first line that is not as it was written.
    """
    for line in data.splitlines(keepends=True):
        try:
            facts = decode_json(line)
        except DecodeError as error:
            raise damaged(f"line {head.lines + 1} is no JSON") from error
        if not isinstance(facts, dict):
            raise damaged(f"line {head.lines + 1} is no entry")
        written = {name: facts[name] for name in facts if name not in _SEAL}
        try:
            expected, head = seal(head, written)
        except DecodeError as error:
            raise damaged(f"line {head.lines + 1} has no canonical form") from error
        if expected != line:
            raise damaged(f"line {head.lines} differs from what its hash and those before say")
        yield written, head


def damaged(what: str) -> CosignerError:
    """Say that the log is not what was written."""
    return CosignerError(
        Refusal.LOG_DAMAGED,
        f"the audit log is damaged: {what}; keep a copy, compare it with a backup",
    )


class AuditLog:
    """One log file that only grows; `head` is where its owner believes that it ends."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, head: Head, facts: dict[str, Any]) -> Head:
        """Write one line behind the log's end, on disk when this returns; return the new end.

        Lines that a crash left behind the remembered end are kept, half a line is cut off.
        """
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+b") as stream:
            end = _catch_up(stream, head)
            line, after = seal(end, facts)
            stream.truncate(end.size)
            stream.seek(end.size)
            stream.write(line)
            stream.flush()
            os.fsync(stream.fileno())
        if not head.lines:
            _sync_folder(self.path.parent)
        return after

    def verify(self) -> Head:
        """Read the whole log and return its end; raises CosignerError LOG_DAMAGED."""
        return self._verify_behind(Head(), self._read())

    def check(self, remembered: Head) -> Head:
        """Verify the log and that it reaches as far as its owner remembers; return its end.

        Half a line at the end is what a crash leaves, and counts as not written.
        """
        data = self._read()
        whole = data[: data.rfind(b"\n") + 1]
        end = self._verify_behind(Head(), whole)
        seen = self._verify_behind(Head(), whole[: remembered.size])
        if seen != remembered:
            raise damaged(f"it ends after {end.lines} lines, {remembered.lines} were written")
        return end

    def _read(self) -> bytes:
        return self.path.read_bytes() if self.path.exists() else b""

    def _verify_behind(self, head: Head, data: bytes) -> Head:
        for _, after in read_entries(data, head):
            head = after
        return head


_SEAL = frozenset({"number", "previous", "hash"})


def _catch_up(stream: BinaryIO, head: Head) -> Head:
    """Return the end of the whole lines in the file, which is at or behind the remembered one."""
    size = stream.seek(0, os.SEEK_END)
    if size < head.size:
        raise damaged(f"it has {size} bytes, {head.size} were written")
    stream.seek(head.size)
    behind = stream.read()
    for _, after in read_entries(behind[: behind.rfind(b"\n") + 1], head):
        head = after
    return head


def _sync_folder(folder: Path) -> None:
    """Make a new file's name as durable as what is in it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
