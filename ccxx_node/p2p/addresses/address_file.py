"""The address book on disk (`peers.json`): lost without harm, damaged without a crash."""

from __future__ import annotations

import logging
from pathlib import Path
from random import Random
from typing import Annotated

import msgspec

from ccxx_core.errors import DecodeError
from ccxx_node.chainstate.plain_file import replace_file
from ccxx_node.p2p.addresses.address_book import (
    BUCKET_SIZE,
    NEW_BUCKETS,
    TRIED_BUCKETS,
    AddressBook,
    KnownAddress,
)
from ccxx_node.p2p.addresses.endpoints import format_host, parse_endpoint, parse_host

_log = logging.getLogger("ccxx.net")

_KEY_BYTES = 32
_MOST = (NEW_BUCKETS + TRIED_BUCKETS) * BUCKET_SIZE


# Times travel in four bytes.
_Time = Annotated[int, msgspec.Meta(ge=0, lt=1 << 32)]
_Count = Annotated[int, msgspec.Meta(ge=0)]


class _Row(msgspec.Struct, array_like=True):
    address: str
    source: str
    services: _Count
    seen_at: _Time
    is_tried: bool
    tried_at: _Time
    succeeded_at: _Time
    failures: _Count


class _File(msgspec.Struct):
    key: str
    addresses: list[_Row]


def save_book(book: AddressBook, path: Path) -> None:
    """Write all addresses; a disk that takes nothing costs a warning."""
    rows = [_row(known) for known in book]
    try:
        replace_file(path, msgspec.json.encode(_File(book.key.hex(), rows)))
    except OSError as error:
        _log.warning("addresses not saved reason=%s", error)


def load_book(path: Path, random: Random, now: int) -> AddressBook:
    """Read the addresses, or begin with none where there is no file that can be read."""
    try:
        file = msgspec.json.decode(path.read_bytes(), type=_File)
        return _restore(file, random, now)
    except FileNotFoundError:
        pass
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, ValueError, DecodeError) as error:
        _log.warning("addresses not read reason=%s", error)
    return AddressBook(random.randbytes(_KEY_BYTES), random)


def _restore(file: _File, random: Random, now: int) -> AddressBook:
    key = bytes.fromhex(file.key)
    if len(key) != _KEY_BYTES:
        raise DecodeError(f"key of {len(key)} bytes, wanted {_KEY_BYTES}")
    book = AddressBook(key, random)
    for row in file.addresses[:_MOST]:
        book.restore(_known(row), now)
    _log.info("addresses read count=%d", len(book))
    return book


def _row(known: KnownAddress) -> _Row:
    return _Row(
        address=str(known.endpoint),
        source=format_host(known.source),
        services=known.services,
        seen_at=known.seen_at,
        is_tried=known.is_tried,
        tried_at=known.tried_at,
        succeeded_at=known.succeeded_at,
        failures=known.failures,
    )


def _known(row: _Row) -> KnownAddress:
    if row.services >= 1 << 64:
        raise DecodeError(f"services {row.services}")
    return KnownAddress(
        endpoint=parse_endpoint(row.address, default_port=0),
        services=row.services,
        seen_at=row.seen_at,
        source=parse_host(row.source),
        is_tried=row.is_tried,
        tried_at=row.tried_at,
        succeeded_at=row.succeeded_at,
        failures=row.failures,
    )
