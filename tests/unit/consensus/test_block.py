"""Rules of blocks that the recorded chain, being of regtest, does not show."""

from dataclasses import replace

import pytest

from ccxx_core.block import Block
from ccxx_core.merkle import merkle_root
from ccxx_core.transaction import NULL_OUTPOINT, Transaction, TxInput, TxOutput
from ccxx_node.consensus.block import (
    WITNESS_COMMITMENT_PREFIX,
    check_block,
    check_block_context,
    encode_coinbase_height,
    find_witness_commitment,
    with_reserved_value,
    witness_commitment,
)
from ccxx_node.consensus.context import BlockContext
from ccxx_node.consensus.errors import ConsensusError, Reject
from ccxx_node.consensus.genesis import genesis_block
from ccxx_node.consensus.params import MAIN, REGTEST, ConsensusParams

GENESIS = genesis_block(REGTEST)


def block_of(*transactions: Transaction) -> Block:
    root = merkle_root([tx.txid for tx in transactions])
    return Block(replace(GENESIS.header, merkle_root=root), transactions)


def coinbase_with(script_sig: bytes, *outputs: TxOutput) -> Transaction:
    return Transaction(1, (TxInput(NULL_OUTPOINT, script_sig),), outputs or (TxOutput(0, b""),))


def context_at(height: int, params: ConsensusParams) -> BlockContext:
    return BlockContext(
        params=params,
        height=height,
        parent_time=0,
        parent_gap=0,
        parent_median_time=0,
        is_csv=True,
        flags=0,
        median_time_at=lambda _: 0,
    )


@pytest.mark.parametrize(
    ("height", "push"),
    [(0, "00"), (1, "51"), (16, "60"), (17, "0111"), (128, "028000"), (70_000, "03701101")],
)
def test_height_is_pushed_as_a_script_number(height: int, push: str) -> None:
    assert encode_coinbase_height(height).hex() == push


def test_coinbase_starts_with_its_height_where_bip_34_holds() -> None:
    right, wrong = block_of(coinbase_with(b"\x01\x11x")), block_of(coinbase_with(b"\x01\x12x"))

    check_block_context(right, context_at(17, MAIN))
    check_block_context(wrong, context_at(17, REGTEST))
    with pytest.raises(ConsensusError) as error:
        check_block_context(wrong, context_at(17, MAIN))

    assert error.value.reject is Reject.COINBASE_HEIGHT


def test_block_without_transactions_is_refused_by_its_length() -> None:
    with pytest.raises(ConsensusError) as error:
        check_block(Block(replace(GENESIS.header, merkle_root=bytes(32)), ()), REGTEST, True)

    assert error.value.reject is Reject.BLOCK_LENGTH


def test_block_without_coinbase_is_refused() -> None:
    spend = replace(GENESIS.transactions[0], inputs=(TxInput(NULL_OUTPOINT._replace(vout=0)),))

    with pytest.raises(ConsensusError) as error:
        check_block(block_of(spend), REGTEST, True)

    assert error.value.reject is Reject.NO_COINBASE


def test_work_is_not_asked_of_a_proposal() -> None:
    idle = Block(replace(GENESIS.header, bits=0x03000001), GENESIS.transactions)

    check_block(idle, REGTEST, is_proposal=True)
    with pytest.raises(ConsensusError) as error:
        check_block(idle, REGTEST)

    assert error.value.reject is Reject.HIGH_HASH


def test_last_commitment_of_the_coinbase_counts() -> None:
    scripts = [WITNESS_COMMITMENT_PREFIX + bytes([i]) * 32 for i in (1, 2)]
    short = WITNESS_COMMITMENT_PREFIX + bytes(31)
    outputs = [TxOutput(0, script) for script in (*scripts, short)]

    assert find_witness_commitment(block_of(coinbase_with(bytes(2), *outputs))) == bytes([2]) * 32


def test_reserved_value_left_out_by_a_miner_is_put_in() -> None:
    bare = block_of(coinbase_with(bytes(2)))
    commitment = WITNESS_COMMITMENT_PREFIX + witness_commitment(bare, bytes(32))
    block = block_of(coinbase_with(bytes(2), TxOutput(0, commitment)))

    with pytest.raises(ConsensusError) as error:
        check_block_context(block, context_at(17, REGTEST))

    assert error.value.reject is Reject.WITNESS_NONCE
    assert error.value.may_be_corrupt
    check_block_context(with_reserved_value(block), context_at(17, REGTEST))
    assert with_reserved_value(bare) is bare
