"""The Merkle tree of a batch: leaf i is the document hash of the batch's certificate i.

As in Chainpoint v2: a parent is SHA-256 of left and right digests, an odd last node is promoted
unchanged, and one leaf is its own root.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from ccxx_core.hashes import sha256


class Side(StrEnum):
    """On which side of the path a proof's digest stands."""

    LEFT = "left"
    RIGHT = "right"


class ProofStep(NamedTuple):
    """One neighbour on the way from a leaf to the root."""

    side: Side
    digest: bytes


class BatchTree:
    """All levels of a tree over at least one leaf of 32 bytes; ValueError for none."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        if not leaves:
            raise ValueError("a tree needs a leaf")
        self._levels = [list(leaves)]
        while len(self._levels[-1]) > 1:
            self._levels.append(_parents(self._levels[-1]))

    @property
    def root(self) -> bytes:
        """The digest that the BATCH message carries."""
        return self._levels[-1][0]

    def proof(self, index: int) -> tuple[ProofStep, ...]:
        """Return the neighbours of a leaf on its way up; IndexError for another index."""
        if not 0 <= index < len(self._levels[0]):
            raise IndexError(f"leaf {index} of {len(self._levels[0])}")
        steps = []
        for level in self._levels[:-1]:
            neighbour = index ^ 1
            if neighbour < len(level):
                side = Side.LEFT if neighbour < index else Side.RIGHT
                steps.append(ProofStep(side, level[neighbour]))
            index >>= 1
        return tuple(steps)


def root_from_proof(leaf: bytes, proof: Sequence[ProofStep]) -> bytes:
    """Return the root that a proof leads to."""
    digest = leaf
    for side, neighbour in proof:
        digest = sha256(neighbour + digest if side is Side.LEFT else digest + neighbour)
    return digest


def proof_sides(index: int, count: int) -> tuple[Side, ...]:
    """Return the sides that every proof of leaf `index` of `count` has.

    A proof of another shape proves an inner node, or another leaf, and must be refused.
    """
    sides = []
    while count > 1:
        if index & 1:
            sides.append(Side.LEFT)
        elif index + 1 < count:
            sides.append(Side.RIGHT)
        index, count = index >> 1, (count + 1) >> 1
    return tuple(sides)


def is_leaf(leaf: bytes, proof: Sequence[ProofStep], place: tuple[int, int], root: bytes) -> bool:
    """Tell whether a digest is the leaf at `place` (index, count) of the tree with a root."""
    index, count = place
    if not 0 <= index < count or tuple(step.side for step in proof) != proof_sides(index, count):
        return False
    return root_from_proof(leaf, proof) == root


def _parents(level: list[bytes]) -> list[bytes]:
    parents = [sha256(left + right) for left, right in zip(level[::2], level[1::2], strict=False)]
    return parents + level[-1:] if len(level) % 2 else parents
