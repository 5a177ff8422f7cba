"""What does not count, and for which reason: one hostile or mistaken transaction a test."""

from dataclasses import replace
from typing import Any

import pytest

from ccxx_cert.custody import CERTIFICATE_VALUE, Wrap, wrap
from ccxx_cert.errors import Refusal
from ccxx_cert.recognize import find_message
from ccxx_cert.records import (
    BatchMessage,
    ExpiryKind,
    IdentMessage,
    IssueMessage,
    TransferMessage,
)
from ccxx_cert.state import CreditKind, Permit, get_permit
from ccxx_cert.template import draft_issue, draft_permit, draft_transfer, message_output
from ccxx_core.hashes import sha256
from ccxx_core.script import build_script, multisig_script, null_data_script
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput


def grant_tx(world: Any, quantity: int = 10, coins: int = 1) -> Transaction:
    """A permit that would count."""
    roots = world.credit(CreditKind.ROOT)
    draft = draft_permit(world.permit_message(quantity), world.permit_script, roots, coins)
    tx: Transaction = world.tx_of(draft)
    return tx


def with_output(tx: Transaction, vout: int, **changes: Any) -> Transaction:
    """Change one output."""
    outputs = list(tx.outputs)
    outputs[vout] = outputs[vout]._replace(**changes)
    return replace(tx, outputs=tuple(outputs))


def refusal_of(world: Any, *txs: Transaction) -> Refusal | None:
    """Mine transactions and return why the last one does not count."""
    refusal: Refusal | None = world.mine(*txs)[-1].refusal
    return refusal


def test_permit_from_a_coin_that_merely_sits_at_the_roots_address_is_forged(world: Any) -> None:
    honest = grant_tx(world)
    gift = Transaction(2, (TxInput(world.plain_coin()),), (world.root_tx.outputs[0],))
    forged = replace(honest, inputs=(TxInput(OutPoint(gift.txid, 0)), *honest.inputs[1:]))

    refusal = refusal_of(world, gift, forged)

    assert refusal is Refusal.NO_CREDIT
    assert world.credit(CreditKind.PERMIT) == []


def test_permit_cannot_be_fed_by_plain_coins_beside_root_credit(world: Any) -> None:
    tx = grant_tx(world)
    more = with_output(tx, 1, value=tx.outputs[1].value + CERTIFICATE_VALUE)

    assert refusal_of(world, more) is Refusal.NOT_CONSERVED


def test_permit_cannot_be_granted_from_another_permit(world: Any) -> None:
    permit_id = world.grant(world.permit_message(quantity=10))
    coin = world.coin_of(permit_id)
    draft = draft_permit(
        world.permit_message(quantity=10),
        world.plain_script("thief"),
        [replace(coin, kind=CreditKind.ROOT)],
    )

    assert refusal_of(world, world.tx_of(draft)) is Refusal.NOT_ROOT_CREDIT
    assert world.permit(permit_id).credit == 0


def test_permit_with_mixed_credit_inputs_is_refused(world: Any) -> None:
    coin = world.coin_of(world.grant(world.permit_message(quantity=10)))
    (root,) = world.credit(CreditKind.ROOT)
    draft = draft_permit(world.permit_message(20), world.permit_script, [root])
    change = draft.outputs[-2]
    outputs = list(draft.outputs)
    outputs[-2] = change._replace(value=change.value + coin.value)

    tx = world.tx((root.outpoint, coin.outpoint), outputs)

    assert refusal_of(world, tx) is Refusal.NOT_ROOT_CREDIT


@pytest.mark.parametrize("quantity", [9, 11, 0xFFFFFFFF])
def test_permit_value_must_be_its_quantity(world: Any, quantity: int) -> None:
    tx = grant_tx(world, quantity=10)
    message = message_output(world.permit_message(quantity=quantity))

    refusal = refusal_of(world, with_output(tx, 2, script_pubkey=message.script_pubkey))

    assert refusal is Refusal.WRONG_PERMIT_VALUE


def test_root_keeps_its_credit_when_a_permit_is_refused(world: Any) -> None:
    tx = grant_tx(world, quantity=10)
    message = message_output(world.permit_message(quantity=11))

    (verdict,) = world.mine(with_output(tx, 2, script_pubkey=message.script_pubkey))

    (root,) = world.credit(CreditKind.ROOT)
    assert root.value == world.anchor.root_value - 10 * CERTIFICATE_VALUE
    assert verdict.lost == 10 * CERTIFICATE_VALUE


