"""Rule 16: permit credit moves to new keys or back to the root, certificates are given back."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from ccxx_cert.custody import CERTIFICATE_VALUE, permit_script, wrap
from ccxx_cert.errors import Refusal
from ccxx_cert.identity import cert_ref
from ccxx_cert.records import CloseMessage, IssueMessage, RekeyMessage, SurrenderMessage
from ccxx_cert.state import Credit, CreditKind, get_root
from ccxx_cert.status import Status, permit_status
from ccxx_cert.template import draft_issue, message_output
from ccxx_cert.upkeep import draft_close, draft_rekey, draft_surrender
from ccxx_core.hashes import sha256
from ccxx_core.transaction import OutPoint, Transaction, TxOutput

NOTE = sha256(b"note")


def coins_of(world: Any, permit_id: OutPoint) -> list[Credit]:
    """Return all coins of a permit."""
    return [each for each in world.credit(CreditKind.PERMIT) if each.owner == permit_id]


def rekey_tx(world: Any, permit_id: OutPoint, how: str = "p2wsh", most: int = 9) -> Transaction:
    """Move a permit to an issuer's new key."""
    inner = permit_script(world.key("root"), world.key("issuer 2"), world.key("system"))
    world.learn(inner)
    message = RekeyMessage(cert_ref(permit_id), sha256(inner), NOTE)
    coins = coins_of(world, permit_id)[:most]
    draft = draft_rekey(world.permit(permit_id), coins, wrap(inner, how), message)
    tx: Transaction = world.tx_of(draft)
    return tx


def close_tx(world: Any, permit_id: OutPoint, coins: Sequence[Credit] | None = None) -> Transaction:
    """Return a permit's credit to the root."""
    coins = coins_of(world, permit_id) if coins is None else coins
    draft = draft_close(world.permit(permit_id), coins, get_root(world.registry), NOTE)
    tx: Transaction = world.tx_of(draft)
    return tx


def surrender_tx(world: Any, *ids: OutPoint) -> Transaction:
    """Give certificates back."""
    certificates = [world.certificate(each) for each in ids]
    permit = world.permit(certificates[0].permit_id)
    tx: Transaction = world.tx_of(draft_surrender(certificates, permit, NOTE))
    return tx


def changed(tx: Transaction, vout: int, **changes: Any) -> Transaction:
    """Change one output."""
    outputs = list(tx.outputs)
    outputs[vout] = outputs[vout]._replace(**changes)
    return replace(tx, outputs=tuple(outputs))


@pytest.mark.parametrize("how", ["p2wsh", "p2sh"])
def test_permit_moves_to_new_keys_with_all_it_spends(world: Any, how: str) -> None:
    permit_id = world.grant(world.permit_message(quantity=10), coins=3)
    old = world.issue(permit_id)
    before = world.permit(permit_id)

    (verdict,) = world.mine(rekey_tx(world, permit_id, how))

    permit = world.permit(permit_id)
    assert verdict.accepted
    assert permit.credit == before.credit == sum(each.value for each in coins_of(world, permit_id))
    assert permit.issuer_key is None
    assert permit.rekeyed.old_script_pubkey == before.script_pubkey
    assert {each.script_pubkey for each in coins_of(world, permit_id)} == {permit.script_pubkey}
    assert world.status(old) is Status.VALID


def test_new_issuer_issues_after_a_rekey(world: Any) -> None:
    permit_id = world.grant(world.permit_message(quantity=10))
    world.mine(rekey_tx(world, permit_id))

    (verdict,) = world.mine(world.issue_tx(permit_id, tail=None))

    assert world.certificate(verdict.subjects[1]).issuer_key == world.key("issuer 2")
    assert world.permit(permit_id).issuer_key == world.key("issuer 2")


def test_second_rekey_is_refused(world: Any) -> None:
    permit_id = world.grant(world.permit_message(quantity=10))
    world.mine(rekey_tx(world, permit_id))

    (verdict,) = world.mine(rekey_tx(world, permit_id))

    assert verdict.refusal is Refusal.REKEYED_BEFORE


