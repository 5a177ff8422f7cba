"""Blocks and their headers, and the arithmetic of compact targets and work."""

from dataclasses import dataclass
from functools import cached_property
from struct import Struct

from ccxx_core.encoding import encode_compact_size, read_compact_size, read_slice
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import BlockHash, scrypt_hash, sha256d
from ccxx_core.transaction import WITNESS_SCALE_FACTOR, Transaction, decode_transaction

HEADER_SIZE = 80
MAX_HEADER_TIME = 0xFFFFFFFF
_HEADER = Struct("<i32s32sIII")


@dataclass(frozen=True)
class BlockHeader:
    """The 80 bytes that are mined: version signed, time in unix seconds, bits a compact target."""

    version: int
    prev_hash: BlockHash
    merkle_root: bytes
    time: int
    bits: int
    nonce: int

    @classmethod
    def decode(cls, data: bytes) -> "BlockHeader":
        """Read exactly 80 bytes; raises DecodeError."""
        if len(data) != HEADER_SIZE:
            raise DecodeError(f"block header of {len(data)} bytes, need {HEADER_SIZE}")
        header = cls(*_HEADER.unpack(data))
        header.__dict__["raw"] = data
        return header

    @cached_property
    def raw(self) -> bytes:
        """The 80 bytes."""
        return _HEADER.pack(
            self.version, self.prev_hash, self.merkle_root, self.time, self.bits, self.nonce
        )

    def encode(self) -> bytes:
        """Write the 80 bytes."""
        return self.raw

    @cached_property
    def hash(self) -> BlockHash:
        """The id: double SHA-256, internal order."""
        return BlockHash(sha256d(self.raw))

    @cached_property
    def pow_hash(self) -> bytes:
        """The scrypt hash that must not exceed the target, as a little-endian number."""
        return scrypt_hash(self.raw)


@dataclass(frozen=True)
class Block:
    """A header and its transactions, the coinbase first."""

    header: BlockHeader
    transactions: tuple[Transaction, ...]

    @classmethod
    def decode(cls, data: bytes) -> "Block":
        """Read exactly one block; raises DecodeError, also for bytes left over."""
        block, end = decode_block(data, 0)
        if end != len(data):
            raise DecodeError(f"{len(data) - end} bytes behind the block")
        return block

    @property
    def hash(self) -> BlockHash:
        """The header's id."""
        return self.header.hash

    def encode(self) -> bytes:
        """Write the block with witnesses."""
        return self.raw

    @cached_property
    def raw(self) -> bytes:
        """The bytes on the wire, kept if they were read."""
        count = encode_compact_size(len(self.transactions))
        return b"".join((self.header.raw, count, *(tx.encode() for tx in self.transactions)))

    @cached_property
    def base_size(self) -> int:
        """Bytes without witnesses."""
        count = len(encode_compact_size(len(self.transactions)))
        return HEADER_SIZE + count + sum(len(tx.base) for tx in self.transactions)

    @cached_property
    def size(self) -> int:
        """Bytes with witnesses."""
        count = len(encode_compact_size(len(self.transactions)))
        return HEADER_SIZE + count + sum(tx.size for tx in self.transactions)

    @property
    def weight(self) -> int:
        """Three times the size without witnesses plus the whole size (BIP 141)."""
        return self.base_size * (WITNESS_SCALE_FACTOR - 1) + self.size


def decode_block(data: bytes, offset: int) -> tuple[Block, int]:
    """Read a block at an offset; returns it and the offset behind it. Raises DecodeError."""
    start = offset
    raw, offset = read_slice(data, offset, HEADER_SIZE)
    count, offset = read_compact_size(data, offset)
    transactions = []
    for _ in range(count):
        tx, offset = decode_transaction(data, offset)
        transactions.append(tx)
    block = Block(BlockHeader.decode(raw), tuple(transactions))
    # Empty witnesses may be written out; such bytes are read, but never written again.
    if block.size == offset - start:
        block.__dict__["raw"] = data[start:offset]
    return block, offset


def target_from_bits(bits: int) -> int | None:
    """Expand a compact target; None if it is zero, negative or over 256 bits."""
    exponent, mantissa = bits >> 24, bits & 0x7FFFFF
    target = mantissa >> 8 * (3 - exponent) if exponent <= 3 else mantissa << 8 * (exponent - 3)
    if target == 0 or bits & 0x800000 or target >> 256:
        return None
    return target


def bits_from_target(target: int) -> int:
    """Write a target in compact form, rounding down to three bytes."""
    size = (target.bit_length() + 7) // 8
    mantissa = target << 8 * (3 - size) if size <= 3 else target >> 8 * (size - 3)
    # The top bit of the mantissa is a sign.
    if mantissa & 0x800000:
        mantissa >>= 8
        size += 1
    return size << 24 | mantissa


def work_of_bits(bits: int) -> int:
    """Give the expected number of hashes behind a block; 0 if the target is no target."""
    target = target_from_bits(bits)
    return 0 if target is None else (1 << 256) // (target + 1)
