"""Proofs of a batch are read exactly, and prove the leaf they name and no other."""

import json
from typing import Any

import pytest

from ccxx_cert.batch_proof import BatchProof, decode_batch_proof
from ccxx_cert.batch_tree import BatchTree
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import sha256

LEAVES = [sha256(bytes([number])) for number in range(5)]
TREE = BatchTree(LEAVES)


def written(leaf: int, /, **changes: Any) -> str:
    fields = {
        "leaf": leaf,
        "document_hash": LEAVES[leaf].hex(),
        "merkle_root": TREE.root.hex(),
        "proof": [{step.side.value: step.digest.hex()} for step in TREE.proof(leaf)],
    }
    return json.dumps(fields | changes)


@pytest.mark.parametrize("leaf", range(5))
def test_proof_of_a_leaf_proves_it(leaf: int) -> None:
    proof = decode_batch_proof(written(leaf))

    assert proof == BatchProof(leaf, LEAVES[leaf], TREE.root, TREE.proof(leaf))
    assert proof.leads_to_root
    assert proof.proves_leaf_of(5)


def test_proof_under_another_number_proves_nothing() -> None:
    assert not decode_batch_proof(written(0, leaf=1)).proves_leaf_of(5)
    assert not decode_batch_proof(written(4)).proves_leaf_of(4)


def test_proof_of_another_document_leads_elsewhere() -> None:
    assert not decode_batch_proof(written(0, document_hash=LEAVES[2].hex())).leads_to_root


@pytest.mark.parametrize(
    "change",
    [
        {"leaf": -1},
        {"leaf": 65_536},
        {"leaf": True},
        {"leaf": "0"},
        {"leaf": 0.0},
        {"document_hash": "00"},
        {"merkle_root": None},
        {"proof": None},
        {"proof": [{"left": "zz" * 32}]},
        {"more": 1},
    ],
)
def test_anything_else_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(DecodeError):
        decode_batch_proof(written(0, **change))


@pytest.mark.parametrize("text", ["", "[]", "[" * 50_000, "{" + " " * 70_000])
def test_what_is_no_proof_is_refused(text: str) -> None:
    with pytest.raises(DecodeError):
        decode_batch_proof(text)
