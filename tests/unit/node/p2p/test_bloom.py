"""Filters of light clients: what they match is what the reference matches."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from bitcoin.bloom import CBloomFilter

from ccxx_core.errors import DecodeError
from ccxx_core.hashes import Txid, sha256
from ccxx_core.merkle_block import proven_txids
from ccxx_core.script import build_script, multisig_script, p2pk_script, p2pkh_script
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_node.p2p.messages import FilterLoad
from ccxx_node.p2p.messages.bloom import BloomFilter, sift_block

Recorded = Callable[[str], list[Any]]
KEY = b"\2" + bytes(31) + b"\1"
ELEMENTS = [
    bytes.fromhex("99108ad8ed9bb6274d3980bab5a85c048f0950c8"),
    bytes.fromhex("b5a2c786d9ef4658287ced5914b37a1b4aa32eee"),
    bytes.fromhex("b9300670b4c5366e95b2699e8b18bc75e5f729c5"),
]
# From the tests of the reference: those three, without and with a tweak.
PLAIN = FilterLoad.decode(bytes.fromhex("03614e9b050000000000000001"))
TWEAKED = FilterLoad.decode(bytes.fromhex("03ce4299050000000100008001"))
EMPTY = FilterLoad(bytes(100), 5, 7, 0)


def spend(prevout: OutPoint, *scripts: bytes, script_sig: bytes = b"") -> Transaction:
    """A transaction from one output to some scripts."""
    outputs = tuple(TxOutput(1, script) for script in scripts)
    return Transaction(1, (TxInput(prevout, script_sig),), outputs)


def filter_of(*elements: bytes, flags: int = 0) -> BloomFilter:
    """A roomy filter that has these elements."""
    bloom = BloomFilter(replace(EMPTY, data=bytes(2000), flags=flags))
    for element in elements:
        bloom.add(element)
    return bloom


SOURCE = OutPoint(Txid(sha256(b"source")), 3)


@pytest.mark.parametrize("message", [PLAIN, TWEAKED], ids=["plain", "tweaked"])
def test_published_filters_have_what_was_put_in(message: FilterLoad) -> None:
    bloom = BloomFilter(message)

    assert all(bloom.contains(element) for element in ELEMENTS)
    assert not bloom.contains(b"\x19" + ELEMENTS[0][1:])


@pytest.mark.parametrize("tweak", [0, 1, 0x80000001, 0xFFFFFFFF])
def test_bits_are_where_another_implementation_has_them(tweak: int) -> None:
    theirs = CBloomFilter(20, 0.01, tweak, CBloomFilter.UPDATE_NONE)
    ours = BloomFilter(FilterLoad(bytes(len(theirs.vData)), theirs.nHashFuncs, tweak, 0))
    elements = [sha256(bytes([number]))[: number + 1] for number in range(30)]

    for element in elements[:15]:
        theirs.insert(element)
        ours.add(element)

    for element in elements:
        assert ours.contains(element) == theirs.contains(element)


def test_reference_finds_the_same_in_a_block(recorded: Recorded) -> None:
    (message,), (block,) = recorded("the filter, sent to it"), recorded("block 5149")
    (expected,) = recorded("block 5149, sifted")
    sent = recorded("what the filter found in block 5149")

    proof, found = sift_block(block.block, BloomFilter(message))

    assert proof.encode() == expected.encode()
    assert [tx.txid for tx in found] == [one.tx.txid for one in sent]
    assert proven_txids(expected.proof) == [tx.txid for tx in found]


def test_block_without_matches_is_proven_by_its_root_alone(recorded: Recorded) -> None:
    (block,) = recorded("block 5149")

    proof, found = sift_block(block.block, BloomFilter(EMPTY))

    assert (found, proof.hashes) == ([], (block.block.header.merkle_root,))


def test_transaction_matches_by_id_output_prevout_or_signature() -> None:
    tx = spend(SOURCE, p2pkh_script(ELEMENTS[0]), script_sig=build_script(b"signature", KEY))

    assert filter_of(tx.txid).matches(tx)
    assert filter_of(ELEMENTS[0]).matches(tx)
    assert filter_of(SOURCE.encode()).matches(tx)
    assert filter_of(KEY).matches(tx)
    assert not filter_of(ELEMENTS[1], SOURCE.txid, KEY[1:]).matches(tx)


def test_push_in_front_of_a_broken_one_counts() -> None:
    script = build_script(KEY) + b"\x4c\xff\0"

    assert filter_of(KEY).matches(spend(SOURCE, script))
    assert not filter_of(b"\0").matches(spend(SOURCE, script))


@pytest.mark.parametrize(
    ("flags", "followed"), [(0, []), (1, ["hash", "key", "keys"]), (2, ["key", "keys"])]
)
def test_filter_follows_outputs_as_its_flags_say(flags: int, followed: list[str]) -> None:
    scripts = {
        "hash": p2pkh_script(ELEMENTS[0]),
        "key": p2pk_script(KEY),
        "keys": multisig_script(1, [KEY]),
        "other": p2pkh_script(ELEMENTS[1]),
    }
    bloom = filter_of(ELEMENTS[0], KEY, flags=flags)
    tx = spend(SOURCE, *scripts.values())

    assert bloom.matches(tx)

    found = [bloom.matches(spend(OutPoint(tx.txid, vout), b"")) for vout in range(len(scripts))]
    assert [name for name, one in zip(scripts, found, strict=True) if one] == followed


def test_full_filter_matches_all_and_empty_one_nothing() -> None:
    tx = spend(SOURCE, p2pk_script(KEY))
    full = replace(EMPTY, data=b"\xff" * 9)

    assert BloomFilter(full).matches(tx)
    assert not BloomFilter(EMPTY).matches(tx)
    assert not BloomFilter(replace(EMPTY, hash_functions=0)).matches(tx)


def test_filter_of_no_bytes_is_full() -> None:
    bloom = BloomFilter(replace(EMPTY, data=b""))

    bloom.add(KEY)

    assert bloom.contains(KEY)
    assert bloom.contains(b"")


def test_filter_of_no_hash_functions_has_all_once_it_has_any() -> None:
    bloom = BloomFilter(replace(EMPTY, hash_functions=0))

    bloom.add(KEY)

    assert bloom.contains(b"anything")


def test_limits_of_the_protocol_are_held() -> None:
    BloomFilter(replace(EMPTY, data=bytes(36_000), hash_functions=50)).add(bytes(520))

    with pytest.raises(DecodeError):
        BloomFilter(replace(EMPTY, data=bytes(36_001)))
    with pytest.raises(DecodeError):
        BloomFilter(replace(EMPTY, hash_functions=51))
    with pytest.raises(DecodeError):
        BloomFilter(EMPTY).add(bytes(521))
