"""Transactions, addresses and filters: asked for, passed on, refused, and kept within bounds."""

from collections.abc import Callable
from typing import Any

import pytest

from ccxx_core.hashes import Txid
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_node.p2p import messages as m
from ccxx_node.p2p.logic.serving import MAX_PART
from ccxx_node.p2p.peers.actions import Ban
from ccxx_node.p2p.peers.peer import Services
from ccxx_node.p2p.transactions import announcements
from ccxx_node.p2p.transactions.requests import MAX_ANNOUNCED

LONG_ANYONE = b"\x61" * 30 + b"\x51"
BLOOM = Services.NETWORK | Services.WITNESS | Services.BLOOM


def tx_item(tx: Transaction, kind: int = m.MSG_TX) -> m.InventoryItem:
    return m.InventoryItem(kind, tx.txid)


def asked_for(sent: list[Any]) -> list[bytes]:
    return [item.hash for each in sent if isinstance(each, m.GetData) for item in each.items]


def announced(sent: list[Any]) -> list[bytes]:
    items = [item for each in sent if isinstance(each, m.Inv) for item in each.items]
    return [item.hash for item in items if item.kind == m.MSG_TX]


def of_kind(sent: list[Any], kind: type) -> list[Any]:
    return [message for message in sent if isinstance(message, kind)]


# Asking and taking in


def test_an_announced_transaction_is_asked_for_and_taken_into_the_pool(world: Any) -> None:
    peer, tx = world.meet(), world.spend(world.coin(), vout=1)

    asked = asked_for(world.say(peer, m.Inv((tx_item(tx),))))
    world.say(peer, m.TxMessage.of(tx))

    assert asked == [tx.txid]
    assert tx.txid in world.pool


def test_the_next_peer_is_asked_after_two_minutes(world: Any) -> None:
    silent, other = world.meet(), world.meet()
    tx = world.spend(world.coin(), vout=1)
    world.say(silent, m.Inv((tx_item(tx),)))

    at_once = asked_for(world.say(other, m.Inv((tx_item(tx),))) + world.wait(other, 110))
    later = asked_for(world.wait(other, 15))

    assert at_once == []
    assert later == [tx.txid]


def test_transactions_are_passed_on_to_all_others_after_a_while(world: Any) -> None:
    sender, other = world.meet(), world.meet()
    tx = world.spend(world.coin(), vout=1)
    world.say(sender, m.TxMessage.of(tx))

    heard = announced(world.wait(other, 60))
    (answer,) = world.say(other, m.GetData((tx_item(tx, m.MSG_WITNESS_TX),)))

    assert heard == [tx.txid]
    assert answer.tx == tx
    assert announced(world.sent(sender)) == []


def test_parents_are_announced_before_children_and_better_fees_before_worse(world: Any) -> None:
    peer = world.meet()
    cheap, dear = world.spend(world.coin(), vout=1), world.spend(world.coin(), vout=1, value=500)
    child = world.spend(cheap, value=100)
    for tx in (cheap, child, dear):
        world.node.submit_transaction(tx)
        world.logic.transaction_accepted(tx.txid)

    assert announced(world.wait(peer, 60)) == [dear.txid, cheap.txid, child.txid]


def test_what_was_confirmed_meanwhile_is_not_announced_any_more(world: Any) -> None:
    peer, other = world.meet(), world.meet()
    tx = world.spend(world.coin(), vout=1)
    world.say(other, m.TxMessage.of(tx))

    world.extend(1, tx)

    assert announced(world.wait(peer, 60)) == []
    assert not peer.relay.transactions


def test_what_was_announced_is_kept_to_be_sent_within_bounds(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announcements, "MAX_RELAYED", 900)
    peer, txs = world.meet(), [world.spend(world.coin(), vout=1) for _ in range(3)]
    for tx in txs:
        world.node.submit_transaction(tx)
        world.logic.transaction_accepted(tx.txid)
        world.wait(peer, 60)

    answers = world.say(peer, m.GetData(tuple(tx_item(tx) for tx in txs)))

    assert [each.tx for each in of_kind(answers, m.TxMessage)] == txs[1:]


def test_what_was_not_announced_is_not_told(world: Any) -> None:
    peer, tx = world.meet(), world.spend(world.coin(), vout=1)
    world.node.submit_transaction(tx)

    answers = world.say(peer, m.GetData((tx_item(tx),)))

    assert m.NotFound((tx_item(tx),)) in answers