def test_permit_coins_must_share_one_script(world: Any) -> None:
    tx = grant_tx(world, coins=2)

    refusal = refusal_of(world, with_output(tx, 1, script_pubkey=world.plain_script("thief")))

    assert refusal is Refusal.PERMIT_SCRIPTS_DIFFER


def test_permit_to_the_roots_own_script_is_refused(world: Any) -> None:
    tx = grant_tx(world, coins=2)

    refusal = refusal_of(world, with_output(tx, 0, script_pubkey=world.root_script))

    assert refusal is Refusal.PERMIT_TO_ROOT


def test_permit_of_nothing_but_change_is_refused(world: Any) -> None:
    (root,) = world.credit(CreditKind.ROOT)
    outputs = (
        TxOutput(root.value, root.script_pubkey),
        message_output(world.permit_message()),
    )

    assert refusal_of(world, world.tx([root.outpoint], outputs)) is Refusal.NO_PERMIT_OUTPUT


def test_message_before_its_credit_outputs_moves_nothing(world: Any) -> None:
    tx = grant_tx(world)
    outputs = (tx.outputs[2], *tx.outputs[:2], *tx.outputs[3:])

    assert refusal_of(world, replace(tx, outputs=outputs)) is Refusal.NOT_CONSERVED
    assert get_permit(world.registry, OutPoint(tx.txid, 1)) is None


def test_credit_cannot_pay_the_fee(world: Any) -> None:
    tx = world.issue_tx(world.grant(world.permit_message()))

    refusal = refusal_of(world, with_output(tx, 1, value=tx.outputs[1].value - 1))

    assert refusal is Refusal.NOT_CONSERVED


@pytest.mark.parametrize(
    "second", [null_data_script(b"CCXC"), null_data_script(b"hello"), build_script(0x6A)]
)
def test_two_op_returns_are_no_message(world: Any, second: bytes) -> None:
    permit_id = world.grant(world.permit_message())
    tx = world.issue_tx(permit_id)

    (verdict,) = world.mine(replace(tx, outputs=(*tx.outputs, TxOutput(0, second))))

    assert (verdict.op, verdict.refusal) == (None, Refusal.NAKED_SPEND)
    assert world.permit(permit_id).issued == 0


@pytest.mark.parametrize("more", [b"\x00", b"\x51", b"\x01\x00", b"\x4c\x00"])
def test_message_of_two_pushes_is_none(world: Any, more: bytes) -> None:
    tx = world.issue_tx(world.grant(world.permit_message()))
    script = tx.outputs[2].script_pubkey + more

    assert refusal_of(world, with_output(tx, 2, script_pubkey=script)) is Refusal.NAKED_SPEND


def test_message_in_a_longer_push_than_it_needs_is_none(world: Any) -> None:
    tx = world.issue_tx(world.grant(world.permit_message()))
    payload = find_message(tx).payload
    script = b"\x6a\x4d" + len(payload).to_bytes(2, "little") + payload

    assert refusal_of(world, with_output(tx, 2, script_pubkey=script)) is Refusal.NAKED_SPEND


def test_message_with_a_value_is_none(world: Any) -> None:
    tx = world.issue_tx(world.grant(world.permit_message()))

    assert refusal_of(world, with_output(tx, 2, value=1)) is Refusal.NAKED_SPEND


def test_serial_used_twice_counts_once_and_costs_one_certificate(world: Any) -> None:
    permit_id = world.grant(world.permit_message(quantity=10))
    first = world.issue(permit_id, serial=7)

    (verdict,) = world.mine(world.issue_tx(permit_id, serial=7, holder="bob"))

    assert verdict.refusal is Refusal.SERIAL_USED
    assert verdict.lost == CERTIFICATE_VALUE
    assert world.certificate(first).holder_key == world.key("alice")
    assert world.permit(permit_id).credit == 8 * CERTIFICATE_VALUE
    assert world.coin_of(permit_id).value == 8 * CERTIFICATE_VALUE
    world.issue(permit_id, serial=8)


def test_serial_used_twice_in_one_block_counts_once(world: Any) -> None:
    permit_id = world.grant(world.permit_message(quantity=10), coins=2)
    one, other = [each for each in world.credit(CreditKind.PERMIT) if each.owner == permit_id]
    message = IssueMessage(serial=7, doc_hash=bytes(32))
    script = world.learn(world.certificate_inner("alice"))
    txs = [world.tx_of(draft_issue(message, script, coin)) for coin in (one, other)]

    verdicts = world.mine(*txs)

    assert [verdict.refusal for verdict in verdicts] == [None, Refusal.SERIAL_USED]


