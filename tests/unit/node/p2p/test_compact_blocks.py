"""Compact blocks: made like the reference's, and put together from whatever is there."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from siphash24 import siphash24

from ccxx_core.block import Block
from ccxx_core.errors import DecodeError
from ccxx_core.transaction import Transaction
from ccxx_node.p2p.messages import CompactBlock, PrefilledTransaction
from ccxx_node.p2p.messages.compact_blocks import (
    PartialBlock,
    ShortIdCollision,
    make_compact,
    short_id,
    short_id_key,
)

Recorded = Callable[[str], list[Any]]


@pytest.fixture
def block(recorded: Recorded) -> Block:
    """A block of eleven transactions, some with witnesses."""
    found: Block = recorded("block 5149")[0].block
    return found


@pytest.fixture
def compact(recorded: Recorded) -> CompactBlock:
    """Its compact form as the reference sent it, by wtxid."""
    found: CompactBlock = recorded("block 5149, version 2")[0]
    return found


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (0, 0x726FDB47DD0E0E31),
        (1, 0x74F839C593DC67FD),
        (15, 0xA129CA6149BE45E5),
        (32, 0x7127512F72F27CCE),
        (63, 0x958A324CEB064572),
    ],
)
def test_siphash_gives_its_authors_vectors(length: int, expected: int) -> None:
    digest = siphash24(bytes(range(length)), key=bytes(range(16))).digest()

    assert int.from_bytes(digest, "little") == expected


def test_short_id_is_the_low_48_bits() -> None:
    assert short_id(bytes(range(16)), bytes(range(32))) == 0x512F72F27CCE


def test_compact_block_is_made_as_the_reference_makes_it(
    block: Block, compact: CompactBlock
) -> None:
    assert make_compact(block, compact.nonce) == compact


def test_compact_block_of_version_1_goes_by_txid(block: Block, recorded: Recorded) -> None:
    (expected,) = recorded("block 5149, version 1")

    made = make_compact(block, expected.nonce, by_wtxid=False).without_witness()

    assert made.encode() == expected.encode()


def test_transactions_are_stripped_for_peers_without_witness(recorded: Recorded) -> None:
    (whole,) = recorded("positions 1 2 5 9 of block 5149")
    (bare,) = recorded("positions 1 2 5 9 of block 5149, without witness")

    assert whole.without_witness().encode() == bare.encode()


def test_block_is_put_together_from_pool_and_answer(
    block: Block, compact: CompactBlock, recorded: Recorded
) -> None:
    txs = block.transactions
    (answer,) = recorded("positions 1 2 5 9 of block 5149")
    pool = [tx for at, tx in enumerate(txs) if at not in (1, 2, 5, 8, 9)]

    partial = PartialBlock(compact, pool, [txs[8]])

    assert partial.missing == (1, 2, 5, 9)
    assert partial.fill(answer.transactions) == block


def test_block_needs_no_question_if_all_is_there(block: Block, compact: CompactBlock) -> None:
    partial = PartialBlock(compact, reversed(block.transactions))

    assert partial.missing == ()
    assert partial.fill(()) == block


def test_new_tip_is_announced_in_a_form_that_gives_the_block(recorded: Recorded) -> None:
    announced, sent = recorded("a new tip: high bandwidth")[0], recorded("the new tip, sent to it")

    assert PartialBlock(announced, ()).fill(()) == sent[0].block


@pytest.mark.parametrize("change", [-1, 1])
def test_wrong_number_of_transactions_is_the_peers_fault(
    block: Block, compact: CompactBlock, change: int
) -> None:
    partial = PartialBlock(compact, ())
    answer = (*block.transactions[1:], block.transactions[1])

    with pytest.raises(DecodeError):
        partial.fill(answer[: len(partial.missing) + change])


def test_wrong_transaction_may_be_nobodys_fault(block: Block, compact: CompactBlock) -> None:
    partial = PartialBlock(compact, block.transactions[:-1])

    with pytest.raises(ShortIdCollision):
        partial.fill((block.transactions[1],))


def test_block_can_be_filled_again_after_a_wrong_answer(
    block: Block, compact: CompactBlock
) -> None:
    partial = PartialBlock(compact, block.transactions[:-1])
    with pytest.raises(ShortIdCollision):
        partial.fill((block.transactions[1],))

    assert partial.fill((block.transactions[-1],)) == block


def test_equal_short_ids_in_a_block_are_a_collision(compact: CompactBlock) -> None:
    twice = replace(compact, short_ids=(compact.short_ids[0], *compact.short_ids[:-1]))

    with pytest.raises(ShortIdCollision):
        PartialBlock(twice, ())


def test_transaction_seen_twice_is_no_doubt(block: Block, compact: CompactBlock) -> None:
    one = block.transactions[3]

    partial = PartialBlock(compact, [one], [one, *block.transactions])

    assert partial.missing == ()


def test_coinbase_may_be_missing_and_anything_sent_along(block: Block) -> None:
    whole = make_compact(block, 1)
    txs = block.transactions
    along = (PrefilledTransaction(2, txs[2]), PrefilledTransaction(10, txs[10]))
    key = short_id_key(block.header, 1)
    ids = [short_id(key, tx.wtxid) for at, tx in enumerate(txs) if at not in (2, 10)]

    partial = PartialBlock(replace(whole, short_ids=tuple(ids), prefilled=along), txs[1:])

    assert partial.missing == (0,)
    assert partial.fill(txs[:1]) == block


@pytest.mark.parametrize("flaw", ["nothing", "no bits", "behind the end", "empty", "too many"])
def test_message_that_can_be_no_block_is_the_peers_fault(
    block: Block, compact: CompactBlock, flaw: str
) -> None:
    coinbase = block.transactions[0]
    broken = {
        "nothing": replace(compact, short_ids=(), prefilled=()),
        "no bits": replace(compact, header=replace(compact.header, bits=0)),
        "behind the end": replace(compact, prefilled=(PrefilledTransaction(11, coinbase),)),
        "empty": replace(compact, prefilled=(PrefilledTransaction(0, Transaction(1, (), ())),)),
        "too many": replace(compact, short_ids=tuple(range(65_535))),
    }[flaw]

    with pytest.raises(DecodeError):
        PartialBlock(broken, ())


def test_position_behind_the_end_is_refused_when_it_comes_over_the_wire(
    block: Block, compact: CompactBlock
) -> None:
    far = replace(compact, prefilled=(PrefilledTransaction(12, block.transactions[0]),))

    with pytest.raises(DecodeError):
        PartialBlock(CompactBlock.decode(far.encode()), ())