def test_what_a_peer_does_not_have_any_more_does_not_fill_its_share(world: Any) -> None:
    peer = world.meet()
    lost = [m.InventoryItem(m.MSG_TX, number.to_bytes(32)) for number in range(MAX_ANNOUNCED)]
    world.say(peer, m.Inv(tuple(lost)))
    world.wait(peer, 10)
    world.say(peer, m.NotFound(tuple(lost)))

    tx = world.spend(world.coin(), vout=1)
    sent = world.say(peer, m.Inv((tx_item(tx),)))

    assert asked_for(sent) == [tx.txid]


def test_nobody_delays_a_transaction_by_denying_it_unasked(world: Any) -> None:
    first, denying, other = world.meet(), world.meet(), world.meet()
    tx = world.spend(world.coin(), vout=1)
    world.say(first, m.Inv((tx_item(tx),)))

    for _ in range(10):
        world.say(denying, m.Inv((tx_item(tx),)), m.NotFound((tx_item(tx),)))
    world.say(other, m.Inv((tx_item(tx),)))

    assert asked_for(world.wait(other, 250)) == [tx.txid]


def test_who_asks_for_much_is_sent_a_part_at_a_time(world: Any) -> None:
    sender, peer = world.meet(), world.meet()
    tx = world.spend(world.coin(), vout=1)
    world.say(sender, m.TxMessage.of(tx))
    world.wait(peer, 60)

    question = m.GetData((tx_item(tx, m.MSG_WITNESS_TX),) * 10_000)
    sent = [one.message.encode() for one in world.logic.receive(peer.id, question)]
    peer.send_paused = True
    more = world.logic.work(peer.id)

    assert MAX_PART <= sum(map(len, sent)) < MAX_PART + 1000
    assert more == []
    assert world.logic.has_work(peer.id)


def test_a_fee_filter_is_respected(world: Any) -> None:
    peer, tx = world.meet(), world.spend(world.coin(), vout=1)
    world.say(peer, m.FeeFilter(10_000_000))
    world.node.submit_transaction(tx)
    world.logic.transaction_accepted(tx.txid)

    assert announced(world.wait(peer, 60)) == []


def test_we_tell_below_which_fee_nothing_is_of_use(world: Any) -> None:
    peer = world.meet()

    assert m.FeeFilter(1000) in world.sent(peer)


def test_parents_of_an_orphan_are_asked_for_and_it_is_taken_in_after_them(world: Any) -> None:
    peer = world.meet()
    parent = world.spend(world.coin(), vout=1)
    child = world.spend(parent, value=400)

    asked = asked_for(world.say(peer, m.TxMessage.of(child)))
    assert child.txid not in world.pool
    world.say(peer, m.TxMessage.of(parent))

    assert asked == [parent.txid]
    assert child.txid in world.pool


def test_refused_transactions_are_kept_for_the_next_block_if_they_are_small(world: Any) -> None:
    peer, coin = world.meet(), world.coin()
    stuffed = TxInput(OutPoint(coin.txid, 1), witness=(bytes(500_000),))
    outputs = (TxOutput(700, LONG_ANYONE),)
    cheap = world.spend(coin, vout=1, value=1000)

    world.say(peer, m.TxMessage.of(cheap), m.TxMessage.of(Transaction(2, (stuffed,), outputs)))

    assert list(world.logic._conversation.transactions.extra) == [cheap]


def test_orphans_are_taken_in_one_at_a_time(world: Any) -> None:
    peer = world.meet()
    parent = world.spend(world.coin(), vout=1)
    child = world.spend(parent, value=500)
    grandchild = world.spend(child, value=300)
    world.say(peer, m.TxMessage.of(grandchild), m.TxMessage.of(child))

    world.done(world.logic.receive(peer.id, m.TxMessage.of(parent)))
    sizes = [len(world.pool)]
    while world.logic.has_work(peer.id):
        world.done(world.logic.work(peer.id))
        sizes.append(len(world.pool))

    assert sizes == [1, 2, 3]
    assert not len(world.logic._conversation.transactions.orphans)


