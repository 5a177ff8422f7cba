"""STATUS and SIDE: one order, one story, and messages that are only recorded."""

from typing import Any

import pytest

from ccxx_cert.errors import Refusal
from ccxx_cert.marks import MessageChain
from ccxx_cert.records import (
    CheckMessage,
    ChunkMessage,
    DataMessage,
    IdentMessage,
    Message,
    SideMessage,
    StatusMessage,
)
from ccxx_cert.standing import Authority
from ccxx_cert.template import message_output
from ccxx_core.hashes import sha256
from ccxx_core.transaction import OutPoint, TxOutput

GENERATOR = bytes.fromhex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
LIST = b"list-001"


def status(seq: int, name: bytes = LIST) -> StatusMessage:
    """A status list."""
    return StatusMessage(name, seq, 1000, sha256(b"list %d" % seq), bytes(20))


def side(height: int) -> SideMessage:
    """An anchor of a side chain."""
    return SideMessage(b"SIDE", height, sha256(b"%d" % height), bytes(32))


def chains(world: Any) -> list[MessageChain]:
    """Return all chains."""
    return [each for each in world.registry.records.values() if isinstance(each, MessageChain)]


def issuer_coin(world: Any) -> OutPoint:
    """Pay a known issuer."""
    world.issue(world.grant(world.permit_message()))
    (coin,) = world.pay(world.plain_script("issuer"))
    outpoint: OutPoint = coin
    return outpoint


def test_status_list_is_continued_by_its_baton(world: Any) -> None:
    first = world.say(status(5), issuer_coin(world))

    second = world.say(status(6), OutPoint(first.txid, 1))

    (chain,) = chains(world)
    assert first.accepted and second.accepted
    assert (chain.number, chain.digest, chain.by) == (6, sha256(b"list 6"), Authority.ISSUER)
    assert chain.speaker == world.key("issuer")
    assert (chain.latest, chain.baton) == (second.txid, OutPoint(second.txid, 1))


def test_stranger_begins_no_list(world: Any) -> None:
    (coin,) = world.pay(world.plain_script("stranger"))

    assert world.say(status(1), coin).refusal is Refusal.NO_AUTHORITY


def test_second_story_is_refused(world: Any) -> None:
    world.say(status(1), issuer_coin(world))
    (coin,) = world.pay(world.plain_script("issuer"))

    assert world.say(status(1), coin).refusal is Refusal.CHAIN_BEGAN_BEFORE


def test_two_speakers_may_use_one_name(world: Any) -> None:
    world.say(status(1), issuer_coin(world))
    (coin,) = world.pay(world.plain_script("root"))

    assert world.say(status(1), coin).accepted
    assert {chain.by for chain in chains(world)} == {Authority.ISSUER, Authority.ROOT}


@pytest.mark.parametrize("seq", [5, 7, 0])
def test_list_counts_on_by_one_and_its_baton_is_gone_otherwise(world: Any, seq: int) -> None:
    first = world.say(status(5), issuer_coin(world))

    verdict = world.say(status(seq), OutPoint(first.txid, 1))

    (chain,) = chains(world)
    assert verdict.refusal is Refusal.WRONG_SEQUENCE
    assert (chain.number, chain.baton) == (5, None)


def test_list_whose_baton_is_spent_as_a_plain_coin_has_ended(world: Any) -> None:
    first = world.say(status(1), issuer_coin(world))
    baton = OutPoint(first.txid, 1)

    assert world.mine(world.tx([baton], [TxOutput(1, world.plain_script("x"))])) == ()

    (chain,) = chains(world)
    assert chain.baton is None


def test_baton_does_not_continue_another_list(world: Any) -> None:
    first = world.say(status(1), issuer_coin(world))

    verdict = world.say(status(2, b"list-002"), OutPoint(first.txid, 1))

    assert verdict.refusal is Refusal.NO_AUTHORITY


def test_message_without_a_coin_behind_it_leaves_no_baton(world: Any) -> None:
    coin = issuer_coin(world)

    (verdict,) = world.mine(world.tx([coin], [message_output(status(1))]))

    assert verdict.refusal is Refusal.NO_BATON


def test_baton_at_a_speaking_script_stays_the_baton(world: Any) -> None:
    first = world.say(status(1), issuer_coin(world), change="issuer")

    assert world.say(status(2), OutPoint(first.txid, 1), change="issuer").accepted


def test_side_chain_is_the_roots_and_only_grows(world: Any) -> None:
    (coin,) = world.pay(world.root_script)
    stranger = world.say(side(100), issuer_coin(world))

    first = world.say(side(100), coin)
    second = world.say(side(200), OutPoint(first.txid, 1))
    back = world.say(side(200), OutPoint(second.txid, 1))

    assert [each.refusal for each in (stranger, first, second, back)] == [
        Refusal.NO_AUTHORITY,
        None,
        None,
        Refusal.WRONG_SEQUENCE,
    ]


@pytest.mark.parametrize(
    "message",
    [
        IdentMessage("REG-0001", GENERATOR, bytes(32)),
        CheckMessage("REG-0001", bytes(32), bytes(32)),
        DataMessage(1, 1, 1, 1, bytes(32)),
        ChunkMessage(bytes(8), 0, 1, b"x"),
    ],
    ids=lambda message: type(message).__name__,
)
def test_messages_that_only_say_something_are_recorded(world: Any, message: Message) -> None:
    before = dict(world.registry.records)

    verdict = world.say(message, world.plain_coin())

    assert verdict.accepted
    assert world.registry.records == before
