"""Headers and blocks: asked for, judged, kept in bounds, and announced."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ccxx_core.block import Block
from ccxx_core.hashes import format_hash
from ccxx_node.p2p import messages as m
from ccxx_node.p2p.blocks import header_sync, weak_branches
from ccxx_node.p2p.messages.compact_blocks import make_compact
from ccxx_node.p2p.peers.actions import Ban
from ccxx_node.p2p.peers.peer import Services

LEGACY = Services.NETWORK


def headers_of(blocks: list[Block]) -> m.Headers:
    return m.Headers(tuple(block.header for block in blocks))


def wanted(sent: list[Any], kind: int = m.MSG_WITNESS_BLOCK) -> list[bytes]:
    items = [item for each in sent if isinstance(each, m.GetData) for item in each.items]
    return [item.hash for item in items if item.kind == kind]


def of_kind(sent: list[Any], kind: type) -> list[Any]:
    return [message for message in sent if isinstance(message, kind)]


# Headers and downloads


def test_headers_lead_to_questions_for_blocks_and_these_to_a_new_tip(world: Any) -> None:
    peer, blocks = world.meet(), world.branch(world.chain.tip.header, 5)

    asked = wanted(world.say(peer, headers_of(blocks)))
    world.say(peer, *(m.BlockMessage.of(block) for block in blocks))

    assert asked == [block.hash for block in blocks]
    assert world.chain.tip.hash == blocks[-1].hash


def test_a_peer_without_witnesses_is_never_asked_for_a_block(world: Any) -> None:
    peer, blocks = world.meet(services=LEGACY), world.branch(world.chain.tip.header, 3)

    sent = world.say(peer, headers_of(blocks)) + world.wait(peer, 5)

    assert wanted(sent) == wanted(sent, m.MSG_BLOCK) == []


def test_many_blocks_come_from_many_peers_sixteen_from_each(world: Any) -> None:
    one, other = world.meet(inbound=False), world.meet(inbound=False)
    blocks = world.branch(world.chain.tip.header, 40)

    from_one = wanted(world.say(one, headers_of(blocks)))
    from_other = wanted(world.say(other, headers_of(blocks)))

    assert len(from_one) == len(from_other) == 16
    assert not set(from_one) & set(from_other)


def test_who_holds_everybody_up_has_to_leave(world: Any) -> None:
    slow, fast = world.meet(inbound=False), world.meet(inbound=False)
    blocks = world.branch(world.chain.tip.header, 1100)
    by_hash = {block.hash: block for block in blocks}
    for peer in (slow, fast):
        world.say(peer, headers_of(blocks))

    asked = wanted(world.sent(fast))
    while asked:
        asked = wanted(world.say(fast, *(m.BlockMessage.of(by_hash[each]) for each in asked)))
    for _ in range(6):
        world.tick(fast, 0.5)

    assert world.ending(slow).reason == "stalling block download"
    assert set(wanted(world.sent(slow))) <= set(wanted(world.sent(fast)))


def test_blocks_that_never_come_end_the_connection_in_time(world: Any) -> None:
    peer = world.meet()
    world.say(peer, headers_of(world.branch(world.chain.tip.header, 2)))

    world.wait(peer, 149)
    assert world.ending(peer) is None
    world.wait(peer, 3)

    assert world.ending(peer).reason == "block download timeout"


def test_nobody_pays_for_the_time_that_we_were_busy(world: Any) -> None:
    peer = world.meet()
    world.say(peer, headers_of(world.branch(world.chain.tip.header, 2)))
    world.tick(peer)

    world.tick(peer, 300)

    assert world.ending(peer) is None


def test_headers_without_a_known_parent_are_asked_about_ten_times(world: Any) -> None:
    peer = world.meet()
    blocks = world.branch(world.chain.tip.header, 2)

    answers = world.say(peer, *[headers_of(blocks[1:])] * 9)
    assert peer.misbehavior == 0
    world.say(peer, headers_of(blocks[1:]))

    assert len(of_kind(answers, m.GetHeaders)) == 9
    assert peer.misbehavior == 20


def test_headers_that_do_not_follow_each_other_cost_points(world: Any) -> None:
    peer, blocks = world.meet(), world.branch(world.chain.tip.header, 3)

    world.say(peer, headers_of([blocks[0], blocks[2]]))

    assert peer.misbehavior == 20


def test_a_node_of_another_chain_with_our_magic_is_left_at_its_first_headers(
    world: Any, make_world: Callable[..., Any]
) -> None:
    foreign = make_world()
    elsewhere = world.branch(replace(foreign.chain.genesis.header, nonce=1), 20)
    stranger, added = world.meet(), world.meet(inbound=False, manual=True)

    for peer in (stranger, added):
        world.say(peer, headers_of(elsewhere))

    assert world.ending(stranger).reason == "headers of another chain"
    assert world.ending(added) is None


def test_a_full_message_of_headers_is_followed_by_a_question_for_more(world: Any) -> None:
    peer, blocks = world.meet(), world.branch(world.chain.tip.header, 2000)

    answers = world.say(peer, headers_of(blocks))

    (question,) = of_kind(answers, m.GetHeaders)
    assert question.locator[0] == blocks[-1].hash


def test_headers_without_end_on_weak_branches_are_too_much(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weak_branches, "MAX_WEAK_HEADERS", 20)
    peer = world.meet()

    for number in range(6):
        branch = world.branch(world.chain.genesis.header, 5, name=str(number))
        world.say(peer, headers_of(branch))

    assert isinstance(world.ending(peer), Ban)


@pytest.mark.parametrize("form", ["headers", "compact", "whole", "in front of a bad one"])
def test_weak_branches_count_however_their_headers_come(
    world: Any, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(weak_branches, "MAX_WEAK_HEADERS", 5)
    peer, genesis = world.meet(), world.chain.genesis.header

    for number in range(6):
        block = world.block(genesis, name=str(number))
        from_tomorrow = world.block(block.header, time=world.node.time + 24 * 3600)
        messages = {
            "headers": headers_of([block]),
            "compact": make_compact(block, 5),
            "whole": m.BlockMessage.of(block),
            "in front of a bad one": headers_of([block, from_tomorrow]),
        }
        assert world.ending(peer) is None
        world.say(peer, messages[form])

    assert isinstance(world.ending(peer), Ban)


def test_outbound_peers_on_weak_chains_leave_while_we_catch_up(
    make_world: Callable[..., Any],
) -> None:
    world = make_world(minimum_work=1000)
    world.node.time += 10**6
    chosen, caller = world.meet(inbound=False), world.meet(inbound=True)
    blocks = world.branch(world.chain.tip.header, 3)

    for peer in (chosen, caller):
        world.say(peer, headers_of(blocks))

    assert "insufficient work" in world.ending(chosen).reason
    assert world.ending(caller) is None


def test_only_one_peer_is_asked_for_all_headers_and_another_if_it_is_silent(
    make_world: Callable[..., Any],
) -> None:
    world = make_world()
    world.node.time += 10**6
    silent, other = world.meet(inbound=False), world.meet(inbound=False)
    assert of_kind(world.sent(silent), m.GetHeaders)
    assert not of_kind(world.sent(other), m.GetHeaders)

    for _ in range(1100):
        for peer in (silent, other):
            if pings := of_kind(world.tick(peer, 0.9), m.Ping):
                world.say(peer, m.Pong(pings[-1].nonce))

    assert world.ending(silent).reason == "header download timeout"
    assert of_kind(world.sent(other), m.GetHeaders)


def test_an_outbound_peer_has_to_keep_up_with_our_chain(world: Any) -> None:
    for _ in range(5):
        peer = world.meet(inbound=False)
        world.say(peer, headers_of([world.extend(1)[0]]))
    lagging = world.meet(inbound=False)
    world.tick(lagging)

    world.node.time += 21 * 60
    answers = world.tick(lagging)
    assert of_kind(answers, m.GetHeaders)
    world.node.time += 3 * 60
    world.tick(lagging)

    assert world.ending(lagging).reason.startswith("old chain")


# Blocks and who sent them


def test_an_invalid_block_is_rejected_by_its_reason_and_its_sender_banned(world: Any) -> None:
    peer = world.meet()
    block = world.block(world.chain.tip.header)
    spoilt = replace(block, transactions=(*block.transactions, block.transactions[0]))

    answers = world.say(peer, headers_of([block]), m.BlockMessage.of(spoilt))

    (reject,) = of_kind(answers, m.Reject)
    assert (reject.rejected, reject.reason, reject.hash) == ("block", "bad-txnmrklroot", block.hash)
    assert isinstance(world.ending(peer), Ban)


def test_who_sent_a_block_long_ago_hears_when_it_turns_out_invalid(world: Any) -> None:
    sender, other = world.meet(), world.meet()
    fork = world.chain.tip.parent
    missing = world.spend(world.spend(world.chain.get_block(fork.hash).transactions[0]))
    bad = world.block(fork.header, missing, name="bad")
    child = world.block(bad.header, name="child")

    before = world.say(sender, m.BlockMessage.of(bad))
    world.say(other, m.BlockMessage.of(child))

    assert of_kind(before, m.Reject) == []
    (reject,) = of_kind(world.sent(sender), m.Reject)
    assert reject.reason == "bad-txns-inputs-missingorspent"
    assert isinstance(world.ending(sender), Ban)
    assert world.ending(other) is None


def test_unrequested_blocks_that_lead_nowhere_are_not_stored(world: Any) -> None:
    peer = world.meet()
    weak = world.block(world.chain.genesis.header, name="weak")
    far = world.branch(world.chain.tip.header, 300)

    world.say(peer, m.BlockMessage.of(weak), headers_of(far), m.BlockMessage.of(far[-1]))

    assert world.chain.entry(weak.hash).block_position is None
    assert world.chain.entry(far[-1].hash).block_position is None
    assert world.ending(peer) is None


# Serving


def test_headers_are_served_from_where_the_chains_part(world: Any) -> None:
    peer = world.meet()
    locator = (world.chain.entry_at(4).hash, world.chain.genesis.hash)

    (answer,) = world.say(peer, m.GetHeaders(locator))

    hashes = [header.hash for header in answer.headers]
    assert hashes == [world.chain.entry_at(height).hash for height in range(5, 11)]


def test_headers_are_not_served_while_we_catch_up_except_to_friends(
    make_world: Callable[..., Any],
) -> None:
    world = make_world()
    world.node.time += 10**6
    stranger, friend = world.meet(), world.meet(whitelisted=True)

    question = m.GetHeaders((world.chain.genesis.hash,))

    assert of_kind(world.say(stranger, question), m.Headers) == []
    assert of_kind(world.say(friend, question), m.Headers) == [m.Headers(())]


def test_blocks_are_served_with_or_without_witnesses(world: Any) -> None:
    peer, tip = world.meet(), world.chain.tip.hash
    items = [m.InventoryItem(kind, tip) for kind in (m.MSG_BLOCK, m.MSG_WITNESS_BLOCK)]

    bare, full = world.say(peer, m.GetData(tuple(items)))

    assert full.raw == world.chain.get_raw_block(tip)
    assert bare.block.hash == full.block.hash


def test_old_branches_are_not_served_for_they_would_tell_nodes_apart(world: Any) -> None:
    peer = world.meet()
    stale = world.block(world.chain.entry_at(8).header, name="stale")
    world.node.submit_block(stale)
    world.chain.entry(stale.hash).fully_valid = True
    question = m.GetData((m.InventoryItem(m.MSG_WITNESS_BLOCK, stale.hash),))
    assert len(world.say(peer, question)) == 1

    for _ in range(8):
        world.node.time += 6 * 24 * 3600
        world.node.submit_block(world.block(world.chain.tip.header, time=world.node.time))

    assert of_kind(world.say(peer, question), m.BlockMessage) == []


def test_five_hundred_block_hashes_are_offered_and_the_next_when_the_last_is_fetched(
    world: Any,
) -> None:
    world.extend(500)
    peer = world.meet()

    (offer,) = of_kind(world.say(peer, m.GetBlocks((world.chain.genesis.hash,))), m.Inv)
    last = m.InventoryItem(m.MSG_WITNESS_BLOCK, offer.items[-1].hash)
    answers = world.say(peer, m.GetData((last,)))

    assert len(offer.items) == 500
    assert of_kind(answers, m.Inv)[0].items[0].hash == world.chain.tip.hash


def test_answers_come_in_pieces_one_block_at_a_time(world: Any) -> None:
    peer = world.meet()
    items = [m.InventoryItem(m.MSG_WITNESS_BLOCK, world.chain.entry_at(h).hash) for h in (1, 2, 3)]

    first = world.logic.receive(peer.id, m.GetData(tuple(items)))

    assert len(first) == 1
    assert world.logic.has_work(peer.id)
    peer.send_paused = True
    assert world.logic.work(peer.id) == []


# Announcements


def test_new_blocks_are_announced_as_each_peer_wishes(world: Any) -> None:
    by_hash, by_header, compact = world.meet(), world.meet(), world.meet()
    known = m.Headers((world.chain.tip.header,))
    world.say(by_hash, known)
    world.say(by_header, known, m.SendHeaders())
    world.say(compact, known, m.SendHeaders(), m.SendCompact(True, 2))

    start = len(world.actions)
    block = world.extend(1)[0]
    for peer in (by_hash, by_header, compact):
        world.tick(peer)

    inv = m.Inv((m.InventoryItem(m.MSG_BLOCK, block.hash),))
    assert inv in world.sent(by_hash, start)
    assert m.Headers((block.header,)) in world.sent(by_header, start)
    (sent,) = of_kind(world.sent(compact, start), m.CompactBlock)
    assert sent.header == block.header
    assert not of_kind(world.sent(compact, start), m.Headers)


def test_a_block_is_not_announced_to_who_told_us_of_it(world: Any) -> None:
    peer = world.meet()
    world.say(peer, m.SendHeaders())
    block = world.block(world.chain.tip.header)

    answers = world.say(peer, headers_of([block]), m.BlockMessage.of(block)) + world.wait(peer, 2)

    assert world.chain.tip.hash == block.hash
    assert of_kind(answers, m.Headers) == of_kind(answers, m.Inv) == []


def test_a_long_way_is_told_when_it_is_gone(world: Any) -> None:
    fork = world.chain.tip.header
    world.extend(3)
    by_hash, by_header = world.meet(), world.meet()
    world.say(by_hash, m.Headers((world.chain.tip.header,)))
    world.say(by_header, m.Headers((world.chain.tip.header,)), m.SendHeaders())
    better = world.branch(fork, 4, name="better")
    for block in better[:-1]:
        world.chain.accept_block(block, world.node.time)

    start, turns = len(world.actions), 0
    world.logic.chain_changed(list(world.chain.accept_block(better[-1], world.node.time, 0)))
    while not world.chain.is_settled:
        told = world.tick(by_hash, 20.0) + world.tick(by_header, 20.0)
        assert of_kind(told, m.Headers) == of_kind(told, m.Inv) == []
        world.logic.chain_changed(list(world.chain.move_on(0)))
        turns += 1
    world.tick(by_hash)

    assert turns == 6
    inv = m.Inv((m.InventoryItem(m.MSG_BLOCK, better[-1].hash),))
    assert inv in world.sent(by_hash, start)
    headers = m.Headers(tuple(block.header for block in better))
    assert headers in world.sent(by_header, start)


# Compact blocks


def test_a_compact_block_is_put_together_from_the_pool(world: Any) -> None:
    coin = world.coin()
    tx = world.spend(coin, vout=1)
    world.node.submit_transaction(tx)
    peer, block = world.meet(), world.block(world.chain.tip.header, tx)

    answers = world.say(peer, make_compact(block, 5))

    assert world.chain.tip.hash == block.hash
    assert of_kind(answers, m.GetBlockTransactions) == []


def test_what_is_missing_in_a_compact_block_is_asked_for(world: Any) -> None:
    tx = world.spend(world.coin(), vout=1)
    peer, block = world.meet(), world.block(world.chain.tip.header, tx)

    (question,) = of_kind(world.say(peer, make_compact(block, 5)), m.GetBlockTransactions)
    world.say(peer, m.BlockTransactions(block.hash, (tx,)))

    assert question.positions == (1,)
    assert world.chain.tip.hash == block.hash


def test_too_few_transactions_for_a_compact_block_are_a_lie(world: Any) -> None:
    tx = world.spend(world.coin(), vout=1)
    peer, block = world.meet(), world.block(world.chain.tip.header, tx)
    world.say(peer, make_compact(block, 5))

    world.say(peer, m.BlockTransactions(block.hash, ()))

    assert isinstance(world.ending(peer), Ban)


def test_wrong_transactions_lead_to_a_question_for_the_whole_block(world: Any) -> None:
    coin = world.coin()
    tx, other = world.spend(coin, vout=1), world.spend(coin, vout=1, value=600)
    peer, block = world.meet(), world.block(world.chain.tip.header, tx)
    world.say(peer, make_compact(block, 5))

    answers = world.say(peer, m.BlockTransactions(block.hash, (other,)))

    assert wanted(answers) == [block.hash]
    assert world.ending(peer) is None


def test_block_that_could_not_be_put_together_is_not_kept_in_parts(world: Any) -> None:
    coin = world.coin()
    tx, other = world.spend(coin, vout=1), world.spend(coin, vout=1, value=600)
    peer, block = world.meet(), world.block(world.chain.tip.header, tx)
    world.say(peer, make_compact(block, 5), m.BlockTransactions(block.hash, (other,)))

    again = world.say(peer, m.BlockTransactions(block.hash, ()))

    assert peer.download.in_flight[block.hash].partial is None
    assert again == []
    assert world.ending(peer) is None


def test_log_tells_how_a_compact_block_was_put_together(
    world: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "ccxx.cmpctblock")
    tx = world.spend(world.coin(), vout=1)
    peer, block = world.meet(), world.block(world.chain.tip.header, tx)

    world.say(peer, make_compact(block, 5), m.BlockTransactions(block.hash, (tx,)))

    name = format_hash(block.hash)
    assert [r.message for r in caplog.records if r.name == "ccxx.cmpctblock"] == [
        f"compact block received hash={name} peer={peer.id} txs=2 sent_along=1 missing=1",
        f"compact block put together hash={name} peer={peer.id} asked_for=1",
    ]


def test_an_invalid_block_in_compact_form_is_rejected_without_points(world: Any) -> None:
    tx = world.spend(world.spend(world.coin(), vout=1))
    peer, block = world.meet(), world.block(world.chain.tip.header, tx)

    answers = world.say(peer, make_compact(block, 5), m.BlockTransactions(block.hash, (tx,)))

    assert of_kind(answers, m.Reject)[0].reason == "bad-txns-inputs-missingorspent"
    assert peer.misbehavior == 0


def test_the_last_three_who_brought_blocks_are_asked_to_send_them_unasked(world: Any) -> None:
    peers = [world.meet() for _ in range(4)]

    for peer in peers:
        block = world.block(world.chain.tip.header)
        world.say(peer, headers_of([block]), m.BlockMessage.of(block))

    assert all(m.SendCompact(True, 2) in world.sent(peer) for peer in peers)
    stops = [peer for peer in peers if m.SendCompact(False, 2) in world.sent(peer)[4:]]
    assert stops == peers[:1]


def test_transactions_of_a_new_block_are_served_and_old_blocks_whole(world: Any) -> None:
    peer = world.meet()
    world.extend(5)
    new, old = world.chain.tip.hash, world.chain.entry_at(1).hash

    some = world.say(peer, m.GetBlockTransactions(new, (0,)))
    whole = world.say(peer, m.GetBlockTransactions(old, (0,)))

    assert [len(each.transactions) for each in of_kind(some, m.BlockTransactions)] == [1]
    assert [each.block.hash for each in of_kind(whole, m.BlockMessage)] == [old]


def test_a_question_for_transactions_that_a_block_does_not_have_is_a_lie(world: Any) -> None:
    peer = world.meet()

    world.say(peer, m.GetBlockTransactions(world.chain.tip.hash, (7,)))

    assert isinstance(world.ending(peer), Ban)


# Floods


def test_fifty_thousand_unknown_blocks_lead_to_one_question(world: Any) -> None:
    peer = world.meet()
    items = [m.InventoryItem(m.MSG_BLOCK, n.to_bytes(32, "little")) for n in range(1, 50_001)]

    answers = world.say(peer, m.Inv(tuple(items)))

    assert len(of_kind(answers, m.GetHeaders)) == 1


def test_messages_with_too_many_items_cost_points(world: Any) -> None:
    item = m.InventoryItem(m.MSG_TX, bytes(32))
    for message in (m.Inv((item,) * 50_001), m.GetData((item,) * 50_001)):
        peer = world.meet()

        world.say(peer, message)

        assert peer.misbehavior == 20


@pytest.mark.parametrize("inbound", [False, True])
def test_peer_of_our_choice_may_lead_us_out_of_a_long_split(
    world: Any, monkeypatch: pytest.MonkeyPatch, inbound: bool
) -> None:
    monkeypatch.setattr(weak_branches, "MAX_WEAK_HEADERS", 5)
    better = world.branch(world.chain.genesis.header, 14, name="other")
    peer = world.meet(inbound=inbound)

    for start in range(0, 14, 2):
        world.say(peer, m.Headers(tuple(block.header for block in better[start : start + 2])))

    assert (world.ending(peer) is None) is not inbound
    assert (world.chain.best_header.hash == better[-1].hash) is not inbound


def test_peer_of_our_choice_may_not_lead_us_on_weak_branches_without_end(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weak_branches, "MAX_WEAK_HEADERS", 5)
    peer = world.meet(inbound=False)

    for name in "abc":
        weak = world.branch(world.chain.genesis.header, 8, name=name)
        world.say(peer, m.Headers(tuple(block.header for block in weak)))

    assert isinstance(world.ending(peer), Ban)


def test_caller_on_another_branch_is_not_asked_into_being_banned(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weak_branches, "MAX_WEAK_HEADERS", 5)
    monkeypatch.setattr(header_sync, "MAX_HEADERS", 2)
    branch = [block.header for block in world.branch(world.chain.genesis.header, 9, name="other")]
    peer = world.meet()

    told, is_asked = 0, True
    while is_asked:
        answers = world.say(peer, m.Headers(tuple(branch[told : told + 2])))
        told += 2
        is_asked = bool(of_kind(answers, m.GetHeaders))

    assert told == 4
    assert world.ending(peer) is None


def test_who_led_us_out_of_a_long_split_may_tell_of_siblings_again(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weak_branches, "MAX_WEAK_HEADERS", 5)
    better = world.branch(world.chain.genesis.header, 14, name="other")
    peer = world.meet(inbound=False)
    for start in range(0, 14, 2):
        world.say(peer, headers_of(better[start : start + 2]))
    world.say(peer, *(m.BlockMessage.of(block) for block in better))

    stale = world.block(better[10].header, name="stale")
    world.say(peer, headers_of([stale]))

    assert world.chain.tip.hash == better[-1].hash
    assert world.ending(peer) is None


def test_headers_that_we_have_do_not_make_up_for_weak_ones(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weak_branches, "MAX_WEAK_HEADERS", 5)
    peer, tip = world.meet(), m.Headers((world.chain.tip.header,))

    for number in range(6):
        weak = world.block(world.chain.genesis.header, name=str(number))
        world.say(peer, headers_of([weak]), tip)

    assert isinstance(world.ending(peer), Ban)


def test_caller_on_a_better_branch_is_asked_on_whoever_told_of_it_first(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weak_branches, "MAX_WEAK_HEADERS", 9)
    monkeypatch.setattr(header_sync, "MAX_HEADERS", 8)
    better = world.branch(world.chain.genesis.header, 16, name="other")
    caller, first = world.meet(), world.meet(inbound=False)
    world.say(caller, headers_of(better[:8]))
    world.say(first, headers_of(better[8:]))

    answers = world.say(caller, headers_of(better[8:]))

    (question,) = of_kind(answers, m.GetHeaders)
    assert question.locator[0] == better[-1].hash
