"""Signature digests agree with the reference and with BIP 143."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ccxx_core.hashes import sha256d
from ccxx_core.sighash import (
    SIGHASH_ALL,
    SIGHASH_ANYONECANPAY,
    SIGHASH_NONE,
    SIGHASH_SINGLE,
    legacy_sighash,
    segwit_sighash,
)
from ccxx_core.transaction import Transaction

# The P2WPKH example of BIP 143.
BIP143_TX = Transaction.decode(
    bytes.fromhex(
        "0100000002fff7f7881a8099afa6940d42d1e7f6362bec38171ea3edf433541db4e4ad969f0000000000eeffff"
        "ffef51e1b804cc89d182d279655c3aa89e815b1b309fe287d9b2b55d57b90ec68a0100000000ffffffff02202c"
        "b206000000001976a9148280b37df378db99f66f85c95a783a76ac7a6d5988ac9093510d000000001976a9143b"
        "de42dbee7e4dbe6a21b2d50ce2f0167faa815988ac11000000"
    )
)
BIP143_CODE = bytes.fromhex("76a9141d0f172a0ecb48aeda1c9d9c3f1a9a8f9a4d8d5e88ac")


def test_reference_cases_give_their_digests(vectors: Path) -> None:
    cases = json.loads((vectors / "core" / "sighash.json").read_text())[1:]

    for raw, script, index, hash_type, digest in cases:
        tx = Transaction.decode(bytes.fromhex(raw))
        found = legacy_sighash(tx, index, bytes.fromhex(script), hash_type & 0xFFFFFFFF)
        assert found[::-1].hex() == digest
    assert len(cases) == 500


def test_example_of_bip_143_gives_its_digest() -> None:
    code = bytes.fromhex("76a9141d0f172a0ecb48aee1be1f2687d2963ae33f71a188ac")

    digest = segwit_sighash(BIP143_TX, 1, code, 600_000_000, SIGHASH_ALL)

    assert digest.hex() == "c37af31116d1b27caf68aae9e3ac82f1477929014d5b917657d0eb49478cb670"


def test_witness_digest_commits_to_the_value() -> None:
    one = segwit_sighash(BIP143_TX, 0, BIP143_CODE, 1, SIGHASH_ALL)
    two = segwit_sighash(BIP143_TX, 0, BIP143_CODE, 2, SIGHASH_ALL)

    assert one != two


@pytest.mark.parametrize("index", [0, 1])
def test_shared_parts_are_not_mixed_between_hash_types(index: int) -> None:
    types = [SIGHASH_ALL, SIGHASH_NONE, SIGHASH_SINGLE]
    types += [hash_type | SIGHASH_ANYONECANPAY for hash_type in types]

    warm = [segwit_sighash(BIP143_TX, index, BIP143_CODE, 5, kind) for kind in types]
    cold = [
        segwit_sighash(replace(BIP143_TX), index, BIP143_CODE, 5, kind) for kind in reversed(types)
    ]

    assert warm == cold[::-1]
    assert len(set(warm)) == len(types)


def test_single_without_its_output_signs_the_number_one_only_before_segwit() -> None:
    tx = replace(BIP143_TX, outputs=BIP143_TX.outputs[:1])

    legacy = legacy_sighash(tx, 1, BIP143_CODE, SIGHASH_SINGLE)
    segwit = segwit_sighash(tx, 1, BIP143_CODE, 5, SIGHASH_SINGLE)

    assert legacy == (1).to_bytes(32, "little")
    assert segwit not in (legacy, sha256d(b""))


def test_code_separators_are_dropped_before_segwit_only() -> None:
    script = b"\xab\x51\x02\xab\xab\xab\x52"
    stripped = b"\x51\x02\xab\xab\x52"

    assert legacy_sighash(BIP143_TX, 0, script, SIGHASH_ALL) == legacy_sighash(
        BIP143_TX, 0, stripped, SIGHASH_ALL
    )
    assert segwit_sighash(BIP143_TX, 0, script, 5, SIGHASH_ALL) != segwit_sighash(
        BIP143_TX, 0, stripped, 5, SIGHASH_ALL
    )


def test_changed_copy_of_a_transaction_does_not_keep_old_parts() -> None:
    legacy_sighash(BIP143_TX, 0, BIP143_CODE, SIGHASH_ALL)
    segwit_sighash(BIP143_TX, 0, BIP143_CODE, 5, SIGHASH_ALL)
    output = BIP143_TX.outputs[0]._replace(value=1)
    changed = replace(BIP143_TX, outputs=(output, *BIP143_TX.outputs[1:]))

    for digest in (
        lambda tx: legacy_sighash(tx, 0, BIP143_CODE, SIGHASH_ALL),
        lambda tx: segwit_sighash(tx, 0, BIP143_CODE, 5, SIGHASH_ALL),
    ):
        assert digest(changed) == digest(Transaction.decode(changed.encode()))
        assert digest(changed) != digest(BIP143_TX)
