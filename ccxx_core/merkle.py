"""The Merkle tree of a block: double SHA-256, an odd last node paired with itself."""

from collections.abc import Sequence
from operator import add, eq

from ccxx_core.hashes import sha256d


def merkle_root_mutated(hashes: Sequence[bytes]) -> tuple[bytes, bool]:
    """Give the root and whether two neighbours in a level are equal.

    Equal neighbours mean that a longer list with the same root may be the real one (CVE-2012-2459).
    The root of nothing is 32 zero bytes.
    """
    level, mutated = list(hashes), False
    if not level:
        return bytes(32), False
    while len(level) > 1:
        mutated = mutated or any(map(eq, level[::2], level[1::2]))
        level = _next_level(level)
    return level[0], mutated


def merkle_root(hashes: Sequence[bytes]) -> bytes:
    """Give the root alone."""
    return merkle_root_mutated(hashes)[0]


def merkle_branch(hashes: Sequence[bytes], index: int) -> list[bytes]:
    """Give the sibling hashes from leaf ``index`` up to the root."""
    level, branch = list(hashes), []
    while len(level) > 1:
        branch.append(level[min(index ^ 1, len(level) - 1)])
        level = _next_level(level)
        index >>= 1
    return branch


def root_from_branch(leaf: bytes, branch: Sequence[bytes], index: int) -> bytes:
    """Rebuild the root from a leaf, its position and its sibling hashes."""
    node = leaf
    for sibling in branch:
        node = sha256d(sibling + node) if index & 1 else sha256d(node + sibling)
        index >>= 1
    return node


def _next_level(level: list[bytes]) -> list[bytes]:
    if len(level) & 1:
        level = [*level, level[-1]]
    return list(map(sha256d, map(add, level[::2], level[1::2])))
