"""Hash functions and ids: bytes in the order they were hashed, text byte-reversed."""

import hashlib
from typing import NewType

from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from ccxx_core.errors import DecodeError

Txid = NewType("Txid", bytes)
BlockHash = NewType("BlockHash", bytes)


_sha256 = hashlib.sha256


def sha256(data: bytes) -> bytes:
    """Hash once with SHA-256 (32 bytes)."""
    return _sha256(data).digest()


def sha256d(data: bytes) -> bytes:
    """Hash twice with SHA-256 (32 bytes)."""
    return _sha256(_sha256(data).digest()).digest()


def ripemd160(data: bytes) -> bytes:
    """Hash with RIPEMD-160 (20 bytes)."""
    # A copy costs half of what it takes to look the algorithm up by its name.
    state = _RIPEMD160.copy()
    state.update(data)
    return state.digest()


try:
    _RIPEMD160 = hashlib.new("ripemd160")
except ValueError:
    # Some builds of OpenSSL 3 leave RIPEMD-160 out.
    from embit.util.py_ripemd160 import ripemd160  # type: ignore[no-redef]


def hash160(data: bytes) -> bytes:
    """Hash with SHA-256, then RIPEMD-160 (20 bytes)."""
    return ripemd160(_sha256(data).digest())


def scrypt_hash(header: bytes) -> bytes:
    """Hash an 80-byte block header for its proof of work: scrypt with N=1024, r=1, p=1."""
    return Scrypt(salt=header, length=32, n=1024, r=1, p=1).derive(header)


def format_hash(value: bytes) -> str:
    """Print an id the way explorers do: hex, byte-reversed."""
    return value[::-1].hex()


def _parse_hash(text: str, name: str) -> bytes:
    if len(text) != 64 or not text.isascii():
        raise DecodeError(f"{name} must be 64 hex digits, not {len(text)} characters")
    try:
        value = bytes.fromhex(text)
    except ValueError:
        raise DecodeError(f"{name} must be 64 hex digits") from None
    if len(value) != 32:
        raise DecodeError(f"{name} must be 64 hex digits")
    return value[::-1]


def parse_txid(text: str) -> Txid:
    """Read a transaction id as explorers print it; raises DecodeError."""
    return Txid(_parse_hash(text, "transaction id"))


def parse_block_hash(text: str) -> BlockHash:
    """Read a block hash as explorers print it; raises DecodeError."""
    return BlockHash(_parse_hash(text, "block hash"))
