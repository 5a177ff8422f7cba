"""What messages that count do: permits, certificates, batches and transfers."""

from dataclasses import replace
from typing import Any

from ccxx_cert.custody import CERTIFICATE_VALUE
from ccxx_cert.errors import Refusal
from ccxx_cert.expiry import Deadline
from ccxx_cert.records import BatchMessage, Custody, ExpiryKind, Op
from ccxx_cert.registry import MemoryRegistry, apply_block, state_hash
from ccxx_cert.state import Batch, CreditKind, Step, get_batch
from ccxx_cert.status import Status, certificate_status, permit_status
from ccxx_cert.template import draft_batch, draft_permit, draft_transfer
from ccxx_core.hashes import sha256
from ccxx_core.transaction import OutPoint


def test_root_coin_is_the_first_credit(world: Any) -> None:
    (credit,) = world.credit(CreditKind.ROOT)

    assert credit.outpoint == world.root_outpoint
    assert credit.value == world.anchor.root_value


def test_root_coin_at_another_height_than_the_anchor_says_is_not_credit(world: Any) -> None:
    registry = MemoryRegistry()
    block = replace(world.blocks[0], height=world.height + 1)

    changes = apply_block(registry, world.anchor, block)

    assert changes.changes == ()
    assert changes.verdicts[0].refusal is Refusal.ANCHOR_MISMATCH


def test_permit_takes_its_quantity_from_the_root_credit(world: Any) -> None:
    permit_id = world.grant(world.permit_message(quantity=10), coins=4)

    permit = world.permit(permit_id)
    coins = [credit.value for credit in world.credit(CreditKind.PERMIT)]
    (root,) = world.credit(CreditKind.ROOT)
    assert permit.credit == sum(coins) == 10 * CERTIFICATE_VALUE
    assert sorted(coins) == [200_000, 200_000, 300_000, 300_000]
    assert root.value == world.anchor.root_value - 10 * CERTIFICATE_VALUE
    assert permit.issuer_key is None


def test_permit_of_all_root_credit_leaves_none(world: Any) -> None:
    quantity = world.anchor.root_value // CERTIFICATE_VALUE

    world.grant(world.permit_message(quantity=quantity))

    assert world.credit(CreditKind.ROOT) == []


def test_issue_makes_a_certificate_and_shows_the_issuer(world: Any) -> None:
    permit_id = world.grant(world.permit_message(quantity=10))

    certificate_id = world.issue(permit_id, serial=7)

    certificate = world.certificate(certificate_id)
    permit = world.permit(permit_id)
    assert certificate.serial == 7
    assert certificate.holder_key == world.key("alice")
    assert certificate.location == certificate_id
    assert permit.issuer_key == world.key("issuer")
    assert (permit.issued, permit.credit) == (1, 9 * CERTIFICATE_VALUE)


def test_issue_of_the_last_certificate_needs_no_change(world: Any) -> None:
    permit_id = world.grant(world.permit_message(quantity=1))

    world.issue(permit_id)

    assert world.credit(CreditKind.PERMIT) == []
    assert permit_status(world.permit(permit_id), world.height, 0) is Status.EXHAUSTED


def test_issue_without_a_declared_key_is_opaque_until_it_is_spent(world: Any) -> None:
    permit_id = world.grant(world.permit_message())
    (verdict,) = world.mine(world.issue_tx(permit_id, tail=None))
    certificate_id = verdict.subjects[1]
    opaque = world.certificate(certificate_id)

    world.mine(world.transfer_tx(certificate_id))

    first, second = world.certificate(certificate_id).holdings
    assert opaque.holder_key is None
    assert first.holder_key == world.key("alice")
    assert second.holder_key == world.key("bob")


def test_recoverable_custody_is_recognised(world: Any) -> None:
    permit_id = world.grant(world.permit_message(custody=Custody.RECOVERABLE))
    inner = world.certificate_inner("alice", Custody.RECOVERABLE)
    tx = world.issue_tx(permit_id)
    outputs = (tx.outputs[0]._replace(script_pubkey=world.learn(inner)), *tx.outputs[1:])

    (verdict,) = world.mine(replace(tx, outputs=outputs))

    assert verdict.accepted
    assert world.certificate(verdict.subjects[1]).holding.custody is Custody.RECOVERABLE


def test_batch_makes_a_certificate_for_each_leaf(world: Any) -> None:
    permit_id = world.grant(world.permit_message(quantity=60))
    message = BatchMessage(serial_start=5, count=50, merkle_root=sha256(b"root"), text="2026-A")
    scripts = [world.learn(world.certificate_inner(f"h{i}")) for i in range(50)]

    (verdict,) = world.mine(world.tx_of(draft_batch(message, scripts, world.coin_of(permit_id))))

    last = world.certificate(verdict.subjects[-1])
    batch = get_batch(world.registry, verdict.txid)
    assert verdict.op is Op.BATCH
    assert len(verdict.subjects) == 51
    assert (last.serial, last.leaf, last.batch, last.text) == (54, 49, verdict.txid, "2026-A")
    assert isinstance(batch, Batch)
    assert batch.message == message


