"""The Merkle tree of a block, and the trick it must not fall for."""

import pytest

from ccxx_core.hashes import sha256d
from ccxx_core.merkle import merkle_branch, merkle_root, merkle_root_mutated, root_from_branch

LEAVES = [sha256d(bytes([number])) for number in range(11)]


def test_root_of_one_is_itself_and_of_none_is_zero() -> None:
    assert merkle_root(LEAVES[:1]) == LEAVES[0]
    assert merkle_root([]) == bytes(32)


def test_odd_leaf_is_paired_with_itself() -> None:
    left, last = sha256d(LEAVES[0] + LEAVES[1]), sha256d(LEAVES[2] * 2)

    assert merkle_root(LEAVES[:3]) == sha256d(left + last)


@pytest.mark.parametrize("count", range(1, 12))
def test_every_branch_leads_to_the_root(count: int) -> None:
    root = merkle_root(LEAVES[:count])

    for index in range(count):
        branch = merkle_branch(LEAVES[:count], index)
        assert root_from_branch(LEAVES[index], branch, index) == root


@pytest.mark.parametrize("count", [1, 2, 3, 5, 6, 7, 11])
def test_list_of_different_leaves_is_not_mutated(count: int) -> None:
    assert merkle_root_mutated(LEAVES[:count]) == (merkle_root(LEAVES[:count]), False)


@pytest.mark.parametrize(("count", "repeated"), [(3, 1), (6, 2), (5, 1), (7, 1)])
def test_repeated_tail_with_the_same_root_is_noticed(count: int, repeated: int) -> None:
    leaves = LEAVES[:count]

    root, mutated = merkle_root_mutated(leaves + leaves[-repeated:])

    assert root == merkle_root(leaves)
    assert mutated