def test_coin_that_a_rekey_left_behind_can_only_be_closed(world: Any) -> None:
    permit_id = world.grant(world.permit_message(quantity=4), coins=2)
    world.mine(rekey_tx(world, permit_id, most=1))
    (left,) = [c for c in coins_of(world, permit_id) if c.script_pubkey == world.permit_script]
    message = IssueMessage(serial=1, doc_hash=NOTE)
    draft = draft_issue(message, world.plain_script("alice"), left)

    (refused,) = world.mine(world.tx_of(draft))
    (left,) = [c for c in coins_of(world, permit_id) if c.script_pubkey == world.permit_script]
    (closed,) = world.mine(close_tx(world, permit_id, [left]))

    assert refused.refusal is Refusal.NOT_PERMIT_SCRIPT
    assert closed.accepted


def test_rekey_to_another_script_than_it_names_is_refused(world: Any) -> None:
    permit_id = world.grant(world.permit_message(quantity=10))
    tx = changed(rekey_tx(world, permit_id), 0, script_pubkey=world.plain_script("thief"))

    (verdict,) = world.mine(tx)

    assert verdict.refusal is Refusal.WRONG_NEW_SCRIPT


def test_rekey_to_several_scripts_is_refused(world: Any) -> None:
    permit_id = world.grant(world.permit_message(quantity=10), coins=2)
    tx = changed(rekey_tx(world, permit_id), 1, script_pubkey=world.plain_script("thief"))

    assert world.mine(tx)[0].refusal is Refusal.PERMIT_SCRIPTS_DIFFER


def test_rekey_of_coins_of_several_permits_is_refused(world: Any) -> None:
    one = world.grant(world.permit_message(quantity=1))
    other = world.grant(world.permit_message(quantity=1))
    tx = rekey_tx(world, one)
    coins = [*coins_of(world, one), *coins_of(world, other)]
    outputs = (tx.outputs[0], *tx.outputs)

    (verdict,) = world.mine(world.tx([coin.outpoint for coin in coins], outputs))

    assert verdict.refusal is Refusal.NOT_ONE_PERMIT


def test_rekey_that_names_another_permit_is_refused(world: Any) -> None:
    permit_id = world.grant(world.permit_message(quantity=10))
    message = message_output(RekeyMessage(bytes(8), bytes(32), NOTE))

    (verdict,) = world.mine(
        changed(rekey_tx(world, permit_id), 1, script_pubkey=message.script_pubkey)
    )

    assert verdict.refusal is Refusal.WRONG_REFERENCE


def test_rekey_of_root_credit_is_refused(world: Any) -> None:
    (root,) = world.credit(CreditKind.ROOT)
    message = message_output(RekeyMessage(bytes(8), bytes(32), NOTE))
    outputs = (TxOutput(root.value, root.script_pubkey), message)

    (verdict,) = world.mine(world.tx([root.outpoint], outputs))

    assert verdict.refusal is Refusal.NOT_PERMIT_CREDIT


def test_closed_permit_returns_its_credit_and_issues_no_more(world: Any) -> None:
    permit_id = world.grant(world.permit_message(quantity=10), coins=2)
    certificate_id = world.issue(permit_id)
    kept, closed = coins_of(world, permit_id)

    (verdict,) = world.mine(close_tx(world, permit_id, [closed]))
    (refused,) = world.mine(world.issue_tx(permit_id, serial=2))

    permit = world.permit(permit_id)
    assert verdict.accepted
    assert refused.refusal is Refusal.PERMIT_CLOSED
    assert permit.closed.txid == verdict.txid
    assert permit.credit == kept.value - CERTIFICATE_VALUE
    assert permit_status(permit, world.height, 0) is Status.CLOSED
    assert sum(each.value for each in world.credit(CreditKind.ROOT)) == (
        world.anchor.root_value - kept.value - CERTIFICATE_VALUE
    )
    assert world.status(certificate_id) is Status.VALID