def test_an_invalid_orphan_is_held_against_who_sent_it(world: Any) -> None:
    liar, honest = world.meet(), world.meet()
    parent = world.spend(world.coin(), vout=1)
    greedy = world.spend(parent, value=10**9)

    world.say(liar, m.TxMessage.of(greedy))
    world.say(honest, m.TxMessage.of(parent))
    world.tick(honest)

    assert isinstance(world.ending(liar), Ban)
    assert world.ending(honest) is None


def test_a_refused_transaction_is_rejected_and_not_asked_for_until_the_tip_changes(
    world: Any,
) -> None:
    peer, other = world.meet(), world.meet()
    cheap = world.spend(world.coin(), vout=1, value=1000)

    (reject,) = of_kind(world.say(peer, m.TxMessage.of(cheap)), m.Reject)
    before = asked_for(world.say(other, m.Inv((tx_item(cheap),))))
    world.extend(1)
    after = asked_for(world.say(world.meet(), m.Inv((tx_item(cheap),))))

    assert (reject.rejected, reject.reason, reject.hash) == (
        "tx",
        "min relay fee not met",
        cheap.txid,
    )
    assert peer.misbehavior == 0
    assert before == []
    assert after == [cheap.txid]


def test_without_relay_transactions_are_neither_asked_for_nor_taken(
    make_world: Callable[..., Any],
) -> None:
    world = make_world(relay_transactions=False)
    world.extend(2)
    peer, tx = world.meet(), world.spend(world.coin(), vout=1)

    sent = world.say(peer, m.Inv((tx_item(tx),)), m.TxMessage.of(tx))

    assert asked_for(sent) == []
    assert tx.txid not in world.pool


# Filters


def test_the_pool_is_told_to_who_asks_if_filters_are_offered(
    make_world: Callable[..., Any],
) -> None:
    world = make_world(services=BLOOM)
    world.extend(2)
    peer, tx = world.meet(), world.spend(world.coin(), vout=1)
    world.node.submit_transaction(tx)

    heard = announced(world.say(peer, m.MempoolRequest()) + world.wait(peer, 60))
    (answer,) = world.say(peer, m.GetData((tx_item(tx),)))

    assert heard == [tx.txid]
    assert answer.tx.txid == tx.txid


def test_each_peer_is_told_the_pool_in_a_turn_of_its_own(make_world: Callable[..., Any]) -> None:
    world = make_world(services=BLOOM)
    world.extend(2)
    peers, tx = [world.meet(), world.meet()], world.spend(world.coin(), vout=1)
    world.node.submit_transaction(tx)
    for peer in peers:
        world.say(peer, m.MempoolRequest())

    world.node.clock += 60
    world.done(world.logic.tick())
    told = [announced(world.sent(peer)) for peer in peers]
    later = [announced([one.message for one in world.logic.work(peer.id)]) for peer in peers]

    assert told == [[], []]
    assert later == [[tx.txid], [tx.txid]]


def test_a_mempool_request_without_filters_offered_ends_the_connection(world: Any) -> None:
    peer = world.meet()

    world.say(peer, m.MempoolRequest())

    assert world.ending(peer) is not None


def test_filters_that_were_not_offered_are_misbehaviour(world: Any) -> None:
    peer = world.meet()

    world.say(peer, m.FilterLoad(b"\xff", 1, 0, 0))

    assert isinstance(world.ending(peer), Ban)


def test_a_filtered_connection_hears_only_of_what_matches(make_world: Callable[..., Any]) -> None:
    world = make_world(services=BLOOM)
    world.extend(2)
    wanted, other = world.spend(world.coin(), vout=1), world.spend(world.coin(), vout=1)
    peer = world.meet()
    world.say(peer, m.FilterLoad(bytes(64), 10, 0, 0), m.FilterAdd(wanted.txid))
    for tx in (wanted, other):
        world.node.submit_transaction(tx)
        world.logic.transaction_accepted(tx.txid)
    heard = announced(world.wait(peer, 60))

    (block,) = world.extend(1, wanted, other)
    item = m.InventoryItem(m.MSG_FILTERED_BLOCK, block.hash)
    answers = world.say(peer, m.GetData((item,)))

    assert heard == [wanted.txid]
    assert len(of_kind(answers, m.MerkleBlockMessage)) == 1
    assert [each.tx.txid for each in of_kind(answers, m.TxMessage)] == [wanted.txid]


