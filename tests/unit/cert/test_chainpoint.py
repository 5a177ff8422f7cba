"""Receipts are read exactly, written as the published tool does, and lead to their root or not."""

import json
from typing import Any

import pytest

from ccxx_cert.batch_tree import BatchTree
from ccxx_cert.chainpoint import Anchor, AnchorType, Receipt, decode_receipt, encode_receipt
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import Txid, sha256

LEAVES = [sha256(bytes([number])) for number in range(5)]
TREE = BatchTree(LEAVES)
ANCHOR = Anchor(AnchorType.CCX, Txid(bytes(range(32))))


def receipt_of(leaf: int) -> Receipt:
    return Receipt(LEAVES[leaf], TREE.root, TREE.proof(leaf), (ANCHOR,))


FIELDS = json.loads(encode_receipt(receipt_of(1)))


@pytest.mark.parametrize("leaf", range(5))
def test_every_leaf_leads_to_the_root(leaf: int) -> None:
    receipt = receipt_of(leaf)

    assert receipt.leads_to_root
    assert decode_receipt(encode_receipt(receipt)) == receipt


def test_single_file_is_its_own_root() -> None:
    receipt = Receipt(LEAVES[0], LEAVES[0], (), (ANCHOR,))

    assert receipt.leads_to_root


def test_other_file_does_not_lead_to_the_root() -> None:
    receipt = Receipt(LEAVES[0], TREE.root, TREE.proof(1), (ANCHOR,))

    assert not receipt.leads_to_root


def test_receipt_is_written_with_its_keys_in_order() -> None:
    text = encode_receipt(receipt_of(4))

    assert list(json.loads(text)) == [
        "@context",
        "type",
        "targetHash",
        "merkleRoot",
        "proof",
        "anchors",
    ]
    assert text == json.dumps(json.loads(text))
    assert f'"sourceId": "{bytes(range(32))[::-1].hex()}"' in text


def test_layout_does_not_matter() -> None:
    assert decode_receipt(json.dumps(FIELDS, indent=3)) == receipt_of(1)


@pytest.mark.parametrize(
    "change",
    [
        {"@context": "https://w3id.org/chainpoint/v3"},
        {"type": "ChainpointSHA512v2"},
        {"targetHash": "00"},
        {"targetHash": "AB" * 32},
        {"merkleRoot": None},
        {"proof": {}},
        {"proof": [[]]},
        {"proof": [{}]},
        {"proof": [{"up": "00" * 32}]},
        {"proof": [{"left": "00" * 32, "right": "00" * 32}]},
        {"proof": [{"left": "00" * 32}] * 65},
        {"anchors": [{"type": "CCXOpReturn"}]},
        {"anchors": [{"type": "ETHData", "sourceId": "00" * 32}]},
        {"anchors": [{"type": "CCXOpReturn", "sourceId": "00"}]},
        {"anchors": [{"type": [], "sourceId": "00" * 32}]},
        {"more": 1},
    ],
)
def test_anything_else_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(DecodeError):
        decode_receipt(json.dumps(FIELDS | change))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "[" * 100_000,
        '{"a":' * 100_000,
        "{" + " " * 70_000,
        b"\xff",
        '{"a":1,"a":1}',
    ],
)
def test_what_is_no_receipt_is_refused(text: str) -> None:
    with pytest.raises(DecodeError):
        decode_receipt(text)