def test_batch_that_overlaps_a_used_serial_is_refused_as_a_whole(world: Any) -> None:
    permit_id = world.grant(world.permit_message(quantity=10))
    world.issue(permit_id, serial=3)
    coin = world.coin_of(permit_id)
    script = world.learn(world.certificate_inner("alice"))
    outputs = [TxOutput(CERTIFICATE_VALUE, script)] * 3
    outputs.append(TxOutput(coin.value - 3 * CERTIFICATE_VALUE, coin.script_pubkey))
    outputs.append(message_output(BatchMessage(serial_start=1, count=3, merkle_root=bytes(32))))

    (verdict,) = world.mine(world.tx([coin.outpoint], outputs))

    assert verdict.refusal is Refusal.SERIAL_USED
    assert len(world.credit(CreditKind.CERTIFICATE)) == 1


def test_batch_of_more_certificates_than_outputs_is_refused(world: Any) -> None:
    coin = world.coin_of(world.grant(world.permit_message(quantity=1)))
    script = world.learn(world.certificate_inner("alice"))
    message = message_output(BatchMessage(serial_start=1, count=2, merkle_root=bytes(32)))

    tx = world.tx([coin.outpoint], (TxOutput(CERTIFICATE_VALUE, script), message))

    assert refusal_of(world, tx) is Refusal.TOO_FEW_OUTPUTS


def test_more_certificates_than_the_permit_has_credit_are_refused(world: Any) -> None:
    coin = world.coin_of(world.grant(world.permit_message(quantity=1)))
    script = world.learn(world.certificate_inner("alice"))
    message = message_output(BatchMessage(serial_start=1, count=2, merkle_root=bytes(32)))

    tx = world.tx([coin.outpoint], (*[TxOutput(CERTIFICATE_VALUE, script)] * 2, message))

    assert refusal_of(world, tx) is Refusal.NOT_CONSERVED


@pytest.mark.parametrize("delta", [-1, 1])
def test_certificate_of_another_value_is_refused(world: Any, delta: int) -> None:
    tx = world.issue_tx(world.grant(world.permit_message()))
    tx = with_output(tx, 0, value=tx.outputs[0].value + delta)

    refusal = refusal_of(world, with_output(tx, 1, value=tx.outputs[1].value - delta))

    assert refusal is Refusal.WRONG_CERTIFICATE_VALUE


def test_change_of_an_issue_must_return_to_the_permit_script(world: Any) -> None:
    tx = world.issue_tx(world.grant(world.permit_message()))

    refusal = refusal_of(world, with_output(tx, 1, script_pubkey=world.plain_script("thief")))

    assert refusal is Refusal.CHANGE_ELSEWHERE


def test_declared_holder_key_must_rebuild_the_script(world: Any) -> None:
    tx = world.issue_tx(world.grant(world.permit_message()), tail=world.key("mallory"))

    assert refusal_of(world, tx) is Refusal.WRONG_HOLDER_KEY


def test_declared_holder_key_under_another_custody_policy_is_refused(world: Any) -> None:
    permit_id = world.grant(world.permit_message(custody=2))

    assert refusal_of(world, world.issue_tx(permit_id)) is Refusal.WRONG_HOLDER_KEY


def test_issue_from_coins_of_two_permits_is_refused(world: Any) -> None:
    one = world.coin_of(world.grant(world.permit_message(quantity=1)))
    other = world.coin_of(world.grant(world.permit_message(quantity=1)))
    script = world.learn(world.certificate_inner("alice"))
    outputs = (
        TxOutput(CERTIFICATE_VALUE, script),
        TxOutput(CERTIFICATE_VALUE, world.permit_script),
        message_output(IssueMessage(serial=1, doc_hash=bytes(32))),
    )

    tx = world.tx((one.outpoint, other.outpoint), outputs)

    assert refusal_of(world, tx) is Refusal.NOT_ONE_PERMIT_COIN


def test_issue_without_any_credit_is_a_strangers(world: Any) -> None:
    script = world.learn(world.certificate_inner("alice"))
    outputs = (
        TxOutput(CERTIFICATE_VALUE, script),
        message_output(IssueMessage(serial=1, doc_hash=bytes(32))),
    )

    assert refusal_of(world, world.tx([], outputs)) is Refusal.NO_CREDIT


