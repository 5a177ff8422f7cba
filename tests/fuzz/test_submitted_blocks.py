"""Changed blocks of every recorded kind are connected, or refused with a reason."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ccxx_core.block import Block, BlockHeader
from ccxx_core.errors import DecodeError
from ccxx_core.merkle import merkle_root
from ccxx_core.transaction import Transaction
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.chainstate.import_file import import_blocks
from ccxx_node.consensus.block import (
    WITNESS_COMMITMENT_PREFIX,
    with_reserved_value,
    witness_commitment,
)
from ccxx_node.consensus.errors import ConsensusError
from ccxx_node.consensus.params import REGTEST
from ccxx_node.mempool.accept import Acceptor, Terms
from ccxx_node.mempool.errors import PolicyError
from ccxx_node.mempool.next_block import BlockAfter
from ccxx_node.mempool.policy import Policy
from ccxx_node.mempool.pool import Mempool
from ccxx_node.mining.miner import mine

BLOCKS = 1500
HEADERS = 1000
TRANSACTIONS = 3000


@pytest.fixture(scope="module")
def recorded(vectors: Path) -> Any:
    return json.loads((vectors / "chain" / "invalid-blocks.json").read_text())


@pytest.fixture(scope="module")
def chain(
    vectors: Path, recorded: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Chainstate]:
    """The recorded chain, whose coins the recorded blocks spend."""
    folder = tmp_path_factory.mktemp("chain")
    source = vectors / "chain" / "chain-main.blk.gz"
    with Chainstate.open(folder, REGTEST) as chainstate:
        for _ in import_blocks(chainstate, source, lambda: recorded["mocktime"]):
            pass
        yield chainstate


def repaired(raw: bytes, chain: Chainstate, chance: Random) -> Block:
    """Put commitments and work right, as a rule, so that the change itself is looked at."""
    block = with_reserved_value(Block.decode(raw))
    if chance.random() < 0.1:
        return block
    if chance.random() < 0.8:
        block = recommitted(block)
    root = merkle_root([tx.txid for tx in block.transactions])
    header = replace(block.header, prev_hash=chain.tip.hash, merkle_root=root, nonce=0)
    if chance.random() < 0.9:
        header = replace(header, version=0x20000000, bits=0x207FFFFF, time=chain.tip.time + 150)
    block = replace(block, header=header)
    return mine(block, tries=50) or block


def recommitted(block: Block) -> Block:
    if not block.transactions or not block.transactions[0].inputs:
        return block
    coinbase, *others = block.transactions
    witness = coinbase.inputs[0].witness
    commitment = WITNESS_COMMITMENT_PREFIX + witness_commitment(block, (witness or (b"",))[0])
    outputs = tuple(
        output._replace(script_pubkey=commitment)
        if output.script_pubkey.startswith(WITNESS_COMMITMENT_PREFIX)
        else output
        for output in coinbase.outputs
    )
    return replace(block, transactions=(replace(coinbase, outputs=outputs), *others))


def test_changed_blocks_are_connected_or_refused(
    changes: Callable[..., Iterator[bytes]], chain: Chainstate, recorded: Any
) -> None:
    chance = Random(1)
    start, now = chain.tip, recorded["mocktime"]
    reasons, connected = set(), 0

    for raw in changes("block", BLOCKS):
        try:
            events = chain.accept_block(repaired(raw, chain, chance), now)
        except DecodeError:
            continue
        except ConsensusError as error:
            reasons.add(error.reason)
            continue
        except Exception as error:
            pytest.fail(f"block {raw.hex()}: {error!r}")
        if len(events):
            connected += 1
            chain.invalidate_block(chain.tip.hash)
        assert chain.tip is start

    # The changes reach deep: a fuzzer that is refused at the door finds nothing.
    assert connected > 20
    assert len(reasons) > 25


def test_changed_headers_are_known_or_refused(
    changes: Callable[..., Iterator[bytes]], chain: Chainstate, recorded: Any
) -> None:
    for raw in changes("header", HEADERS):
        with suppress(DecodeError, ConsensusError):
            chain.accept_header(BlockHeader.decode(raw), recorded["mocktime"])


def test_changed_transactions_wait_or_are_refused(
    changes: Callable[..., Iterator[bytes]], chain: Chainstate, recorded: Any
) -> None:
    acceptor = Acceptor(Mempool(), Policy(require_standard=False))
    coins = BlockAfter(chain.tip, chain, REGTEST)
    reasons = set()

    for raw in changes("transaction", TRANSACTIONS):
        try:
            acceptor.accept(Transaction.decode(raw), coins, Terms(recorded["mocktime"]))
        except DecodeError:
            continue
        except (ConsensusError, PolicyError) as error:
            reasons.add(error.reason)
        except Exception as error:
            pytest.fail(f"transaction {raw.hex()}: {error!r}")

    assert len(acceptor.pool) > 10
    assert len(reasons) > 15
