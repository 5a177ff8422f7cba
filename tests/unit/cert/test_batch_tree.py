"""The Merkle tree of a batch."""

import pytest

from ccxx_cert.batch_tree import BatchTree, is_leaf, proof_sides, root_from_proof
from ccxx_core.hashes import sha256


def leaves_of(count: int) -> list[bytes]:
    """Return leaves that all differ."""
    return [sha256(b"%d" % position) for position in range(count)]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 8, 50, 129])
def test_every_leaf_has_a_proof_of_its_own_shape(count: int) -> None:
    leaves = leaves_of(count)
    tree = BatchTree(leaves)

    for index, leaf in enumerate(leaves):
        proof = tree.proof(index)

        assert root_from_proof(leaf, proof) == tree.root
        assert tuple(step.side for step in proof) == proof_sides(index, count)
        assert is_leaf(leaf, proof, (index, count), tree.root)


def test_odd_last_node_is_promoted_unchanged() -> None:
    one, two, three = leaves_of(3)

    assert BatchTree([one, two, three]).root == sha256(sha256(one + two) + three)
    assert BatchTree([one]).root == one


def test_inner_node_is_not_a_leaf() -> None:
    leaves = leaves_of(4)
    tree = BatchTree(leaves)
    inner = sha256(leaves[0] + leaves[1])

    assert root_from_proof(inner, tree.proof(0)[1:]) == tree.root
    assert not is_leaf(inner, tree.proof(0)[1:], (0, 4), tree.root)


def test_proof_of_another_leaf_is_refused() -> None:
    leaves = leaves_of(5)
    tree = BatchTree(leaves)

    assert not is_leaf(leaves[1], tree.proof(1), (0, 5), tree.root)
    assert not is_leaf(leaves[1], tree.proof(1), (9, 5), tree.root)


def test_tree_without_leaves_does_not_exist() -> None:
    with pytest.raises(ValueError):
        BatchTree([])
    with pytest.raises(IndexError):
        BatchTree(leaves_of(2)).proof(2)
