"""The first messages: who speaks first, who is turned away, what is too early."""

from collections.abc import Callable
from typing import Any

from ccxx_core.hashes import BlockHash
from ccxx_node.p2p import messages as m
from ccxx_node.p2p.peers.actions import Ban, Disconnect
from ccxx_node.p2p.peers.clocks import clock_warnings, median_offset
from ccxx_node.p2p.peers.peer import Services


def test_we_speak_first_on_connections_that_we_made_and_only_there(world: Any) -> None:
    caller = world.connect(inbound=True)
    called = world.connect(inbound=False)

    assert world.sent(caller) == []
    assert [type(message) for message in world.sent(called)] == [m.Version]


def test_a_version_is_answered_with_ours_and_a_verack(world: Any) -> None:
    peer = world.connect()

    answers = world.say(peer, world.version())

    assert [message.command for message in answers] == ["version", "verack"]
    assert answers[0].version == 70015
    assert answers[0].services & Services.WITNESS
    assert not peer.is_ready


def test_after_verack_we_say_how_blocks_should_come(world: Any) -> None:
    peer = world.connect()

    answers = world.say(peer, world.version(), m.Verack())

    wishes = [message for message in answers if isinstance(message, m.SendCompact)]
    assert m.SendHeaders() in answers
    assert wishes == [m.SendCompact(False, 2), m.SendCompact(False, 1)]


def test_nothing_is_said_before_the_handshake_is_done(world: Any) -> None:
    peer = world.connect()

    answers = world.say(peer, m.Ping(1), m.GetAddr()) + world.wait(peer, 60)

    assert answers == []
    assert peer.misbehavior == 2


def test_a_second_version_is_rejected_and_costs_a_point(world: Any) -> None:
    peer = world.meet()

    answers = world.say(peer, world.version())

    assert [(each.code, each.reason) for each in answers if isinstance(each, m.Reject)] == [
        (m.REJECT_DUPLICATE, "Duplicate version message")
    ]
    assert peer.misbehavior == 1


def test_old_versions_are_told_why_they_have_to_leave(world: Any) -> None:
    peer = world.connect()

    (reject,) = world.say(peer, world.version(version=70001))

    assert reject.reason == "Version must be 70002 or greater"
    assert isinstance(world.ending(peer), Disconnect)


def test_we_leave_nodes_we_chose_that_cannot_give_us_blocks(world: Any) -> None:
    chosen, caller = world.connect(inbound=False), world.connect(inbound=True)
    added = world.connect(inbound=False, manual=True)

    for peer in (chosen, caller, added):
        world.say(peer, world.version(Services.NETWORK))

    assert world.ending(chosen) is not None
    assert world.ending(caller) is None
    assert world.ending(added) is None


def test_a_call_from_ourselves_is_noticed(world: Any) -> None:
    outbound = world.connect(inbound=False)
    nonce = world.sent(outbound)[0].nonce
    inbound = world.connect(inbound=True)

    world.say(inbound, world.version(nonce=nonce))

    assert world.ending(inbound).reason == "connected to self"


def test_a_feeler_leaves_when_it_knows_that_somebody_is_there(world: Any) -> None:
    feeler = world.connect(inbound=False, feeler=True)

    world.say(feeler, world.version())

    assert world.ending(feeler).reason == "feeler finished"


def test_who_reaches_a_hundred_points_is_banned_but_not_friends(
    make_world: Callable[..., Any],
) -> None:
    world = make_world(ban_score=3)
    stranger, friend = world.connect(), world.connect(whitelisted=True)
    added = world.connect(inbound=False, manual=True)

    for peer in (stranger, friend, added):
        world.say(peer, m.Ping(1), m.Ping(2), m.Ping(3))

    assert isinstance(world.ending(stranger), Ban)
    assert world.ending(friend) is None
    assert world.ending(added) is None


def test_what_cannot_be_read_is_rejected_and_the_connection_stays(world: Any) -> None:
    peer = world.meet()

    world.done(world.logic.receive_malformed(peer.id, "block"))

    reject = world.sent(peer)[-1]
    assert (reject.rejected, reject.code) == ("block", m.REJECT_MALFORMED)
    assert reject.reason == "error parsing message"
    assert world.ending(peer) is None


def test_rejects_are_not_sent_when_nobody_wants_them(make_world: Callable[..., Any]) -> None:
    world = make_world(send_rejects=False)
    peer = world.connect()

    assert world.say(peer, world.version(version=70001)) == []


def test_pings_are_answered_and_ours_measured(world: Any) -> None:
    peer = world.meet()
    nonce = next(each.nonce for each in world.sent(peer) if isinstance(each, m.Ping))
    world.node.clock += 0.25

    answers = world.say(peer, m.Ping(5), m.Pong(nonce))

    assert m.Pong(5) in answers
    assert peer.ping.last_time == peer.ping.shortest_time == 0.25


def test_who_answers_no_ping_in_twenty_minutes_is_gone(world: Any) -> None:
    peer = world.meet()

    world.tick(peer, 19 * 60)
    assert world.ending(peer) is None
    world.tick(peer, 2 * 60)

    assert world.ending(peer).reason == "ping timeout"


def test_services_that_peers_make_up_are_not_kept(world: Any) -> None:
    known = len(Services._value2member_map_)

    peers = [world.connect() for _ in range(3)]
    for number, peer in enumerate(peers):
        world.say(peer, world.version(1 << 40 + number))

    assert [peer.facts.services for peer in peers] == [1 << 40, 1 << 41, 1 << 42]
    assert len(Services._value2member_map_) == known


def test_our_bug_with_one_peer_is_not_felt_by_the_others(world: Any) -> None:
    broken, other = world.meet(), world.meet()
    broken.relay.new_tips, broken.prefers_headers = [BlockHash(bytes(32))], True

    world.logic.ask_ping()
    sent = world.tick(other)

    assert isinstance(world.ending(broken), Disconnect)
    assert any(isinstance(message, m.Ping) for message in sent)


def test_second_verack_says_nothing_new(world: Any) -> None:
    peer = world.meet()

    assert world.say(peer, *[m.Verack()] * 5) == []
    assert world.ending(peer) is None


def test_clocks_of_peers_that_we_called_are_compared_with_ours(world: Any) -> None:
    def meet(offset: int, *, inbound: bool = False) -> Any:
        peer = world.connect(inbound=inbound)
        world.say(peer, world.version(time=world.node.time + offset), m.Verack())
        return peer

    callers = [meet(100_000, inbound=True) for _ in range(9)]
    few = [meet(4000), meet(5000)]
    enough = [*few, meet(-7)]
    many = [*enough, meet(0), meet(1 << 62)]

    assert median_offset(callers + few) == 0
    assert [median_offset(callers + peers) for peers in (enough, many)] == [4000, 4000]
    assert clock_warnings(enough) != ()
    assert clock_warnings(few) == ()
