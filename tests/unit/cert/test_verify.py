"""What a transaction would do, said before it is signed."""

from dataclasses import replace
from typing import Any

import pytest

from ccxx_cert.errors import CertificateError, Refusal
from ccxx_cert.records import BatchMessage, CheckMessage, ExpiryKind, Op, TransferMessage
from ccxx_cert.state import CreditKind, Moment, get_credit
from ccxx_cert.template import draft_batch, draft_permit, message_output
from ccxx_cert.verify import Meaning, SpentOutput, check_meaning, explain
from ccxx_core.transaction import Transaction, TxInput, TxOutput

H32 = bytes(32)


def unsigned(tx: Transaction) -> Transaction:
    """Take the witnesses away."""
    return replace(tx, inputs=tuple(TxInput(each.prevout) for each in tx.inputs))


def explained(world: Any, tx: Transaction, show: bool = True) -> Meaning:
    """Explain an unsigned transaction whose plain coins hold 10,000 satoshis."""
    spent = {}
    for tx_input in tx.inputs:
        credit = get_credit(world.registry, tx_input.prevout)
        inner = world.inner.get(credit.script_pubkey) if credit and show else None
        value, script = (credit.value, credit.script_pubkey) if credit else (10_000, b"\x51")
        spent[tx_input.prevout] = SpentOutput(value, script, inner)
    moment = Moment(world.height + 1, 0, 0)
    return explain(unsigned(tx), world.registry, world.anchor, next_block=moment, spent=spent)


def test_grant_is_said_in_words(world: Any) -> None:
    roots = world.credit(CreditKind.ROOT)
    draft = draft_permit(world.permit_message(quantity=10), world.permit_script, roots, 4)

    meaning = explained(world, world.tx_of(draft))

    assert (meaning.op, meaning.accepted, meaning.fee) == (Op.PERMIT, True, 5_000)
    assert meaning.lines[0] == (
        "grants permit UNICDEG “MSc Digital Currency” for 10 certificates, "
        "transferable, custody 3of3"
    )
    assert meaning.lines[-1] == "fee 0.00005000 CCXX"
    assert len([line for line in meaning.lines if line.startswith("pays")]) == 1


def test_unsigned_issue_is_judged_by_the_script_that_its_hash_commits_to(world: Any) -> None:
    tx = world.issue_tx(world.grant(world.permit_message()), serial=7)

    shown, hidden = explained(world, tx), explained(world, tx, show=False)

    assert shown.accepted
    assert shown.lines[0] == "issues certificate serial 7 of permit UNICDEG “MSc Digital Currency”"
    assert hidden.refusal is Refusal.SCRIPT_NOT_SHOWN


def test_batch_names_its_serials(world: Any) -> None:
    coin = world.coin_of(world.grant(world.permit_message()))
    message = BatchMessage(serial_start=2, count=5, merkle_root=bytes(32), text="2026-A")

    meaning = explained(world, world.tx_of(draft_batch(message, [b"\x51"] * 5, coin)))

    assert meaning.lines[0].startswith("issues 5 certificates serials 2 to 6 of permit UNICDEG")
    assert "and 2 more" in meaning.lines


def test_transfer_names_certificate_and_new_holder(world: Any) -> None:
    certificate_id = world.issue(world.grant(world.permit_message()), serial=7)

    meaning = explained(world, world.transfer_tx(certificate_id))

    assert meaning.accepted
    assert meaning.subjects == (certificate_id,)
    assert "serial 7" in meaning.lines[0]
    assert world.key("bob").hex() in meaning.lines[1]


def test_forbidden_transfer_says_what_it_destroys_and_is_refused(world: Any) -> None:
    permit_id = world.grant(world.permit_message(transferable=False))
    certificate_id = world.issue(permit_id, serial=7)

    meaning = explained(world, world.transfer_tx(certificate_id))

    assert meaning.refusal is Refusal.NOT_TRANSFERABLE
    assert meaning.destroyed == (certificate_id,)
    assert any(line.startswith("DESTROYS certificate ccert1") for line in meaning.lines)
    with pytest.raises(CertificateError) as error:
        check_meaning(meaning)
    assert error.value.refusal is Refusal.NOT_TRANSFERABLE


def test_refused_issue_is_not_said_to_grant_anything(world: Any) -> None:
    permit_id = world.grant(world.permit_message(quantity=10))
    world.issue(permit_id, serial=1)

    meaning = explained(world, world.issue_tx(permit_id, serial=1, holder="bob"))

    assert meaning.refusal is Refusal.SERIAL_USED
    assert meaning.lines[0] == "claims to be ISSUE, and does not count"
    assert meaning.lines[1].startswith("keeps a coin of 0.00800000 CCXX of permit UNICDEG ")
    assert "LOSES 0.00100000 CCXX of credit for ever" in meaning.lines
    assert not any(line.startswith(("grants", "issues")) for line in meaning.lines)


