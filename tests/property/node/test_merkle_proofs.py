"""A proof proves exactly what it was made for, and hostile bytes prove nothing."""

from contextlib import suppress
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ccxx_core.block import BlockHeader
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import BlockHash, Txid, sha256
from ccxx_core.merkle import merkle_root
from ccxx_core.merkle_block import MerkleBlock, make_proof, proven_txids

HEADER = BlockHeader(0x20000000, BlockHash(bytes(32)), bytes(32), 1, 0x207FFFFF, 0)


@given(st.integers(1, 40), st.sets(st.integers(0, 39)))
def test_proof_names_the_wanted_transactions_in_order(count: int, positions: set[int]) -> None:
    txids = [Txid(sha256(bytes([number]))) for number in range(count)]
    wanted = [txids[position] for position in sorted(positions) if position < count]
    header = replace(HEADER, merkle_root=merkle_root(txids))

    proof = MerkleBlock.decode(make_proof(header, txids, wanted).encode())

    assert proven_txids(proof) == wanted


@given(st.binary(max_size=400))
def test_hostile_bytes_are_no_proof(data: bytes) -> None:
    with suppress(DecodeError):
        proven_txids(MerkleBlock.decode(data))


@given(st.integers(2, 9), st.integers(0, 2000))
def test_changed_bit_proves_nothing_else(count: int, position: int) -> None:
    txids = [Txid(sha256(bytes([number]))) for number in range(count)]
    header = replace(HEADER, merkle_root=merkle_root(txids))
    raw = bytearray(make_proof(header, txids, txids[:1]).encode())
    raw[80 + position // 8 % (len(raw) - 80)] ^= 1 << position % 8

    proven: list[Txid] = []
    with suppress(DecodeError):
        proven = proven_txids(MerkleBlock.decode(bytes(raw)))

    assert set(proven) <= set(txids)