def test_certificate_and_permit_spent_together_issue_nothing(world: Any) -> None:
    permit_id = world.grant(world.permit_message(quantity=10))
    certificate_id = world.issue(permit_id)
    issue = world.issue_tx(permit_id, serial=2)
    outputs = list(issue.outputs)
    outputs[1] = outputs[1]._replace(value=outputs[1].value + CERTIFICATE_VALUE)
    location = world.certificate(certificate_id).location
    both = world.tx((world.coin_of(permit_id).outpoint, location), outputs)

    (verdict,) = world.mine(both)

    assert verdict.refusal is Refusal.NOT_ONE_PERMIT_COIN
    assert verdict.destroyed == (certificate_id,)
    assert world.permit(permit_id).issued == 1


def test_transfer_that_also_spends_a_permit_is_refused(world: Any) -> None:
    permit_id = world.grant(world.permit_message(quantity=10))
    certificate_id = world.issue(permit_id)
    transfer = world.transfer_tx(certificate_id)
    coin = world.coin_of(permit_id)
    outputs = (transfer.outputs[0], TxOutput(coin.value, coin.script_pubkey), *transfer.outputs[1:])

    (verdict,) = world.mine(world.tx((certificate_id, coin.outpoint), outputs))

    assert verdict.refusal is Refusal.NOT_CERTIFICATES
    assert verdict.destroyed == (certificate_id,)
    assert world.coin_of(permit_id).value == coin.value


def test_issue_from_a_permit_script_that_is_not_the_three_of_three_is_refused(world: Any) -> None:
    inner = multisig_script(1, [world.key("issuer")])
    roots = world.credit(CreditKind.ROOT)
    draft = draft_permit(world.permit_message(), world.learn(inner), roots, 1)
    (verdict,) = world.mine(world.tx_of(draft))

    refusal = refusal_of(world, world.issue_tx(verdict.subjects[0]))

    assert verdict.accepted
    assert refusal is Refusal.NOT_PERMIT_SCRIPT


def test_issue_from_a_permit_at_a_key_shows_no_script(world: Any) -> None:
    world.permit_script = world.plain_script("issuer")
    permit_id = world.grant(world.permit_message())

    assert refusal_of(world, world.issue_tx(permit_id)) is Refusal.SCRIPT_NOT_SHOWN


def test_issue_from_an_expired_permit_is_refused(world: Any) -> None:
    message = world.permit_message(expiry_kind=ExpiryKind.HEIGHT, expiry=world.height + 2)
    permit_id = world.grant(message)
    world.issue(permit_id, serial=1)

    assert refusal_of(world, world.issue_tx(permit_id, serial=2)) is Refusal.PERMIT_EXPIRED


def test_transfer_of_a_type_that_is_not_transferable_destroys(world: Any) -> None:
    certificate_id = world.issue(world.grant(world.permit_message(transferable=False)))

    (verdict,) = world.mine(world.transfer_tx(certificate_id))

    certificate = world.certificate(certificate_id)
    assert verdict.refusal is Refusal.NOT_TRANSFERABLE
    assert verdict.destroyed == (certificate_id,)
    assert certificate.location is None
    assert certificate.ended.reason is Refusal.NOT_TRANSFERABLE


def test_expired_certificate_cannot_be_transferred(world: Any) -> None:
    permit_id = world.grant(world.permit_message())
    height = world.height + 1
    (verdict,) = world.mine(world.issue_tx(permit_id, expiry_kind=ExpiryKind.HEIGHT, expiry=height))

    refusal = refusal_of(world, world.transfer_tx(verdict.subjects[1]))

    assert refusal is Refusal.CERTIFICATE_EXPIRED


def test_transfer_needs_one_output_for_each_certificate(world: Any) -> None:
    permit_id = world.grant(world.permit_message())
    first, second = world.issue(permit_id, 1), world.issue(permit_id, 2)
    tx = world.transfer_tx(first, second)
    merged = (tx.outputs[0]._replace(value=2 * CERTIFICATE_VALUE), *tx.outputs[2:])

    refusal = refusal_of(world, replace(tx, outputs=merged))

    assert refusal is Refusal.WRONG_OUTPUT_COUNT


def test_transfer_must_keep_the_value_of_each_certificate(world: Any) -> None:
    permit_id = world.grant(world.permit_message())
    first, second = world.issue(permit_id, 1), world.issue(permit_id, 2)
    tx = world.transfer_tx(first, second)
    tx = with_output(tx, 0, value=CERTIFICATE_VALUE + 1)

    refusal = refusal_of(world, with_output(tx, 1, value=CERTIFICATE_VALUE - 1))

    assert refusal is Refusal.WRONG_CERTIFICATE_VALUE


