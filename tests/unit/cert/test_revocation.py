"""Rules 7, 8, 11 and 13: who may revoke what, what it does, and what does not count."""

from typing import Any

import pytest

from ccxx_cert.authority import key_scripts
from ccxx_cert.errors import Refusal
from ccxx_cert.records import BatchMessage, ExpiryKind, RevocationReason, RevokeMessage
from ccxx_cert.revocation import WHOLE
from ccxx_cert.standing import Authority
from ccxx_cert.state import CreditKind
from ccxx_cert.status import Status, permit_status
from ccxx_cert.template import draft_batch, draft_permit, message_output
from ccxx_core.hashes import sha256
from ccxx_core.script import build_script, p2sh_script
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput

REASON = RevocationReason


def revocation(
    subject: OutPoint, reason: RevocationReason = REASON.PRIVILEGE_WITHDRAWN, since: int = 0
) -> RevokeMessage:
    """Revoke one certificate."""
    return RevokeMessage(subject.txid, subject.vout, reason, since, sha256(b"evidence"))


def whole(
    subject: OutPoint, reason: RevocationReason = REASON.CESSATION, since: int = 0
) -> RevokeMessage:
    """Revoke a whole batch or permit."""
    return RevokeMessage(subject.txid, WHOLE, reason, since, bytes(32))


def issued(world: Any, **changes: Any) -> OutPoint:
    """Issue a certificate of a type that issuer and root may revoke."""
    message = world.permit_message(**{"issuer_revokes": True, "root_revokes": True, **changes})
    certificate_id: OutPoint = world.issue(world.grant(message))
    return certificate_id


def issuer_coin(world: Any) -> OutPoint:
    """Pay the issuer a coin by which it can speak."""
    (coin,) = world.pay(world.plain_script("issuer"))
    outpoint: OutPoint = coin
    return outpoint


def test_issuer_revokes_a_certificate(world: Any) -> None:
    certificate_id = issued(world)

    verdict = world.say(revocation(certificate_id, since=7), issuer_coin(world))

    found = world.certificate(certificate_id).revocation
    assert verdict.accepted
    assert verdict.subjects == (certificate_id,)
    assert (found.by, found.reason, found.since) == (
        Authority.ISSUER,
        REASON.PRIVILEGE_WITHDRAWN,
        7,
    )
    assert (found.txid, found.moment.height, found.evidence) == (
        verdict.txid,
        world.height,
        sha256(b"evidence"),
    )
    assert world.status(certificate_id) is Status.REVOKED


@pytest.mark.parametrize(("name", "by"), [("root", Authority.ROOT), ("issuer", Authority.ISSUER)])
def test_keys_speak_by_either_of_their_scripts(world: Any, name: str, by: Authority) -> None:
    for script in key_scripts(world.key(name)):
        certificate_id = issued(world)
        (coin,) = world.pay(script)

        assert world.say(revocation(certificate_id), coin).accepted
        assert world.certificate(certificate_id).revocation.by is by


@pytest.mark.parametrize(
    ("script", "by"),
    [("permit_script", Authority.PERMIT), ("root_script", Authority.ROOT_CREDIT)],
)
def test_permit_script_and_root_credit_script_need_no_flag(
    world: Any, script: str, by: Authority
) -> None:
    certificate_id = issued(world, issuer_revokes=False, root_revokes=False)
    (coin,) = world.pay(getattr(world, script))

    assert world.say(revocation(certificate_id), coin).accepted
    assert world.certificate(certificate_id).revocation.by is by


@pytest.mark.parametrize("name", ["root", "issuer"])
def test_key_that_the_permit_does_not_let_revoke_has_no_authority(world: Any, name: str) -> None:
    certificate_id = issued(world, issuer_revokes=False, root_revokes=False)
    (coin,) = world.pay(world.plain_script(name))

    verdict = world.say(revocation(certificate_id), coin)

    assert verdict.refusal is Refusal.NO_AUTHORITY
    assert world.status(certificate_id) is Status.VALID


def test_stranger_cannot_revoke(world: Any) -> None:
    certificate_id = issued(world)
    (coin,) = world.pay(world.plain_script("stranger"))

    assert world.say(revocation(certificate_id), coin).refusal is Refusal.NO_AUTHORITY
    assert world.status(certificate_id) is Status.VALID


def test_dust_to_the_issuer_proves_nothing(world: Any) -> None:
    certificate_id = issued(world)
    (coin,) = world.pay(world.plain_script("stranger"))

    verdict = world.say(revocation(certificate_id), coin, change="issuer")

    assert verdict.refusal is Refusal.NO_AUTHORITY
    assert world.status(certificate_id) is Status.VALID


def test_input_that_only_shows_the_issuers_key_proves_nothing(world: Any) -> None:
    certificate_id = issued(world)
    anybody = build_script(0x6D, 0x51)
    (bare, hashed) = world.pay(anybody, p2sh_script(anybody))
    shown = (bytes(71), world.key("issuer"))
    inputs = (
        TxInput(bare, build_script(*shown)),
        TxInput(hashed, build_script(*shown, anybody)),
        TxInput(world.plain_coin(), witness=(bytes(71), world.key("issuer"))),
    )

    (verdict,) = world.mine(Transaction(2, inputs, (message_output(revocation(certificate_id)),)))

    assert verdict.refusal is Refusal.NO_AUTHORITY