def test_refused_transfer_is_not_said_to_transfer(world: Any) -> None:
    certificate_id = world.issue(world.grant(world.permit_message()))
    world.mine(world.transfer_tx(certificate_id, holder="bob"))
    tx = world.transfer_tx(certificate_id, holder="carol")
    wrong = message_output(TransferMessage(bytes(8), None, H32))

    meaning = explained(world, replace(tx, outputs=(tx.outputs[0], wrong, *tx.outputs[2:])))

    assert meaning.refusal is Refusal.WRONG_REFERENCE
    assert meaning.lines[0] == "claims to be TRANSFER, and does not count"
    assert meaning.lines[1].startswith("DESTROYS certificate ccert1")
    assert not any(line.startswith("transfers") for line in meaning.lines)


def test_refresh_is_said_in_words(world: Any) -> None:
    permit_id = world.grant(world.permit_message(quantity=10))
    certificate = world.certificate(world.issue(permit_id, serial=7))
    coin = world.coin_of(permit_id)
    outputs = [
        TxOutput(100_000, certificate.script_pubkey),
        TxOutput(coin.value, coin.script_pubkey),
    ]

    meaning = explained(world, world.tx([certificate.location, coin.outpoint], outputs))

    assert meaning.accepted
    assert meaning.lines[0].endswith("serial 7, its holder stays")
    assert meaning.lines[1].startswith("keeps a coin of 0.00900000 CCXX of permit UNICDEG ")


def test_credit_spent_as_a_plain_coin_is_refused_before_signing(world: Any) -> None:
    coin = world.coin_of(world.grant(world.permit_message(quantity=10)))

    meaning = explained(world, world.tx([coin.outpoint], [TxOutput(1, b"\x51")]))

    assert meaning.lost == coin.value
    assert any(line.startswith("LOSES 0.01000000 CCXX") for line in meaning.lines)
    with pytest.raises(CertificateError) as error:
        check_meaning(meaning)
    assert error.value.refusal is Refusal.NAKED_SPEND


def test_plain_payment_means_no_more_than_it_is(world: Any) -> None:
    meaning = explained(world, world.tx([], [TxOutput(9_000, world.plain_script("bob"))]))

    check_meaning(meaning)
    assert meaning.op is None
    assert meaning.lines[0].startswith("pays 0.00009000 CCXX to rccx1")
    assert meaning.fee == 1_000


def test_fee_is_unknown_where_a_value_is(world: Any) -> None:
    tx = world.tx([], [TxOutput(9_000, b"\x51")])
    moment = Moment(world.height + 1, 0, 0)

    meaning = explain(tx, world.registry, world.anchor, next_block=moment, spent={})

    assert meaning.fee is None
    assert meaning.lines[-1] == "fee unknown"


def test_message_that_changes_nothing_is_said_to_be_recorded(world: Any) -> None:
    meaning = explained(world, world.tx([], [message_output(CheckMessage("A", H32, H32))]))

    assert meaning.accepted
    assert meaning.lines[0].startswith("records CHECK: org_code A, check_ref 0000")


@pytest.mark.parametrize(
    ("kind", "expiry", "line"),
    [
        (ExpiryKind.TIME, 1_999_999_999, "expiry: unix time 1999999999"),
        (ExpiryKind.HEIGHT, 900_000, "expiry: height 900000"),
        (ExpiryKind.SECONDS_AFTER_ISSUE, 60, "expiry: 60 seconds after issue"),
        (ExpiryKind.BLOCKS_AFTER_ISSUE, 9, "expiry: 9 blocks after issue"),
    ],
)
def test_grant_says_when_it_ends(world: Any, kind: ExpiryKind, expiry: int, line: str) -> None:
    message = world.permit_message(expiry_kind=kind, expiry=expiry)
    draft = draft_permit(message, world.permit_script, world.credit(CreditKind.ROOT))

    assert line in explained(world, world.tx_of(draft)).lines


def test_issue_says_until_when_the_certificate_is_valid(world: Any) -> None:
    permit_id = world.grant(world.permit_message(expiry_kind=ExpiryKind.TIME, expiry=1_999_999_999))
    tx = world.issue_tx(permit_id, tail="Zoë", expiry_kind=ExpiryKind.HEIGHT, expiry=900_000)

    lines = explained(world, tx).lines

    assert "public text “Zoë”" in lines
    assert "valid until unix time 1999999999" in lines
    assert "valid until height 900000" in lines
    assert any(line.endswith("holder not declared") for line in lines)


def test_script_that_its_hash_does_not_commit_to_is_ignored(world: Any) -> None:
    tx = world.issue_tx(world.grant(world.permit_message()))
    coin = get_credit(world.registry, tx.inputs[0].prevout)
    lie = world.certificate_inner("mallory")
    spent = {tx.inputs[0].prevout: SpentOutput(coin.value, coin.script_pubkey, lie)}
    moment = Moment(world.height + 1, 0, 0)

    meaning = explain(unsigned(tx), world.registry, world.anchor, next_block=moment, spent=spent)

    assert meaning.refusal is Refusal.SCRIPT_NOT_SHOWN
