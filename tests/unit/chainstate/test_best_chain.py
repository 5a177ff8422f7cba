"""The active chain has the most work and breaks no rule; equals stay in order of arrival."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ccxx_core.block import Block
from ccxx_core.hashes import BlockHash
from ccxx_core.transaction import OutPoint, Transaction
from ccxx_node.chainstate.chain_tips import BranchStatus
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.chainstate.errors import ChainError
from ccxx_node.chainstate.utxo_stats import UtxoStats
from ccxx_node.consensus.errors import ConsensusError, Reject
from ccxx_node.events import BlockConnected, BlockDisconnected

NOW = 1_700_868_523

MakeBlock = Callable[..., Block]
MakeBranch = Callable[..., list[Block]]
Spend = Callable[..., Transaction]


def accept_all(chainstate: Chainstate, blocks: list[Block]) -> None:
    for block in blocks:
        chainstate.accept_block(block, NOW)


def facts(chainstate: Chainstate) -> UtxoStats:
    return replace(chainstate.utxo_stats(), disk_size=0)


def coin_of(block: Block) -> OutPoint:
    return OutPoint(block.transactions[0].txid, 0)


def test_block_on_the_tip_is_connected_and_told(
    chainstate: Chainstate, make_block: MakeBlock
) -> None:
    block = make_block(chainstate.tip.header, value=7)

    events = chainstate.accept_block(block, NOW)

    assert list(events) == [BlockConnected(block, 1)]
    assert (chainstate.height, chainstate.tip.hash) == (1, block.hash)
    coin = chainstate.get_coin(coin_of(block))
    assert coin is not None and (coin.value, coin.height, coin.is_coinbase) == (7, 1, True)
    assert chainstate.get_block(block.hash) == block
    assert chainstate.get_raw_block(block.hash) == block.encode()


def test_block_known_already_changes_nothing(chainstate: Chainstate, make_block: MakeBlock) -> None:
    block = make_block(chainstate.tip.header)
    chainstate.accept_block(block, NOW)

    assert list(chainstate.accept_block(block, NOW)) == []
    assert chainstate.height == 1


def test_equal_work_does_not_move_the_tip_and_more_work_does(
    chainstate: Chainstate, make_branch: MakeBranch
) -> None:
    first = make_branch(chainstate.tip.header, 2, "first")
    second = make_branch(chainstate.tip.header, 3, "second")
    accept_all(chainstate, first)

    assert [list(chainstate.accept_block(block, NOW)) for block in second[:2]] == [[], []]
    events = chainstate.accept_block(second[2], NOW)

    assert list(events) == [
        BlockDisconnected(first[1], 2),
        BlockDisconnected(first[0], 1),
        BlockConnected(second[0], 1),
        BlockConnected(second[1], 2),
        BlockConnected(second[2], 3),
    ]
    assert events[-1] == BlockConnected(second[2], 3)
    assert chainstate.tip.hash == second[2].hash


def test_block_waits_for_its_parent_when_its_header_is_known(
    chainstate: Chainstate, make_branch: MakeBranch
) -> None:
    blocks = make_branch(chainstate.tip.header, 3)
    for block in blocks:
        chainstate.accept_header(block.header, NOW)
    assert chainstate.best_header.height == 3

    early = [list(chainstate.accept_block(block, NOW)) for block in (blocks[2], blocks[1])]
    events = chainstate.accept_block(blocks[0], NOW)

    assert early == [[], []]
    assert [event.block for event in events] == blocks


def test_block_without_a_known_parent_is_refused(
    chainstate: Chainstate, make_branch: MakeBranch
) -> None:
    blocks = make_branch(chainstate.tip.header, 2)

    with pytest.raises(ConsensusError) as error:
        chainstate.accept_block(blocks[1], NOW)

    assert error.value.reject is Reject.UNKNOWN_PARENT
    assert chainstate.entry(blocks[1].hash) is None


def test_refused_block_changes_nothing_and_is_remembered(
    chainstate: Chainstate, make_branch: MakeBranch, make_block: MakeBlock, spend: Spend
) -> None:
    blocks = make_branch(chainstate.tip.header, 2)
    accept_all(chainstate, blocks)
    before = facts(chainstate)
    bad = make_block(blocks[-1].header, spend(coin_of(blocks[0]), value=1))
    child = make_block(bad.header)

    with pytest.raises(ConsensusError) as first:
        chainstate.accept_block(bad, NOW)
    with pytest.raises(ConsensusError) as second:
        chainstate.accept_block(bad, NOW)
    with pytest.raises(ConsensusError) as third:
        chainstate.accept_block(child, NOW)

    assert first.value.reject is Reject.SPENDS_TOO_MUCH
    assert second.value.reject is Reject.DUPLICATE_BLOCK
    assert third.value.reject is Reject.INVALID_PARENT
    assert facts(chainstate) == before


def test_block_spoiled_on_the_way_does_not_spoil_its_hash(
    chainstate: Chainstate, make_block: MakeBlock, spoil: Callable[[Block], Block]
) -> None:
    block = make_block(chainstate.tip.header)

    with pytest.raises(ConsensusError) as error:
        chainstate.accept_block(spoil(block), NOW)

    assert error.value.may_be_corrupt
    assert list(chainstate.accept_block(block, NOW)) == [BlockConnected(block, 1)]


def test_longer_branch_with_a_broken_rule_leaves_the_tip_where_it_was(
    chainstate: Chainstate, make_branch: MakeBranch, make_block: MakeBlock, spend: Spend
) -> None:
    main = make_branch(chainstate.tip.header, 3, "main")
    accept_all(chainstate, main)
    before = facts(chainstate)
    good = make_block(main[0].header, name="branch")
    bad = make_block(good.header, spend(coin_of(main[1])))
    tail = make_branch(bad.header, 2)

    accept_all(chainstate, [good, bad])
    events = chainstate.accept_block(tail[0], NOW)

    assert list(events) == []
    assert facts(chainstate) == before
    assert [chainstate.entry(block.hash).is_failed for block in (good, bad, tail[0])] == [  # type: ignore[union-attr]
        False,
        True,
        True,
    ]
    with pytest.raises(ConsensusError):
        chainstate.accept_block(tail[1], NOW)


def test_last_block_of_a_longer_branch_is_refused_by_name(
    chainstate: Chainstate, make_branch: MakeBranch, make_block: MakeBlock, spend: Spend
) -> None:
    main = make_branch(chainstate.tip.header, 1, "main")
    accept_all(chainstate, main)
    before = facts(chainstate)
    good = make_block(chainstate.genesis.header, name="branch")
    bad = make_block(good.header, spend(coin_of(main[0])))
    accept_all(chainstate, [good])

    with pytest.raises(ConsensusError) as error:
        chainstate.accept_block(bad, NOW)

    assert error.value.reject is Reject.MISSING_INPUTS
    assert facts(chainstate) == before


def test_spent_coins_come_back_when_their_block_leaves(
    chainstate: Chainstate, make_branch: MakeBranch, make_block: MakeBlock, spend: Spend
) -> None:
    main = make_branch(chainstate.tip.header, 2, "main")
    accept_all(chainstate, main)
    before = facts(chainstate)
    first = spend(coin_of(main[0]), outputs=2)
    second = spend(OutPoint(first.txid, 0), coin_of(main[1]))
    chainstate.accept_block(make_block(main[1].header, first, second), NOW)
    assert chainstate.get_coin(coin_of(main[0])) is None
    undo = chainstate.get_undo(chainstate.tip.hash)

    chainstate.invalidate_block(chainstate.tip.hash)

    assert facts(chainstate) == before
    assert undo is not None and [len(coins) for coins in undo.spent] == [1, 2]


def test_invalidated_branch_gives_way_and_comes_back(
    chainstate: Chainstate, make_branch: MakeBranch
) -> None:
    main = make_branch(chainstate.tip.header, 3, "main")
    other = make_branch(main[0].header, 1, "other")
    accept_all(chainstate, main + other)

    away = chainstate.invalidate_block(main[1].hash)
    tips_away = {tip.hash: tip.status for tip in chainstate.chain_tips()}
    back = chainstate.reconsider_block(main[2].hash)

    assert list(away) == [
        BlockDisconnected(main[2], 3),
        BlockDisconnected(main[1], 2),
        BlockConnected(other[0], 2),
    ]
    assert tips_away == {
        main[2].hash: BranchStatus.INVALID,
        other[0].hash: BranchStatus.ACTIVE,
    }
    assert [event.block for event in back] == [other[0], main[1], main[2]]
    assert chainstate.chain_tips()[1].status is BranchStatus.VALID_FORK


def test_precious_block_wins_among_equals(chainstate: Chainstate, make_branch: MakeBranch) -> None:
    first = make_branch(chainstate.tip.header, 2, "first")
    second = make_branch(chainstate.tip.header, 2, "second")
    accept_all(chainstate, first + second)

    chainstate.precious_block(second[1].hash)
    assert chainstate.tip.hash == second[1].hash
    chainstate.precious_block(first[1].hash)
    assert chainstate.tip.hash == first[1].hash
    chainstate.precious_block(second[0].hash)
    assert chainstate.tip.hash == first[1].hash


def test_branch_of_headers_alone_is_listed_as_such(
    chainstate: Chainstate, make_branch: MakeBranch
) -> None:
    blocks = make_branch(chainstate.tip.header, 2)
    for block in blocks:
        chainstate.accept_header(block.header, NOW)

    tips = chainstate.chain_tips()

    assert [(tip.height, tip.branch_length, tip.status) for tip in tips] == [
        (2, 2, BranchStatus.HEADERS_ONLY),
        (0, 0, BranchStatus.ACTIVE),
    ]


def test_tested_block_is_not_kept(
    chainstate: Chainstate, make_block: MakeBlock, spend: Spend
) -> None:
    parent = make_block(chainstate.tip.header)
    chainstate.accept_block(parent, NOW)
    good = make_block(parent.header, spend(coin_of(parent)))
    unmined = replace(good, header=replace(good.header, nonce=good.header.nonce + 1))
    bad = make_block(parent.header, spend(coin_of(parent), value=1))
    before = facts(chainstate)

    chainstate.test_block(good, NOW, checks_work=True)
    chainstate.test_block(unmined, NOW)
    with pytest.raises(ConsensusError) as error:
        chainstate.test_block(bad, NOW)
    with pytest.raises(ChainError):
        chainstate.test_block(parent, NOW)

    assert error.value.reject is Reject.SPENDS_TOO_MUCH
    assert facts(chainstate) == before
    assert chainstate.entry(good.hash) is None


def test_unknown_block_and_genesis_cannot_be_invalidated(
    chainstate: Chainstate, unlinked_hash: BlockHash
) -> None:
    for block_hash in (unlinked_hash, chainstate.genesis.hash):
        with pytest.raises(ChainError):
            chainstate.invalidate_block(block_hash)
    assert chainstate.get_block(unlinked_hash) is None
    assert chainstate.get_undo(unlinked_hash) is None


def test_long_way_is_gone_in_turns_and_ends_at_the_same_tip(
    chainstate: Chainstate, make_branch: Callable[..., list[Block]]
) -> None:
    first = make_branch(chainstate.genesis.header, 4)
    second = make_branch(chainstate.genesis.header, 5, name="second")
    for block in (*first, *second[:4]):
        chainstate.accept_block(block, NOW)

    events = list(chainstate.accept_block(second[4], NOW, 0))
    turns = 1
    while not chainstate.is_settled:
        events += chainstate.move_on(0)
        turns += 1

    assert turns == 9
    assert [type(event) for event in events] == [BlockDisconnected] * 4 + [BlockConnected] * 5
    assert chainstate.tip.hash == second[-1].hash


def test_refused_block_at_the_end_of_a_long_way_leads_back(
    chainstate: Chainstate,
    make_branch: Callable[..., list[Block]],
    make_block: Callable[..., Block],
) -> None:
    first = make_branch(chainstate.genesis.header, 4)
    second = make_branch(chainstate.genesis.header, 4, name="second")
    greedy = make_block(second[-1].header, value=10**12)
    for block in (*first, *second):
        chainstate.accept_block(block, NOW)

    chainstate.accept_block(greedy, NOW, 0)
    while not chainstate.is_settled:
        chainstate.move_on(0)

    assert chainstate.tip.hash == first[-1].hash
    assert chainstate.take_refusals()[0][0].hash == greedy.hash