def test_issuer_of_another_permit_cannot_revoke(world: Any) -> None:
    certificate_id = issued(world)
    (coin,) = world.pay(world.plain_script("other issuer"))

    assert world.say(revocation(certificate_id), coin).refusal is Refusal.NO_AUTHORITY


def test_fee_float_of_the_grant_gives_authority_before_the_first_issue(world: Any) -> None:
    message = world.permit_message(issuer_revokes=True)
    draft = draft_permit(message, world.permit_script, world.credit(CreditKind.ROOT))
    outputs = (*draft.outputs, TxOutput(50_000, world.plain_script("issuer")))
    (granted,) = world.mine(world.tx(draft.credit_inputs, outputs))
    certificate_id = world.issue(granted.subjects[0])

    verdict = world.say(revocation(certificate_id), OutPoint(granted.txid, len(draft.outputs)))

    assert verdict.accepted


def test_coin_older_than_the_first_issue_gives_no_authority(world: Any) -> None:
    coin = issuer_coin(world)
    certificate_id = issued(world)

    assert world.say(revocation(certificate_id), coin).refusal is Refusal.NO_AUTHORITY


def test_change_of_a_revocation_speaks_again(world: Any) -> None:
    first, second = issued(world), issued(world)
    verdict = world.say(revocation(first), issuer_coin(world), change="issuer")

    again = world.say(revocation(second), OutPoint(verdict.txid, 1))

    assert again.accepted


def test_revocation_must_not_move_credit(world: Any) -> None:
    certificate_id = issued(world)
    coin = world.coin_of(world.certificate(certificate_id).permit_id)
    outputs = (
        TxOutput(coin.value, coin.script_pubkey),
        message_output(revocation(certificate_id)),
    )

    (verdict,) = world.mine(world.tx([coin.outpoint], outputs))

    assert verdict.refusal is Refusal.MOVES_CREDIT
    assert world.coin_of(coin.owner).value == coin.value


@pytest.mark.parametrize("vout", [0, 1, WHOLE])
def test_nothing_of_that_name_cannot_be_revoked(world: Any, vout: int) -> None:
    issued(world)
    message = RevokeMessage(sha256(b"nothing"), vout, REASON.UNSPECIFIED, 0, bytes(32))

    assert world.say(message, issuer_coin(world)).refusal is Refusal.UNKNOWN_SUBJECT


def test_certificate_is_revoked_by_its_issuing_outpoint_alone(world: Any) -> None:
    certificate_id = issued(world)
    world.mine(world.transfer_tx(certificate_id))
    now = world.certificate(certificate_id).location

    assert world.say(revocation(now), issuer_coin(world)).refusal is Refusal.UNKNOWN_SUBJECT
    assert world.say(revocation(certificate_id), issuer_coin(world)).accepted


def test_second_revocation_changes_nothing(world: Any) -> None:
    certificate_id = issued(world)
    world.say(revocation(certificate_id), issuer_coin(world))
    first = world.certificate(certificate_id)

    for reason in (REASON.SUPERSEDED, REASON.HOLD, REASON.REMOVE_FROM_HOLD):
        verdict = world.say(revocation(certificate_id, reason), issuer_coin(world))
        assert verdict.refusal is Refusal.REVOKED_BEFORE

    assert world.certificate(certificate_id) == first


def test_hold_suspends_and_is_lifted_and_may_become_final(world: Any) -> None:
    certificate_id = issued(world)
    seen = []

    for reason in (REASON.HOLD, REASON.REMOVE_FROM_HOLD, REASON.HOLD, REASON.SUPERSEDED):
        assert world.say(revocation(certificate_id, reason), issuer_coin(world)).accepted
        seen.append(world.status(certificate_id))

    assert seen == [Status.SUSPENDED, Status.VALID, Status.SUSPENDED, Status.REVOKED]


def test_what_is_not_held_cannot_be_released_and_what_is_held_not_held_again(world: Any) -> None:
    certificate_id = issued(world)
    release = revocation(certificate_id, REASON.REMOVE_FROM_HOLD)
    hold = revocation(certificate_id, REASON.HOLD)

    refusals = [world.say(message, issuer_coin(world)).refusal for message in (release, hold, hold)]

    assert refusals == [Refusal.NOT_SUSPENDED, None, Refusal.REVOKED_BEFORE]


@pytest.mark.parametrize(
    ("reason", "refusal"),
    [
        (REASON.SUPERSEDED, Refusal.CERTIFICATE_REVOKED),
        (REASON.HOLD, Refusal.CERTIFICATE_SUSPENDED),
    ],
)
def test_revoked_certificate_cannot_be_transferred(
    world: Any, reason: RevocationReason, refusal: Refusal
) -> None:
    certificate_id = issued(world)
    world.say(revocation(certificate_id, reason), issuer_coin(world))

    (verdict,) = world.mine(world.transfer_tx(certificate_id))

    assert verdict.refusal is refusal
    assert verdict.destroyed == (certificate_id,)
    assert world.status(certificate_id) is Status.DESTROYED