def test_transfer_keeps_the_identity_and_extends_the_chain_of_custody(world: Any) -> None:
    certificate_id = world.issue(world.grant(world.permit_message()))

    world.mine(world.transfer_tx(certificate_id, holder="bob"))
    (verdict,) = world.mine(world.transfer_tx(certificate_id, holder="carol"))

    certificate = world.certificate(certificate_id)
    assert certificate.id == certificate_id
    assert certificate.location == OutPoint(verdict.txid, 0)
    assert [holding.step for holding in certificate.holdings] == [
        Step.ISSUED,
        Step.TRANSFERRED,
        Step.TRANSFERRED,
    ]
    assert certificate.holder_key == world.key("carol")


def test_several_certificates_move_in_the_order_of_their_inputs(world: Any) -> None:
    permit_id = world.grant(world.permit_message())
    first, second = world.issue(permit_id, 1, "alice"), world.issue(permit_id, 2, "carol")
    scripts = [world.learn(world.certificate_inner(name)) for name in ("bob", "dora")]
    certificates = [world.certificate(second), world.certificate(first)]
    draft = draft_transfer(certificates, scripts, world.key("bob"), bytes(32))

    (verdict,) = world.mine(world.tx_of(draft))

    assert verdict.subjects == (second, first)
    assert world.certificate(second).location == OutPoint(verdict.txid, 0)
    assert world.certificate(second).holder_key == world.key("bob")
    assert world.certificate(first).location == OutPoint(verdict.txid, 1)
    assert world.certificate(first).holder_key is None


def test_permit_issue_and_transfer_count_in_one_block(world: Any) -> None:
    (root,) = world.credit(CreditKind.ROOT)
    grant = world.tx_of(draft_permit(world.permit_message(), world.permit_script, [root], 1))
    world.mine(grant)
    issue = world.issue_tx(OutPoint(grant.txid, 0))
    world.mine(issue)
    transfer = world.transfer_tx(OutPoint(issue.txid, 0))
    world.disconnect()
    world.disconnect()

    verdicts = world.mine(grant, issue, transfer)

    assert [verdict.op for verdict in verdicts] == [Op.PERMIT, Op.ISSUE, Op.TRANSFER]
    assert all(verdict.accepted for verdict in verdicts)
    assert world.certificate(OutPoint(issue.txid, 0)).holder_key == world.key("bob")


def test_certificate_expires_with_the_earlier_of_its_own_and_its_permit_s(world: Any) -> None:
    permit_id = world.grant(
        world.permit_message(expiry_kind=ExpiryKind.BLOCKS_AFTER_ISSUE, expiry=10)
    )
    (verdict,) = world.mine(
        world.issue_tx(permit_id, expiry_kind=ExpiryKind.HEIGHT, expiry=world.height + 100)
    )
    certificate = world.certificate(verdict.subjects[1])

    at_the_last = certificate_status(world.registry, certificate, world.height + 10, 0)
    after_it = certificate_status(world.registry, certificate, world.height + 11, 0)

    assert (at_the_last, after_it) == (Status.VALID, Status.EXPIRED)


def test_deadline_in_time_is_compared_with_median_time_past() -> None:
    deadline = Deadline(time=1_000)

    assert not deadline.has_passed(height=99, median_time_past=1_000)
    assert deadline.has_passed(height=0, median_time_past=1_001)


def test_certificate_is_provisional_below_six_confirmations(world: Any) -> None:
    certificate = world.certificate(world.issue(world.grant(world.permit_message())))

    statuses = [
        certificate_status(world.registry, certificate, world.height + more, 0)
        for more in (-1, 0, 4, 5)
    ]

    assert statuses == [Status.PENDING, Status.PROVISIONAL, Status.PROVISIONAL, Status.VALID]


def test_undone_blocks_leave_the_state_as_it_was(world: Any) -> None:
    before = state_hash(world.registry.records)
    certificate_id = world.issue(world.grant(world.permit_message()))
    world.mine(world.transfer_tx(certificate_id))

    for _ in range(3):
        world.disconnect()

    assert state_hash(world.registry.records) == before


def test_permit_status_follows_its_end_and_its_credit(world: Any) -> None:
    permit = world.permit(
        world.grant(world.permit_message(1, expiry_kind=ExpiryKind.TIME, expiry=1_000))
    )

    statuses = [
        permit_status(permit, world.height + 5, 1_000),
        permit_status(permit, world.height, 1_000),
        permit_status(permit, world.height + 5, 1_001),
    ]

    assert statuses == [Status.VALID, Status.PROVISIONAL, Status.EXPIRED]
