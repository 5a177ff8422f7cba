"""Blocks, compact targets and work."""

from dataclasses import replace

import pytest

from ccxx_core.block import (
    Block,
    BlockHeader,
    bits_from_target,
    target_from_bits,
    work_of_bits,
)
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import BlockHash, Txid, sha256d
from ccxx_core.network import MAIN, NETWORKS, REGTEST
from ccxx_core.transaction import NULL_OUTPOINT, OutPoint, Transaction, TxInput, TxOutput

GENESIS_ROOT = bytes.fromhex("baec7e8bad4a377bf0f5606d091a22095d7ec2b1cbb745f12496c814ca16bc5f")
GENESIS = {
    "main": BlockHeader(1, BlockHash(bytes(32)), GENESIS_ROOT[::-1], 1558717122, 0x1E0FFFF0, 13491),
    "test": BlockHeader(
        1, BlockHash(bytes(32)), GENESIS_ROOT[::-1], 1486949366, 0x1E0FFFF0, 353359
    ),
    "regtest": BlockHeader(1, BlockHash(bytes(32)), GENESIS_ROOT[::-1], 1296688602, 0x207FFFFF, 0),
}
COINBASE = Transaction(1, (TxInput(NULL_OUTPOINT, b"\x01\x01"),), (TxOutput(50, b"\x51"),))
SPEND = Transaction(
    2, (TxInput(OutPoint(Txid(b"1" * 32), 0), witness=(b"w",)),), (TxOutput(1, b"\x51"),)
)
BLOCK = Block(GENESIS["regtest"], (COINBASE, SPEND))


@pytest.mark.parametrize("chain", list(NETWORKS))
def test_genesis_headers_have_the_networks_hashes(chain: str) -> None:
    assert GENESIS[chain].hash == NETWORKS[chain].genesis_hash


@pytest.mark.parametrize("chain", list(NETWORKS))
def test_genesis_headers_are_proof_of_work(chain: str) -> None:
    target = target_from_bits(GENESIS[chain].bits)

    assert target is not None
    assert int.from_bytes(GENESIS[chain].pow_hash, "little") <= target


def test_header_is_eighty_bytes_both_ways() -> None:
    header = replace(GENESIS["main"], version=-2, nonce=0xFFFFFFFF)

    assert len(header.encode()) == 80
    assert BlockHeader.decode(header.encode()) == header
    assert header.hash == sha256d(header.encode()) != MAIN.genesis_hash


@pytest.mark.parametrize("length", [0, 79, 81])
def test_header_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(DecodeError):
        BlockHeader.decode(bytes(length))


def test_block_comes_back_with_its_sizes() -> None:
    data = BLOCK.encode()

    decoded = Block.decode(data)

    assert decoded == BLOCK and decoded.hash == REGTEST.genesis_hash
    assert decoded.size == len(data)
    assert decoded.base_size == len(data) - (SPEND.size - len(SPEND.base))
    assert decoded.weight == 3 * decoded.base_size + decoded.size


def test_every_truncation_of_a_block_is_refused() -> None:
    data = BLOCK.encode()

    for length in range(len(data)):
        with pytest.raises(DecodeError):
            Block.decode(data[:length])


def test_bytes_behind_a_block_are_refused() -> None:
    with pytest.raises(DecodeError):
        Block.decode(BLOCK.encode() + b"\0")


# The cases of the reference's test of compact numbers.
@pytest.mark.parametrize(
    ("bits", "target"),
    [
        (0, None),
        (0x00123456, None),
        (0x01003456, None),
        (0x02000056, None),
        (0x03000000, None),
        (0x04000000, None),
        (0x00923456, None),
        (0x01803456, None),
        (0x02800056, None),
        (0x01123456, 0x12),
        (0x01FEDCBA, None),
        (0x02123456, 0x1234),
        (0x03123456, 0x123456),
        (0x04123456, 0x12345600),
        (0x04923456, None),
        (0x05009234, 0x92340000),
        (0x20123456, 0x123456 << 232),
        (0x207FFFFF, 0x7FFFFF << 232),
        (0x2100FFFF, 0xFFFF << 240),
        (0x220000FF, 0xFF << 248),
        (0x23000001, None),
        (0x22000100, None),
        (0x21010000, None),
        (0xFF123456, None),
    ],
)
def test_compact_targets_expand_as_in_the_reference(bits: int, target: int | None) -> None:
    assert target_from_bits(bits) == target


@pytest.mark.parametrize("bits", [0x1E0FFFF0, 0x207FFFFF, 0x1B0404CB, 0x05009234, 0x01120000])
def test_targets_are_compacted_to_the_same_bits(bits: int) -> None:
    target = target_from_bits(bits)

    assert target is not None and bits_from_target(target) == bits


def test_compact_form_rounds_down_and_keeps_its_sign_clear() -> None:
    assert bits_from_target(0x80) == 0x02008000
    assert bits_from_target(0x123456FF) == 0x04123456


def test_work_is_the_expected_number_of_hashes() -> None:
    assert work_of_bits(0x207FFFFF) == 2
    assert work_of_bits(0x1D00FFFF) == 0x100010001
    assert work_of_bits(0) == 0