def batch_of(world: Any, permit_id: OutPoint) -> list[OutPoint]:
    """Issue a batch of two."""
    message = BatchMessage(serial_start=50, count=2, merkle_root=bytes(32))
    scripts = [world.learn(world.certificate_inner(name)) for name in ("alice", "bob")]
    (verdict,) = world.mine(world.tx_of(draft_batch(message, scripts, world.coin_of(permit_id))))
    return list(verdict.subjects[1:])


def test_revoked_batch_revokes_all_its_certificates_and_no_other(world: Any) -> None:
    permit_id = world.grant(world.permit_message(issuer_revokes=True))
    batch = batch_of(world, permit_id)
    other = world.issue(permit_id)

    verdict = world.say(whole(batch[0]), issuer_coin(world))

    assert verdict.subjects == (permit_id,)
    assert [world.status(each) for each in batch] == [Status.REVOKED] * 2
    assert world.status(other) is Status.VALID


def test_held_batch_does_not_hide_that_one_certificate_is_revoked(world: Any) -> None:
    batch = batch_of(world, world.grant(world.permit_message(issuer_revokes=True)))
    world.say(revocation(batch[0]), issuer_coin(world))

    world.say(whole(batch[0], REASON.HOLD), issuer_coin(world))

    assert [world.status(each) for each in batch] == [Status.REVOKED, Status.SUSPENDED]


@pytest.mark.parametrize(
    ("reason", "refusal", "status"),
    [
        (REASON.CESSATION, Refusal.PERMIT_REVOKED, Status.REVOKED),
        (REASON.HOLD, Refusal.PERMIT_SUSPENDED, Status.SUSPENDED),
    ],
)
def test_revoked_permit_issues_no_more_and_keeps_what_it_issued(
    world: Any, reason: RevocationReason, refusal: Refusal, status: Status
) -> None:
    certificate_id = issued(world)
    permit_id = world.certificate(certificate_id).permit_id

    world.say(whole(permit_id, reason, since=1), issuer_coin(world))
    (verdict,) = world.mine(world.issue_tx(permit_id, serial=2))

    assert verdict.refusal is refusal
    assert permit_status(world.permit(permit_id), world.height, 0) is status
    assert world.status(certificate_id) is Status.VALID


@pytest.mark.parametrize("reason", [REASON.KEY_COMPROMISE, REASON.CA_COMPROMISE])
def test_compromised_key_voids_what_was_issued_since(world: Any, reason: RevocationReason) -> None:
    permit_id = world.grant(world.permit_message(issuer_revokes=True))
    before, after = world.issue(permit_id, 1), world.issue(permit_id, 2)
    since = world.certificate(after).issued.height

    world.say(whole(permit_id, reason, since), issuer_coin(world))

    assert world.status(before) is Status.VALID
    assert world.status(after) is Status.REVOKED


def test_compromise_since_a_time_is_compared_with_median_time_past(world: Any) -> None:
    permit_id = world.grant(world.permit_message(issuer_revokes=True))
    before, after = world.issue(permit_id, 1), world.issue(permit_id, 2)
    since = world.certificate(after).issued.median_time_past

    world.say(whole(permit_id, REASON.KEY_COMPROMISE, since), issuer_coin(world))

    assert [world.status(each) for each in (before, after)] == [Status.VALID, Status.REVOKED]


def test_compromise_without_a_since_reaches_no_further_than_its_own_block(world: Any) -> None:
    permit_id = world.grant(world.permit_message(issuer_revokes=True))
    before, coin = world.issue(permit_id, 1), issuer_coin(world)
    same_block = world.issue_tx(permit_id, 2)

    world.mine(same_block, world.say_tx(whole(permit_id, REASON.KEY_COMPROMISE), coin))

    assert world.status(before) is Status.VALID
    assert world.status(OutPoint(same_block.txid, 0)) is Status.REVOKED


def test_gravest_status_is_shown_first(world: Any) -> None:
    permit_id = world.grant(world.permit_message(issuer_revokes=True))
    end = world.height + 1
    (verdict,) = world.mine(world.issue_tx(permit_id, expiry_kind=ExpiryKind.HEIGHT, expiry=end))
    certificate_id = verdict.subjects[1]
    seen = [world.status(certificate_id)]

    for reason in (REASON.HOLD, REASON.SUPERSEDED):
        world.say(revocation(certificate_id, reason), issuer_coin(world))
        seen.append(world.status(certificate_id))
    world.mine(world.tx([certificate_id], [TxOutput(1, world.plain_script("x"))]))
    seen.append(world.status(certificate_id))

    assert seen == [Status.EXPIRED, Status.SUSPENDED, Status.REVOKED, Status.DESTROYED]


def test_permit_revoked_before_any_issue_by_its_script(world: Any) -> None:
    permit_id = world.grant(world.permit_message())
    (coin,) = world.pay(world.permit_script)

    assert world.say(whole(permit_id), coin).accepted
    assert world.permit(permit_id).revocation.by is Authority.PERMIT