def test_closed_credit_grants_again(world: Any) -> None:
    permit_id = world.grant(world.permit_message(quantity=10))
    world.mine(close_tx(world, permit_id))

    again = world.grant(world.permit_message(quantity=1000))

    assert world.permit(again).credit == world.anchor.root_value


def test_close_to_another_script_is_refused(world: Any) -> None:
    permit_id = world.grant(world.permit_message(quantity=10))
    tx = changed(close_tx(world, permit_id), 0, script_pubkey=world.plain_script("thief"))

    (verdict,) = world.mine(tx)

    assert verdict.refusal is Refusal.RETURNED_ELSEWHERE
    assert verdict.lost == 10 * CERTIFICATE_VALUE


def test_close_that_names_another_permit_is_refused(world: Any) -> None:
    permit_id = world.grant(world.permit_message(quantity=10))
    message = message_output(CloseMessage(bytes(8), NOTE))

    (verdict,) = world.mine(
        changed(close_tx(world, permit_id), 1, script_pubkey=message.script_pubkey)
    )

    assert verdict.refusal is Refusal.WRONG_REFERENCE


def test_surrendered_certificates_end_and_their_permit_may_issue_others(world: Any) -> None:
    permit_id = world.grant(world.permit_message(quantity=2, transferable=False))
    ids = [world.issue(permit_id, 1), world.issue(permit_id, 2)]

    (verdict,) = world.mine(surrender_tx(world, *ids))

    certificate = world.certificate(ids[0])
    assert verdict.subjects == (permit_id, *ids)
    assert [world.status(each) for each in ids] == [Status.SURRENDERED] * 2
    assert certificate.location is None
    assert certificate.surrendered.note == NOTE
    assert world.credit(CreditKind.CERTIFICATE) == []
    assert world.permit(permit_id).credit == 2 * CERTIFICATE_VALUE
    world.issue(permit_id, serial=3)


def test_serial_of_a_surrendered_certificate_stays_used(world: Any) -> None:
    permit_id = world.grant(world.permit_message(quantity=2))
    world.mine(surrender_tx(world, world.issue(permit_id, 1)))

    assert world.mine(world.issue_tx(permit_id, 1))[0].refusal is Refusal.SERIAL_USED


def test_surrender_to_another_script_than_the_permits_destroys(world: Any) -> None:
    certificate_id = world.issue(world.grant(world.permit_message()))
    tx = changed(surrender_tx(world, certificate_id), 0, script_pubkey=world.root_script)

    (verdict,) = world.mine(tx)

    assert verdict.refusal is Refusal.RETURNED_ELSEWHERE
    assert verdict.destroyed == (certificate_id,)


def test_certificates_of_several_permits_are_not_surrendered_together(world: Any) -> None:
    one = world.issue(world.grant(world.permit_message()))
    other = world.issue(world.grant(world.permit_message()))

    assert world.mine(surrender_tx(world, one, other))[0].refusal is Refusal.NOT_ONE_PERMIT


def test_surrender_that_names_another_certificate_is_refused(world: Any) -> None:
    certificate_id = world.issue(world.grant(world.permit_message()))
    message = message_output(SurrenderMessage(bytes(8), NOTE))

    (verdict,) = world.mine(
        changed(surrender_tx(world, certificate_id), 1, script_pubkey=message.script_pubkey)
    )

    assert verdict.refusal is Refusal.WRONG_REFERENCE


def test_permit_coin_must_hold_whole_certificates(world: Any) -> None:
    permit_id = world.grant(world.permit_message(quantity=3))
    tx = world.issue_tx(permit_id)
    parts = [tx.outputs[1]._replace(value=value) for value in (150_000, 50_000)]
    outputs = (tx.outputs[0], *parts, *tx.outputs[2:])

    (verdict,) = world.mine(replace(tx, outputs=outputs))

    assert verdict.refusal is Refusal.PERMIT_COIN_NOT_WHOLE
    assert verdict.lost == 3 * CERTIFICATE_VALUE
