"""Proofs that transactions are in a block: a header and part of its Merkle tree (BIP 37)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ccxx_core.block import BlockHeader
from ccxx_core.encoding import encode_compact_size, read_compact_size, read_slice
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import Txid, sha256d

# A block weighs at most 4,000,000, and no transaction has fewer than 60 bytes of weight 4.
_MAX_TRANSACTIONS = 4_000_000 // (4 * 60)


@dataclass(frozen=True, slots=True)
class MerkleBlock:
    """A header, the number of transactions, and hashes and flags of a depth-first walk."""

    header: BlockHeader
    count: int
    hashes: tuple[bytes, ...]
    flags: tuple[bool, ...]

    def encode(self) -> bytes:
        """Write the proof as the `merkleblock` message has it."""
        packed = bytearray((len(self.flags) + 7) // 8)
        for position, flag in enumerate(self.flags):
            packed[position // 8] |= flag << position % 8
        return b"".join(
            (
                self.header.encode(),
                self.count.to_bytes(4, "little"),
                encode_compact_size(len(self.hashes)),
                *self.hashes,
                encode_compact_size(len(packed)),
                bytes(packed),
            )
        )

    @classmethod
    def decode(cls, data: bytes) -> MerkleBlock:
        """Read a proof; raises `DecodeError`."""
        raw, offset = read_slice(data, 0, 80)
        count, offset = read_slice(data, offset, 4)
        number, offset = read_compact_size(data, offset)
        hashes = []
        for _ in range(number):
            one, offset = read_slice(data, offset, 32)
            hashes.append(one)
        size, offset = read_compact_size(data, offset)
        packed, offset = read_slice(data, offset, size)
        flags = tuple(bool(byte >> bit & 1) for byte in packed for bit in range(8))
        header = BlockHeader.decode(raw)
        return cls(header, int.from_bytes(count, "little"), tuple(hashes), flags)


def make_proof(header: BlockHeader, txids: Sequence[Txid], wanted: Collection[Txid]) -> MerkleBlock:
    """Return the proof that the wanted transactions are among those of a block."""
    levels = [list[bytes](txids)]
    while len(levels[-1]) > 1:
        below = levels[-1] if len(levels[-1]) % 2 == 0 else [*levels[-1], levels[-1][-1]]
        pairs = range(0, len(below), 2)
        levels.append([sha256d(below[i] + below[i + 1]) for i in pairs])
    marks = [[txid in wanted for txid in txids]]
    for level in levels[1:]:
        below_marks = marks[-1]
        marks.append([any(below_marks[2 * i : 2 * i + 2]) for i in range(len(level))])
    hashes: list[bytes] = []
    flags: list[bool] = []

    def walk(depth: int, position: int) -> None:
        is_on_path = marks[depth][position]
        flags.append(is_on_path)
        if depth == 0 or not is_on_path:
            hashes.append(levels[depth][position])
            return
        for child in range(2 * position, min(2 * position + 2, len(levels[depth - 1]))):
            walk(depth - 1, child)

    walk(len(levels) - 1, 0)
    return MerkleBlock(header, len(txids), tuple(hashes), tuple(flags))


class _Walk:
    """Rebuilds the root from a proof, and collects what it proves."""

    def __init__(self, proof: MerkleBlock) -> None:
        self._proof = proof
        self.used_hashes = 0
        self.used_flags = 0
        self.matches: list[Txid] = []

    def width(self, depth: int) -> int:
        return (self._proof.count + (1 << depth) - 1) >> depth

    def node(self, depth: int, position: int) -> bytes:
        if self.used_flags >= len(self._proof.flags):
            raise DecodeError("the proof has too few flags")
        flag = self._proof.flags[self.used_flags]
        self.used_flags += 1
        if depth == 0 or not flag:
            found = self._take_hash()
            if depth == 0 and flag:
                self.matches.append(Txid(found))
            return found
        left = self.node(depth - 1, 2 * position)
        if 2 * position + 1 >= self.width(depth - 1):
            return sha256d(left + left)
        right = self.node(depth - 1, 2 * position + 1)
        # Equal halves would let one tree stand for two lists of transactions (CVE-2012-2459).
        if left == right:
            raise DecodeError("the proof has two equal branches")
        return sha256d(left + right)

    def _take_hash(self) -> bytes:
        if self.used_hashes >= len(self._proof.hashes):
            raise DecodeError("the proof has too few hashes")
        self.used_hashes += 1
        return self._proof.hashes[self.used_hashes - 1]


def proven_txids(proof: MerkleBlock) -> list[Txid]:
    """Return what a proof proves to be in its block; raises `DecodeError` if it proves nothing."""
    count = proof.count
    if not 0 < count <= _MAX_TRANSACTIONS or len(proof.hashes) > count:
        raise DecodeError("the proof has an impossible number of transactions")
    walk = _Walk(proof)
    depth = (count - 1).bit_length()
    root = walk.node(depth, 0)
    is_used_up = walk.used_hashes == len(proof.hashes)
    if not is_used_up or (walk.used_flags + 7) // 8 != len(proof.flags) // 8:
        raise DecodeError("the proof has more than it needs")
    if root != proof.header.merkle_root:
        raise DecodeError("the proof belongs to another block")
    return walk.matches
