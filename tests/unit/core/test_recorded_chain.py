"""Blocks mined by the reference daemon decode to the ids, sizes and kinds that it printed."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bitcoin.core import CTransaction

from ccxx_core.address import encode_address
from ccxx_core.block import Block, work_of_bits
from ccxx_core.hashes import format_hash
from ccxx_core.merkle import merkle_root_mutated
from ccxx_core.network import REGTEST
from ccxx_core.script import solve_script
from ccxx_core.transaction import Transaction


def read_blocks(path: Path) -> Iterator[bytes]:
    """Yield raw blocks, each behind its length of four bytes."""
    data, offset = gzip.decompress(path.read_bytes()), 0
    while offset < len(data):
        end = offset + 4 + int.from_bytes(data[offset : offset + 4], "little")
        yield data[offset + 4 : end]
        offset = end


@pytest.fixture(scope="module")
def facts(vectors: Path) -> Any:
    """What the daemon printed about its chain."""
    return json.loads((vectors / "chain" / "chain-main.json").read_text())


@pytest.fixture(scope="module")
def raw_blocks(vectors: Path) -> list[bytes]:
    """The chain's blocks from height 1."""
    return list(read_blocks(vectors / "chain" / "chain-main.blk.gz"))


def test_every_block_has_its_recorded_hash_and_work(facts: Any, raw_blocks: list[bytes]) -> None:
    work = work_of_bits(0x207FFFFF)

    for raw, row in zip(raw_blocks, facts["blocks"], strict=True):
        block = Block.decode(raw)
        work += work_of_bits(block.header.bits)
        height, block_hash, time, _, bits, version, count, chainwork = row
        assert format_hash(block.hash) == block_hash, height
        assert (block.header.time, f"{block.header.bits:08x}") == (time, bits)
        assert (block.header.version, len(block.transactions)) == (version, count)
        assert f"{work:064x}" == chainwork
        assert block.encode() == raw
    assert len(raw_blocks) == 5150


def test_every_block_commits_to_its_transactions(raw_blocks: list[bytes]) -> None:
    for raw in raw_blocks[4990:]:
        block = Block.decode(raw)
        root, mutated = merkle_root_mutated([tx.txid for tx in block.transactions])
        assert (root, mutated) == (block.header.merkle_root, False)


def test_printed_blocks_have_our_sizes_and_ids(facts: Any, raw_blocks: list[bytes]) -> None:
    for height, printed in facts["getblock_verbosity_2"].items():
        if height == "0":
            continue
        block = Block.decode(raw_blocks[int(height) - 1])
        assert (block.size, block.base_size, block.weight) == (
            printed["size"],
            printed["strippedsize"],
            printed["weight"],
        )
        for tx, known in zip(block.transactions, printed["tx"], strict=True):
            check_transaction(tx, known)


def test_printed_transactions_have_our_ids_sizes_and_addresses(facts: Any) -> None:
    for entry in facts["getrawtransaction_verbose"]:
        known = entry["getrawtransaction"]
        check_transaction(Transaction.decode(bytes.fromhex(known["hex"])), known)


def check_transaction(tx: Transaction, known: Any) -> None:
    """Compare a transaction with what the daemon printed of it."""
    assert (format_hash(tx.txid), format_hash(tx.wtxid)) == (known["txid"], known["hash"])
    assert (tx.size, tx.vsize, tx.weight) == (known["size"], known["vsize"], known["weight"])
    for output, printed in zip(tx.outputs, known["vout"], strict=True):
        script = printed["scriptPubKey"]
        assert output.script_pubkey.hex() == script["hex"]
        assert solve_script(output.script_pubkey).kind == script["type"], script
        address = encode_address(output.script_pubkey, REGTEST)
        if address is not None:
            assert [address] == script["addresses"]


def test_python_bitcoinlib_agrees_about_every_transaction(raw_blocks: list[bytes]) -> None:
    count = 0
    for raw in raw_blocks[5000:]:
        for tx in Block.decode(raw).transactions:
            other = CTransaction.deserialize(tx.encode())
            assert (other.GetTxid(), other.GetHash()) == (tx.txid, tx.wtxid)
            assert other.calc_weight() == tx.weight
            count += 1
    assert count > 1000
