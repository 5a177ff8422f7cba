"""Records as they are stored: their JSON, made small by what all records have in common."""

from __future__ import annotations

import zlib

from ccxx_cert.record_json import record_from_json, record_to_json
from ccxx_cert.state import Record
from ccxx_core.errors import DecodeError

# The commonest last, where a reference to it is shortest. Never changed: stored records need it.
_WORDS = (
    b'{"record":"watched-script","script_pubkey":"0020","by":"issuer","speaker":"02"}'
    b'{"record":"watched-coin","outpoint":":1","script_pubkey":"0014","chain":null}'
    b'{"record":"claim","batch":"","leaf":0,"certificate_id":":0"}'
    b'{"record":"holder","holder_key":"02","certificate_id":":0","script_pubkey":"0020'
    b'"step":"recovered""step":"refreshed""step":"transferred"'
    b'"reason":"naked-spend","ended":{"txid":"","moment":[0,0,0],'
    b'"revocation":{"txid":"","moment":[0,0,0],"reason":6,"since":0,"evidence":"","by":"issuer"}'
    b'{"record":"permit","id":":0","message":{"code":"","quantity":100,"typedef_hash":"",'
    b'"title":"","transferable":true,"issuer_revokes":true,"root_revokes":true,'
    b'"public_summary":true,"recovery":false,"expiry_kind":0,"expiry":0,"custody":0},'
    b'"script_pubkey":"0020","root_key":"02","system_key":"03","granted":[1,17],"credit":100000,'
    b'"issued":0,"issuer_key":null,"revocation":null,"rekeyed":null,"closed":null}'
    b'{"record":"batch","txid":"","permit_id":":0","message":{"serial_start":1,"count":2000,'
    b'"merkle_root":"","text":"","expiry_kind":0,"expiry":0,"deferred":false},"issued":'
    b'[1,17],"revocation":null}'
    b'{"record":"certificate","id":":0","permit_id":":0","serial":1,"policy":0,"root_key":"03'
    b'","issuer_key":"02","issued":[100,1700000000,1700000000],"holdings":[{"location":":0",'
    b'"script_pubkey":"0020","step":"issued","moment":[100,1700000000,1700000000],'
    b'"holder_key":null,"custody":null,"custody":0,"deed_hash":null}],"doc_hash":null,"batch":"'
    b'","leaf":null,"leaf":0,"text":"","expires_time":null,"expires_height":null,"ended":null,'
    b'"surrendered":null,"revocation":null,"needs_newer":false}'
)
_WINDOW, _MEMORY, _LEVEL = -12, 5, 4
_PACKER = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW, _MEMORY, zlib.Z_DEFAULT_STRATEGY, _WORDS)


def pack(record: Record) -> bytes:
    """Return a record as bytes for a column."""
    # A copy of one that has read the words is ten times as fast as a new one.
    packer = _PACKER.copy()
    return packer.compress(record_to_json(record).encode()) + packer.flush()


def unpack(data: bytes) -> Record:
    """Read a record from its column; raises DecodeError where `pack` did not write it."""
    return record_from_json(unpack_json(data))


def unpack_json(data: bytes) -> str:
    """Return a stored record as its line of JSON; raises DecodeError as `unpack` does."""
    try:
        return zlib.decompressobj(_WINDOW, _WORDS).decompress(data).decode()
    except (zlib.error, UnicodeDecodeError) as error:
        raise DecodeError(f"stored record does not unpack: {type(error).__name__}") from None
