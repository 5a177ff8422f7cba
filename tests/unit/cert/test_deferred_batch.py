"""Rule 15: a deferred batch reserves serials, and each leaf is claimed once."""

from dataclasses import replace
from typing import Any

import pytest

from ccxx_cert.batch_tree import BatchTree
from ccxx_cert.custody import CERTIFICATE_VALUE
from ccxx_cert.errors import Refusal
from ccxx_cert.records import (
    BatchMessage,
    ClaimMessage,
    ExpiryKind,
    RevocationReason,
    RevokeMessage,
)
from ccxx_cert.revocation import WHOLE
from ccxx_cert.state import CreditKind
from ccxx_cert.template import draft_claim, draft_deferred_batch
from ccxx_core.hashes import Txid, sha256
from ccxx_core.transaction import OutPoint, Transaction

LEAVES = [sha256(b"%d" % leaf) for leaf in range(4)]
BATCH = BatchMessage(
    serial_start=100,
    count=len(LEAVES),
    merkle_root=BatchTree(LEAVES).root,
    text="2026-B",
    expiry_kind=ExpiryKind.BLOCKS_AFTER_ISSUE,
    expiry=50,
    deferred=True,
)


def deferred(world: Any, permit_id: OutPoint) -> Txid:
    """Reserve the serials of a batch."""
    (verdict,) = world.mine(world.tx_of(draft_deferred_batch(BATCH, world.coin_of(permit_id))))
    assert verdict.accepted, verdict
    txid: Txid = verdict.txid
    return txid


def claim_tx(world: Any, permit_id: OutPoint, batch: Txid, leaf: int) -> Transaction:
    """Claim a leaf."""
    message = ClaimMessage(batch, leaf, LEAVES[leaf % len(LEAVES)])
    script = world.learn(world.certificate_inner("alice"))
    tx: Transaction = world.tx_of(draft_claim(message, script, world.coin_of(permit_id)))
    return tx


def test_deferred_batch_mints_nothing_and_keeps_all_credit(world: Any) -> None:
    permit_id = world.grant(world.permit_message(quantity=2))

    deferred(world, permit_id)

    permit = world.permit(permit_id)
    assert (permit.issued, permit.credit) == (0, 2 * CERTIFICATE_VALUE)
    assert world.credit(CreditKind.CERTIFICATE) == []
    assert permit.issuer_key == world.key("issuer")


def test_claim_makes_the_certificate_of_its_leaf(world: Any) -> None:
    permit_id = world.grant(world.permit_message())
    batch = deferred(world, permit_id)

    (verdict,) = world.mine(claim_tx(world, permit_id, batch, 2))

    certificate = world.certificate(verdict.subjects[1])
    assert (certificate.serial, certificate.batch, certificate.leaf) == (102, batch, 2)
    assert (certificate.doc_hash, certificate.text) == (LEAVES[2], "2026-B")
    assert certificate.expires_height == world.height + 50
    assert world.permit(permit_id).issued == 1


def test_leaf_is_claimed_once(world: Any) -> None:
    permit_id = world.grant(world.permit_message())
    batch = deferred(world, permit_id)
    world.mine(claim_tx(world, permit_id, batch, 2))

    assert world.mine(claim_tx(world, permit_id, batch, 2))[0].refusal is Refusal.LEAF_CLAIMED
    assert world.mine(claim_tx(world, permit_id, batch, 3))[0].accepted


def test_reserved_serial_cannot_be_issued(world: Any) -> None:
    permit_id = world.grant(world.permit_message())
    deferred(world, permit_id)

    assert world.mine(world.issue_tx(permit_id, 103))[0].refusal is Refusal.SERIAL_USED


def test_leaf_beyond_the_count_is_refused(world: Any) -> None:
    permit_id = world.grant(world.permit_message())
    batch = deferred(world, permit_id)

    assert world.mine(claim_tx(world, permit_id, batch, 4))[0].refusal is Refusal.NO_SUCH_LEAF


def test_claim_of_another_permits_batch_is_refused(world: Any) -> None:
    batch = deferred(world, world.grant(world.permit_message()))
    other = world.grant(world.permit_message())

    (verdict,) = world.mine(claim_tx(world, other, batch, 0))

    assert verdict.refusal is Refusal.NOT_A_DEFERRED_BATCH


@pytest.mark.parametrize("txid", [bytes(32), None])
def test_claim_of_what_is_no_deferred_batch_is_refused(world: Any, txid: Any) -> None:
    permit_id = world.grant(world.permit_message())

    (verdict,) = world.mine(claim_tx(world, permit_id, txid or permit_id.txid, 0))

    assert verdict.refusal is Refusal.NOT_A_DEFERRED_BATCH


def test_deferred_batch_that_leaves_the_permit_script_is_refused(world: Any) -> None:
    permit_id = world.grant(world.permit_message())
    tx = world.tx_of(draft_deferred_batch(BATCH, world.coin_of(permit_id)))
    elsewhere = tx.outputs[0]._replace(script_pubkey=world.plain_script("thief"))

    (verdict,) = world.mine(replace(tx, outputs=(elsewhere, *tx.outputs[1:])))

    assert verdict.refusal is Refusal.CHANGE_ELSEWHERE


def test_revoked_batch_cannot_be_claimed(world: Any) -> None:
    permit_id = world.grant(world.permit_message(issuer_revokes=True))
    batch = deferred(world, permit_id)
    (coin,) = world.pay(world.plain_script("issuer"))
    world.say(RevokeMessage(batch, WHOLE, RevocationReason.HOLD, 0, bytes(32)), coin)

    assert world.mine(claim_tx(world, permit_id, batch, 0))[0].refusal is Refusal.BATCH_REVOKED
