"""Records as they are stored: their JSON, made small."""

from __future__ import annotations

from ccxx_cert.record_json import record_from_json, record_to_json
from ccxx_cert.state import Record


def pack(record: Record) -> bytes:
    """Return a record as bytes for a column."""
    return record_to_json(record).encode()


def unpack(data: bytes) -> Record:
    """Read a record from its column; raises DecodeError where `pack` did not write it."""
    return record_from_json(data)


def unpack_json(data: bytes) -> str:
    """Return a stored record as its line of JSON."""
    return data.decode()
