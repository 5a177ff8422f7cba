"""Blocks come and go on a real node: what observers know afterwards is what a newcomer reads."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ccxx_cert.custody import permit_script
from ccxx_cert.errors import Refusal
from ccxx_cert.identity import cert_ref
from ccxx_cert.records import (
    BatchMessage,
    ClaimMessage,
    ExpiryKind,
    IssueMessage,
    RekeyMessage,
    RevocationReason,
    RevokeMessage,
    RootMessage,
    StatusMessage,
)
from ccxx_cert.registry import MemoryRegistry, apply_block, state_hash
from ccxx_cert.state import CreditKind, get_root
from ccxx_cert.status import Status
from ccxx_cert.template import (
    draft_batch,
    draft_claim,
    draft_deferred_batch,
    draft_issue,
    draft_recover,
)
from ccxx_cert.trust import RootDocument
from ccxx_cert.upkeep import draft_close, draft_rekey, draft_root, draft_surrender
from ccxx_core.hashes import format_hash, sha256
from ccxx_core.script import null_data_script
from ccxx_core.transaction import OutPoint, Transaction, TxOutput

World = Any
DEPTH = 40
NOTHING = bytes(32)
REASON = RevocationReason


def revocation(subject: OutPoint, reason: RevocationReason, vout: int | None = None) -> Any:
    """Say something about a certificate, or with a vout of ffff about more."""
    return RevokeMessage(
        subject.txid, subject.vout if vout is None else vout, reason, 0, sha256(b"evidence")
    )


def live_through(world: World) -> None:
    """Fill 45 blocks with everything that certificates go through, good and bad."""
    following = RootDocument(0, world.plain_script("K1"), world.key("root"), world.key("system"))
    world.anchor = replace(world.anchor, successors=(following,))
    rights = {"issuer_revokes": True, "root_revokes": True, "recovery": True}
    permit = world.grant(world.permit_message(quantity=40, **rights), coins=4)
    short = world.grant(
        world.permit_message(
            quantity=5, expiry_kind=ExpiryKind.HEIGHT, expiry=world.height + 12, **rights
        )
    )
    strict = world.grant(world.permit_message(quantity=5, transferable=False))
    held = [world.issue(permit, serial) for serial in range(1, 6)]
    expiring, degree = world.issue(short, 1), world.issue(strict, 1)
    coins = world.pay(*[world.plain_script("issuer")] * 6, *[world.plain_script("root")] * 2)
    issue_batches(world, permit)
    move_certificates(world, held)
    speak(world, held, permit, coins)
    world.mine(world.issue_tx(short, 2), world.transfer_tx(expiring))
    world.mine(world.transfer_tx(degree))
    move_permits(world, permit, strict)
    message = RootMessage(following.document_hash, NOTHING, 1)
    world.mine(world.tx_of(draft_root(message, world.credit(CreditKind.ROOT), following.script)))
    world.root_script = following.script
    world.grant(world.permit_message(quantity=3))
    world.mine()


def issue_batches(world: World, permit: OutPoint) -> None:
    """A batch at once, and one whose leaves are claimed."""
    scripts = [world.learn(world.certificate_inner(name)) for name in ("alice", "bob", "carol")]
    message = BatchMessage(serial_start=100, count=3, merkle_root=NOTHING)
    world.mine(world.tx_of(draft_batch(message, scripts, world.coin_of(permit))))
    later = replace(message, serial_start=200, deferred=True)
    (deferred,) = world.mine(world.tx_of(draft_deferred_batch(later, world.coin_of(permit))))
    for leaf in (0, 2, 2):
        claim = ClaimMessage(deferred.txid, leaf, NOTHING)
        world.mine(world.tx_of(draft_claim(claim, scripts[leaf], world.coin_of(permit))))


def move_certificates(world: World, held: Sequence[OutPoint]) -> None:
    """Transfers there and back, a recovery, a refresh, a surrender, a naked spend, a newer word."""
    first, second, third, *_ = held
    for holder in ("bob", "carol", "alice"):
        world.mine(world.transfer_tx(first, holder=holder))
    world.mine(world.transfer_tx(first, second, holder="carol"))
    script = world.learn(world.certificate_inner("bob"))
    certificate = [world.certificate(second)]
    world.mine(world.tx_of(draft_recover(certificate, [script], world.key("bob"), NOTHING)))
    same = TxOutput(100_000, world.certificate(first).script_pubkey)
    world.mine(world.tx([world.certificate(first).location], [same]))
    permit = world.permit(world.certificate(second).permit_id)
    world.mine(world.tx_of(draft_surrender([world.certificate(second)], permit, NOTHING)))
    newer = TxOutput(0, null_data_script(b"CCXC\x02" + bytes(10)))
    world.mine(world.tx([world.certificate(first).location], [same, newer]))
    world.mine(world.tx([world.certificate(third).location], [TxOutput(90_000, same[1])]))


def speak(
    world: World, held: Sequence[OutPoint], permit: OutPoint, coins: Sequence[OutPoint]
) -> None:
    """Hold and release, revoke for good, and publish a status list."""
    fourth, fifth = held[3:]
    batch = world.coin_of(permit).outpoint
    world.say(revocation(fourth, REASON.HOLD), coins[0])
    world.mine(
        world.say_tx(revocation(fourth, REASON.REMOVE_FROM_HOLD), coins[1]),
        world.say_tx(revocation(batch, REASON.CESSATION, 0xFFFF), coins[2]),
    )
    world.say(revocation(fifth, REASON.KEY_COMPROMISE), coins[6])
    world.say(revocation(fifth, REASON.SUPERSEDED), coins[7])
    first = world.say(StatusMessage(b"list-001", 1, 8, NOTHING, bytes(20)), coins[3], "issuer")
    baton = OutPoint(first.txid, 1)
    world.say(StatusMessage(b"list-001", 2, 8, sha256(b"2"), bytes(20)), baton, "issuer")
    world.say(StatusMessage(b"list-001", 2, 8, sha256(b"3"), bytes(20)), coins[4], "issuer")


def move_permits(world: World, permit: OutPoint, strict: OutPoint) -> None:
    """A suspended permit, one that moves to new keys, one that is closed, and a used serial."""
    world.mine(world.issue_tx(permit, 1))
    world.mine(world.issue_tx(permit, 7, tail=world.key("mallory")))
    moving = world.permit(permit)
    coins = [each for each in world.credit(CreditKind.PERMIT) if each.owner == permit]
    inner = permit_script(world.key("root"), world.key("issuer 2"), world.key("system"))
    message = RekeyMessage(cert_ref(permit), sha256(inner), NOTHING)
    world.mine(world.tx_of(draft_rekey(moving, coins[:2], world.learn(inner), message)))
    world.mine(world.tx_of(draft_rekey(moving, coins[2:], world.learn(inner), message)))
    root = get_root(world.registry)
    closing = [world.coin_of(strict)]
    world.mine(world.tx_of(draft_close(world.permit(strict), closing, root, NOTHING)))


@pytest.fixture(scope="module")
def lively(new_world: Callable[[Path], World], tmp_path_factory: Any) -> World:
    """A chain whose last 40 blocks are full of life."""
    world = new_world(tmp_path_factory.mktemp("lively"))
    live_through(world)
    return world


def returned(blocks: Sequence[Any], left_out: int) -> list[Transaction]:
    """The transactions of blocks that are gone, without the last few."""
    txs = [tx for block in blocks for tx in block.transactions[1:]]
    return txs[: max(0, len(txs) - left_out)]


def issue_from(world: World, coin: Any, holder: str) -> Transaction:
    """Issue serial 7 from one coin of a permit."""
    message = IssueMessage(serial=7, doc_hash=NOTHING, tail=world.key(holder))
    script = world.learn(world.certificate_inner(holder))
    tx: Transaction = world.tx_of(draft_issue(message, script, coin))
    return tx


def test_the_history_is_lively_to_the_end(lively: World) -> None:
    start = lively.height - DEPTH
    recent = [verdict for verdict in lively.seen if verdict.height > start]

    assert len({verdict.op for verdict in recent}) >= 11
    assert len({verdict.refusal for verdict in recent}) >= 10


@pytest.mark.parametrize("depth", range(1, DEPTH + 1))
def test_after_a_reorganisation_all_know_what_a_newcomer_reads(
    lively: World, observe: Any, tmp_path: Path, depth: int
) -> None:
    before, top = state_hash(lively.registry.records), lively.blocks[-1].hash
    gone = lively.blocks[-depth:]

    # The other branch has most of the same transactions, all in its first block.
    lively.reorganise(depth, returned(gone, left_out=depth // 4), *[()] * depth)

    newcomer, observers = MemoryRegistry(), observe(tmp_path / "newcomer", lively.anchor)
    for block in lively.blocks:
        newcomer.apply(apply_block(newcomer, lively.anchor, block).changes)
    there = state_hash(newcomer.records)
    assert observers.state_hashes() == {there} == {state_hash(lively.registry.records)}
    assert depth == 1 or there != before
    lively.return_to(gone)
    assert lively.blocks[-1].hash == top
    assert state_hash(lively.registry.records) == before


def test_the_first_of_two_transfers_is_the_one_in_the_longer_branch(world: World) -> None:
    certificate = world.issue(world.grant(world.permit_message()))
    to_bob, to_carol = (
        world.transfer_tx(certificate, holder="bob"),
        world.transfer_tx(certificate, holder="carol"),
    )
    world.mine(to_bob)
    before = world.certificate(certificate).holder_key

    (verdict,) = world.reorganise(1, [to_carol], [])

    assert verdict.accepted
    assert [before, world.certificate(certificate).holder_key] == [
        world.key("bob"),
        world.key("carol"),
    ]


def test_a_serial_belongs_to_whoever_has_it_in_the_longer_branch(world: World) -> None:
    permit = world.grant(world.permit_message(), coins=2)
    one, other = [each for each in world.credit(CreditKind.PERMIT) if each.owner == permit]
    first, second = (
        issue_from(world, coin, name) for coin, name in ((one, "alice"), (other, "bob"))
    )
    world.mine(first)
    late = world.mine(second)

    verdicts = world.reorganise(2, [second], [first], [])

    assert late[0].refusal is Refusal.SERIAL_USED
    assert [each.refusal for each in verdicts] == [None, Refusal.SERIAL_USED]
    assert world.certificate(OutPoint(second.txid, 0)).holder_key == world.key("bob")
    assert world.permit(permit).issued == 1


def test_a_transfer_that_the_longer_branch_forestalls_by_a_revocation_destroys(
    world: World,
) -> None:
    certificate = world.issue(world.grant(world.permit_message(issuer_revokes=True)))
    (coin,) = world.pay(world.plain_script("issuer"))
    transfer = world.transfer_tx(certificate)
    revoke = world.say_tx(revocation(certificate, REASON.CESSATION), coin)
    world.mine(transfer)
    world.mine(revoke)
    before = world.status(certificate)

    verdicts = world.reorganise(2, [revoke], [transfer], [])

    assert before is Status.REVOKED
    assert [each.refusal for each in verdicts] == [None, Refusal.CERTIFICATE_REVOKED]
    assert world.status(certificate) is Status.DESTROYED


def test_a_permit_that_the_longer_branch_lacks_never_was(world: World) -> None:
    permit = world.grant(world.permit_message())
    certificate = world.issue(permit)

    world.reorganise(2, [], [], [])

    assert [each.kind for each in world.credit(CreditKind.ROOT)] == [CreditKind.ROOT]
    assert world.credit(CreditKind.CERTIFICATE) == world.credit(CreditKind.PERMIT) == []
    waiting = world.ground.client.call("getrawmempool")
    assert format_hash(certificate.txid) not in waiting or format_hash(permit.txid) in waiting