def test_filters_over_the_limits_are_misbehaviour(make_world: Callable[..., Any]) -> None:
    world = make_world(services=BLOOM)
    too_large = m.FilterLoad(bytes(36_001), 1, 0, 0)
    too_many = m.FilterLoad(bytes(8), 51, 0, 0)

    for messages in ((too_large,), (too_many,), (m.FilterAdd(b"x"),)):
        peer = world.meet()
        world.say(peer, *messages)

        assert isinstance(world.ending(peer), Ban)


# Addresses


def address(number: int, age: int, now: int) -> m.TimedAddress:
    ip = bytes(10) + b"\xff\xff" + bytes((9, number >> 16 & 255, number >> 8 & 255, number & 255))
    return m.TimedAddress(now - age, m.NetAddress(int(BLOOM), ip, 10841))


def test_fresh_addresses_are_passed_on_to_two_peers(world: Any) -> None:
    teller, *others = [world.meet() for _ in range(6)]
    start = len(world.actions)

    world.say(teller, m.Addr((address(1, 60, world.node.time),)))
    world.wait(teller, 300)

    told = [peer for peer in others if of_kind(world.sent(peer, start), m.Addr)]
    assert 1 <= len(told) <= 2


def test_a_million_addresses_leave_few_behind(world: Any) -> None:
    peer = world.meet()

    for start in range(0, 1_000_000, 1000):
        fresh = [address(start + n, 60, world.node.time) for n in range(1000)]
        world.say(peer, m.Addr(tuple(fresh)))

    assert len(world.book) <= 1000
    assert all(len(each.addresses.pending) <= 1000 for each in world.logic.peers.values())


def test_addresses_are_told_once_and_only_to_who_called_us(world: Any) -> None:
    teller = world.meet(inbound=False)
    known = [address(n << 8, 3600, world.node.time) for n in range(100)]
    world.say(teller, m.Addr(tuple(known)))
    caller = world.meet()

    world.say(caller, m.GetAddr(), m.GetAddr())
    world.say(teller, m.GetAddr())
    heard = of_kind(world.wait(caller, 300), m.Addr)

    assert len(heard) == 1
    assert of_kind(world.sent(teller), m.Addr) == []


# Floods


def test_a_flood_of_announcements_is_asked_for_within_bounds(world: Any) -> None:
    peer = world.meet()

    for start in range(0, 200_000, 50_000):
        items = (
            m.InventoryItem(m.MSG_TX, n.to_bytes(32, "big")) for n in range(start, start + 50_000)
        )
        world.say(peer, m.Inv(tuple(items)))
    asked = asked_for(world.sent(peer) + world.wait(peer, 30))

    assert len(asked) == len(set(asked)) == 10_000
    assert 10_000 <= len(peer.relay.known) <= 20_000


def test_an_orphan_with_twenty_thousand_inputs_is_not_kept_nor_its_parents_asked_for(
    world: Any,
) -> None:
    peer = world.meet()
    inputs = tuple(TxInput(OutPoint(Txid(n.to_bytes(32, "big")), 0)) for n in range(1, 20_001))
    large = Transaction(2, inputs, (TxOutput(1, b"\x51"),))

    sent = world.say(peer, m.TxMessage.of(large)) + world.wait(peer, 5)

    assert asked_for(sent) == []
    assert world.ending(peer) is None


def test_no_more_than_a_hundred_orphans_are_kept(world: Any) -> None:
    peer = world.meet()
    for number in range(1, 301):
        parent = OutPoint(Txid(number.to_bytes(32, "big")), 0)
        orphan = Transaction(2, (TxInput(parent),), (TxOutput(1, bytes(60)),))
        world.say(peer, m.TxMessage.of(orphan))

    assert len(world.logic._conversation.transactions.orphans) == 100
    world.logic.disconnected(peer.id)
    assert len(world.logic._conversation.transactions.orphans) == 0


def test_who_asks_without_reading_makes_us_keep_little(world: Any) -> None:
    peer = world.meet()
    peer.send_paused = True
    item = m.InventoryItem(m.MSG_WITNESS_BLOCK, world.chain.tip.hash)
    question = m.GetData((item,) * 50_000)

    for _ in range(10):
        world.done(world.logic.receive(peer.id, question))

    assert world.ending(peer).reason == "asks without reading"
    assert len(peer.requests) <= 100_000
