"""Recovery, the three custody policies, refreshes, and holders' keys that are used twice."""

from typing import Any

import pytest

from ccxx_cert.errors import Refusal
from ccxx_cert.holders import is_key_reused, keeps_policy
from ccxx_cert.records import Custody, IssueMessage
from ccxx_cert.state import Step
from ccxx_cert.status import Status
from ccxx_cert.template import draft_issue, draft_recover
from ccxx_cert.upkeep import draft_refresh
from ccxx_core.hashes import sha256
from ccxx_core.transaction import OutPoint, Transaction


def issue_under(world: Any, custody: Custody, **changes: Any) -> OutPoint:
    """Issue a certificate under a policy."""
    permit_id = world.grant(world.permit_message(custody=custody, recovery=True, **changes))
    message = IssueMessage(serial=1, doc_hash=sha256(b"d"), tail=world.key("alice"))
    script = world.learn(world.certificate_inner("alice", custody))
    (verdict,) = world.mine(world.tx_of(draft_issue(message, script, world.coin_of(permit_id))))
    assert verdict.accepted, verdict
    certificate_id: OutPoint = verdict.subjects[1]
    return certificate_id


def recover_tx(world: Any, certificate_id: OutPoint, custody: Custody) -> Transaction:
    """Give a certificate the new key of its holder."""
    script = world.learn(world.certificate_inner("alice 2", custody))
    certificate = world.certificate(certificate_id)
    draft = draft_recover([certificate], [script], world.key("alice 2"), sha256(b"lost"))
    tx: Transaction = world.tx_of(draft)
    return tx


@pytest.mark.parametrize("custody", list(Custody))
def test_certificate_is_recovered_under_every_policy(world: Any, custody: Custody) -> None:
    certificate_id = issue_under(world, custody, transferable=False)

    (verdict,) = world.mine(recover_tx(world, certificate_id, custody))

    holding = world.certificate(certificate_id).holding
    assert verdict.accepted
    assert (holding.step, holding.custody) == (Step.RECOVERED, custody)
    assert holding.holder_key == world.key("alice 2")
    assert world.status(certificate_id) is Status.VALID


def test_recovery_needs_the_permits_leave(world: Any) -> None:
    certificate_id = world.issue(world.grant(world.permit_message(transferable=True)))

    (verdict,) = world.mine(recover_tx(world, certificate_id, Custody.THREE_OF_THREE))

    assert verdict.refusal is Refusal.RECOVERY_NOT_ALLOWED
    assert verdict.destroyed == (certificate_id,)


def test_recovery_keeps_the_policy_of_the_type(world: Any) -> None:
    certificate_id = issue_under(world, Custody.RECOVERABLE)

    (verdict,) = world.mine(recover_tx(world, certificate_id, Custody.TWO_OF_THREE))

    assert verdict.refusal is Refusal.WRONG_HOLDER_KEY


@pytest.mark.parametrize("custody", list(Custody))
def test_refresh_keeps_holder_and_policy(world: Any, custody: Custody) -> None:
    certificate_id = issue_under(world, custody)
    coin, output = draft_refresh(world.certificate(certificate_id))

    (verdict,) = world.mine(world.tx([coin.outpoint], [output]))

    holding = world.certificate(certificate_id).holding
    assert verdict.accepted
    assert (holding.step, holding.custody) == (Step.REFRESHED, custody)
    assert holding.moment.height == world.height


def test_policy_of_an_opaque_transfer_is_found_when_its_script_is_shown(world: Any) -> None:
    certificate_id = world.issue(world.grant(world.permit_message()), holder="carol")
    script = world.learn(world.certificate_inner("dora", Custody.TWO_OF_THREE))
    world.mine(world.opaque_transfer_tx(certificate_id, script))
    opaque = world.certificate(certificate_id)
    coin, output = draft_refresh(opaque)
    world.mine(world.tx([coin.outpoint], [output]))
    shown = world.certificate(certificate_id)

    assert keeps_policy(opaque) is None
    assert keeps_policy(shown) is False
    assert shown.holder_key == world.key("dora")


def test_holder_key_of_two_certificates_is_flagged_on_both(world: Any) -> None:
    permit_id = world.grant(world.permit_message())
    first, second = world.issue(permit_id, 1, "alice"), world.issue(permit_id, 2, "bob")
    before = [is_key_reused(world.registry, world.certificate(each)) for each in (first, second)]

    world.mine(world.transfer_tx(second, holder="alice"))

    after = [is_key_reused(world.registry, world.certificate(each)) for each in (first, second)]
    assert before == [False, False]
    assert after == [True, True]


def test_holder_who_gets_a_certificate_back_reuses_no_key(world: Any) -> None:
    certificate_id = world.issue(world.grant(world.permit_message()))

    world.mine(world.transfer_tx(certificate_id, holder="bob"))
    world.mine(world.transfer_tx(certificate_id, holder="alice"))

    assert not is_key_reused(world.registry, world.certificate(certificate_id))