def test_transfer_reference_must_name_the_first_certificate(world: Any) -> None:
    permit_id = world.grant(world.permit_message())
    first, second = world.issue(permit_id, 1), world.issue(permit_id, 2)
    other = world.transfer_tx(second)

    refusal = refusal_of(world, replace(other, inputs=world.transfer_tx(first).inputs))

    assert refusal is Refusal.WRONG_REFERENCE


def test_declared_new_holder_must_rebuild_the_first_output(world: Any) -> None:
    certificate = world.certificate(world.issue(world.grant(world.permit_message())))
    script = wrap(world.certificate_inner("bob"))
    draft = draft_transfer([certificate], [script], world.key("mallory"), bytes(32))

    assert refusal_of(world, world.tx_of(draft)) is Refusal.WRONG_HOLDER_KEY


def test_transfer_by_a_stranger_who_spends_no_certificate_is_refused(world: Any) -> None:
    message = message_output(TransferMessage(bytes(8), None, bytes(32)))

    tx = world.tx([], (TxOutput(CERTIFICATE_VALUE, world.plain_script("thief")), message))

    assert refusal_of(world, tx) is Refusal.NO_CREDIT


def test_destroyed_certificate_stays_destroyed(world: Any) -> None:
    certificate_id = world.issue(world.grant(world.permit_message()))
    transfer = world.transfer_tx(certificate_id)
    naked = world.tx([certificate_id], [TxOutput(90_000, world.plain_script("thief"))])

    world.mine(naked)
    fee = TxInput(world.plain_coin())
    late = world.mine(replace(transfer, inputs=(TxInput(OutPoint(naked.txid, 0)), fee)))

    assert late[0].refusal is Refusal.NO_CREDIT
    assert world.certificate(certificate_id).ended.reason is Refusal.NAKED_SPEND


def test_malformed_message_is_recorded_and_moves_nothing(world: Any) -> None:
    tx = world.issue_tx(world.grant(world.permit_message()))
    broken = null_data_script(find_message(tx).payload[:-1])

    (verdict,) = world.mine(with_output(tx, 2, script_pubkey=broken))

    assert (verdict.op, verdict.refusal) == (None, Refusal.MALFORMED)


def test_message_of_a_newer_version_keeps_the_permits_colour(world: Any) -> None:
    permit_id = world.grant(world.permit_message(quantity=10))
    tx = world.issue_tx(permit_id)
    payload = bytearray(find_message(tx).payload)
    payload[4] = 2

    (verdict,) = world.mine(with_output(tx, 2, script_pubkey=null_data_script(bytes(payload))))

    assert verdict.refusal is Refusal.NEEDS_NEWER
    assert world.permit(permit_id).credit == 9 * CERTIFICATE_VALUE


def test_message_that_only_says_something_must_not_move_credit(world: Any) -> None:
    certificate_id = world.issue(world.grant(world.permit_message()))
    message = message_output(IdentMessage("REG-0001", b"\x02" + world.key("org")[1:], bytes(32)))
    outputs = (TxOutput(CERTIFICATE_VALUE, world.permit_script), message)

    alone, moving = world.mine(world.tx([], [message]), world.tx([certificate_id], outputs))

    assert alone.accepted
    assert moving.refusal is Refusal.MOVES_CREDIT
    assert moving.destroyed == (certificate_id,)


def test_transaction_without_credit_or_message_is_not_our_business(world: Any) -> None:
    plain = world.tx([], [TxOutput(1, world.plain_script("bob"))])
    foreign = world.tx([], [TxOutput(0, null_data_script(b"hello"))])

    assert world.mine(plain, foreign) == ()


def test_p2sh_permits_and_certificates_are_read_alike(world: Any) -> None:
    world.permit_script = wrap(world.inner[world.permit_script], Wrap.P2SH)
    permit_id = world.grant(world.permit_message())
    inner = world.certificate_inner("alice")
    message = IssueMessage(serial=1, doc_hash=sha256(b"d"), tail=world.key("alice"))
    draft = draft_issue(message, wrap(inner, Wrap.P2SH), world.coin_of(permit_id))
    tx = world.tx_of(draft)
    shown = TxInput(tx.inputs[0].prevout, build_script(0, world.inner[world.permit_script]))

    (verdict,) = world.mine(replace(tx, inputs=(shown, *tx.inputs[1:])))

    assert verdict.accepted
    assert isinstance(get_permit(world.registry, permit_id), Permit)
