"""Rule 9: what credit keeps of its colour without a message that counts."""

from typing import Any

from ccxx_cert.custody import CERTIFICATE_VALUE
from ccxx_cert.errors import Refusal
from ccxx_cert.state import CreditKind, Step
from ccxx_cert.status import Status, certificate_status
from ccxx_core.script import null_data_script
from ccxx_core.transaction import OutPoint, TxOutput


def test_certificate_spent_without_a_message_is_destroyed(world: Any) -> None:
    certificate_id = world.issue(world.grant(world.permit_message()))

    (verdict,) = world.mine(
        world.tx([certificate_id], [TxOutput(90_000, world.plain_script("bob"))])
    )

    certificate = world.certificate(certificate_id)
    assert verdict.refusal is Refusal.NAKED_SPEND
    assert verdict.destroyed == (certificate_id,)
    assert certificate_status(world.registry, certificate, world.height, 0) is Status.DESTROYED


def test_certificate_at_the_same_script_value_and_position_is_refreshed(world: Any) -> None:
    certificate_id = world.issue(world.grant(world.permit_message()))
    same = TxOutput(CERTIFICATE_VALUE, world.certificate(certificate_id).script_pubkey)

    (verdict,) = world.mine(world.tx([certificate_id], [same]))

    certificate = world.certificate(certificate_id)
    assert verdict.accepted
    assert certificate.location == OutPoint(verdict.txid, 0)
    assert certificate.holding.step is Step.REFRESHED
    assert certificate.holder_key == world.key("alice")
    world.mine(world.transfer_tx(certificate_id))
    assert world.certificate(certificate_id).holder_key == world.key("bob")


def test_certificate_at_another_position_is_destroyed(world: Any) -> None:
    certificate_id = world.issue(world.grant(world.permit_message()))
    same = TxOutput(CERTIFICATE_VALUE, world.certificate(certificate_id).script_pubkey)

    (verdict,) = world.mine(
        world.tx([certificate_id], [TxOutput(1, world.plain_script("x")), same])
    )

    assert verdict.destroyed == (certificate_id,)


def test_permit_keeps_its_colour_on_outputs_to_its_script(world: Any) -> None:
    permit_id = world.grant(world.permit_message(quantity=10), coins=2)
    coins = [credit.outpoint for credit in world.credit(CreditKind.PERMIT)]
    merged = TxOutput(10 * CERTIFICATE_VALUE, world.permit_script)

    (verdict,) = world.mine(world.tx(coins, [TxOutput(1, world.plain_script("x")), merged]))

    assert verdict.accepted
    assert world.coin_of(permit_id).outpoint == OutPoint(verdict.txid, 1)
    assert world.permit(permit_id).credit == 10 * CERTIFICATE_VALUE


def test_colour_never_exceeds_the_value_of_the_inputs(world: Any) -> None:
    permit_id = world.grant(world.permit_message(quantity=3))
    coin = world.coin_of(permit_id)
    outputs = [TxOutput(each * CERTIFICATE_VALUE, world.permit_script) for each in (4, 2, 2, 1)]

    (verdict,) = world.mine(world.tx([coin.outpoint], outputs))

    kept = {credit.outpoint.vout: credit.value for credit in world.credit(CreditKind.PERMIT)}
    assert kept == {1: 2 * CERTIFICATE_VALUE, 3: CERTIFICATE_VALUE}
    assert verdict.lost == 0


def test_permits_that_share_a_script_do_not_mix(world: Any) -> None:
    one, other = (world.grant(world.permit_message(quantity=each)) for each in (2, 3))
    coins = [world.coin_of(one).outpoint, world.coin_of(other).outpoint]
    outputs = [TxOutput(each * CERTIFICATE_VALUE, world.permit_script) for each in (3, 2)]

    world.mine(world.tx(coins, outputs))

    assert world.coin_of(one).value == 2 * CERTIFICATE_VALUE
    assert world.coin_of(other).value == 3 * CERTIFICATE_VALUE
    world.issue(one)
    world.issue(other)


def test_permit_credit_sent_elsewhere_is_lost(world: Any) -> None:
    permit_id = world.grant(world.permit_message(quantity=10))
    outputs = [
        TxOutput(4 * CERTIFICATE_VALUE, world.permit_script),
        TxOutput(5 * CERTIFICATE_VALUE, world.plain_script("x")),
    ]

    (verdict,) = world.mine(world.tx([world.coin_of(permit_id).outpoint], outputs))

    assert verdict.refusal is Refusal.NAKED_SPEND
    assert verdict.lost == 6 * CERTIFICATE_VALUE
    assert world.permit(permit_id).credit == 4 * CERTIFICATE_VALUE


def test_certificate_refreshed_under_a_newer_message_is_never_valid(world: Any) -> None:
    certificate_id = world.issue(world.grant(world.permit_message()))
    same = TxOutput(CERTIFICATE_VALUE, world.certificate(certificate_id).script_pubkey)
    newer = TxOutput(0, null_data_script(b"CCXC\x02" + bytes(10)))

    (verdict,) = world.mine(world.tx([certificate_id], [same, newer]))

    certificate = world.certificate(certificate_id)
    status = certificate_status(world.registry, certificate, world.height + 10, 0)
    assert verdict.refusal is Refusal.NEEDS_NEWER
    assert status is Status.NEEDS_NEWER


def test_certificate_that_a_newer_message_touched_is_transferred_no_more(world: Any) -> None:
    certificate_id = world.issue(world.grant(world.permit_message()))
    same = TxOutput(CERTIFICATE_VALUE, world.certificate(certificate_id).script_pubkey)
    newer = TxOutput(0, null_data_script(b"CCXC\x02" + bytes(10)))
    world.mine(world.tx([certificate_id], [same, newer]))

    (verdict,) = world.mine(world.transfer_tx(certificate_id))

    assert verdict.refusal is Refusal.CERTIFICATE_NOT_VALID
    assert world.certificate(certificate_id).ended.reason is Refusal.CERTIFICATE_NOT_VALID


def test_certificate_that_moves_under_a_newer_message_is_destroyed(world: Any) -> None:
    certificate_id = world.issue(world.grant(world.permit_message()))
    elsewhere = TxOutput(CERTIFICATE_VALUE, world.certificate_inner("bob"))
    newer = TxOutput(0, null_data_script(b"CCXC\xff" + bytes(10)))

    (verdict,) = world.mine(world.tx([certificate_id], [elsewhere, newer]))

    assert verdict.refusal is Refusal.NEEDS_NEWER
    assert verdict.destroyed == (certificate_id,)
    assert world.status(certificate_id) is Status.DESTROYED


def test_foreign_message_does_not_protect_a_certificate(world: Any) -> None:
    certificate_id = world.issue(world.grant(world.permit_message()))
    outputs = [
        TxOutput(CERTIFICATE_VALUE, world.plain_script("x")),
        TxOutput(0, null_data_script(b"hello")),
    ]

    (verdict,) = world.mine(world.tx([certificate_id], outputs))

    assert verdict.destroyed == (certificate_id,)
