"""A regtest node that did not know segwit, and is told of it later."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from ccxx_core.block import Block
from ccxx_core.merkle import merkle_root
from ccxx_core.transaction import TxOutput
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.consensus.block import lacks_witness
from ccxx_node.mining.miner import mine
from ccxx_node.mining.template import commitment_script

SIGNAL = 0x20000002
NOW = 1_800_000_000
# Four periods of 144 blocks: defined, started, locked in, active.
ACTIVE_FROM = 432


def bare_block(make_block: Any, parent: Any) -> Block:
    """A block that signals for segwit and commits to witnesses, but has none."""
    block = make_block(parent)
    coinbase = block.transactions[0]
    outputs = (*coinbase.outputs, TxOutput(0, commitment_script([])))
    coinbase = replace(coinbase, outputs=outputs)
    header = replace(block.header, version=SIGNAL, merkle_root=merkle_root([coinbase.txid]))
    mined = mine(Block(header, (coinbase,)), tries=1000)
    assert mined is not None
    return mined


def test_blocks_without_their_witnesses_are_forgotten_and_fetched_again(
    tmp_path: Path, params: Any, make_block: Any
) -> None:
    unaware = params.with_deployment("segwit", 0, 0)
    aware = params.with_deployment("segwit", 0, 10**10)
    with Chainstate.open(tmp_path / "regtest", unaware) as chain:
        for _ in range(ACTIVE_FROM + 4):
            block = bare_block(make_block, chain.tip.header)
            chain.accept_block(block, NOW)
        tip = chain.tip.hash
        assert lacks_witness(block)

    with Chainstate.open(tmp_path / "regtest", aware) as chain:
        assert chain.height == ACTIVE_FROM - 1
        # What was forgotten cannot be told as taken back.
        assert chain.opened_at is chain.tip
        lost = chain.entry(tip)
        assert lost is not None
        assert lost.block_position is None
        assert not lost.is_failed
