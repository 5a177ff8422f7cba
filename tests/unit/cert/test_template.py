"""Drafts hold what the rules will ask for, and refuse what cannot be."""

from typing import Any

import pytest

from ccxx_cert.custody import CERTIFICATE_VALUE
from ccxx_cert.errors import CertificateError, Malformed, Refusal
from ccxx_cert.records import BatchMessage, IssueMessage
from ccxx_cert.state import CreditKind
from ccxx_cert.template import (
    draft_batch,
    draft_issue,
    draft_permit,
    draft_transfer,
    fan_out,
)


@pytest.mark.parametrize(
    ("quantity", "coins", "split"),
    [(1000, 8, (125,) * 8), (10, 4, (3, 3, 2, 2)), (3, 8, (1, 1, 1)), (5, 1, (5,))],
)
def test_quantity_fans_out_evenly(quantity: int, coins: int, split: tuple[int, ...]) -> None:
    assert fan_out(quantity, coins) == split


def test_permit_for_more_than_the_root_credit_is_not_drafted(world: Any) -> None:
    quantity = world.anchor.root_value // CERTIFICATE_VALUE + 1

    with pytest.raises(CertificateError) as error:
        draft_permit(world.permit_message(quantity), b"\x51", world.credit(CreditKind.ROOT))

    assert error.value.refusal is Refusal.WRONG_PERMIT_VALUE


def test_permit_of_zero_certificates_is_not_drafted(world: Any) -> None:
    with pytest.raises((Malformed, ValueError)):
        draft_permit(world.permit_message(0), b"\x51", world.credit(CreditKind.ROOT))


def test_permit_is_not_drafted_from_other_credit(world: Any) -> None:
    coin = world.coin_of(world.grant(world.permit_message()))

    with pytest.raises(CertificateError) as error:
        draft_permit(world.permit_message(1), b"\x51", [coin])

    assert error.value.refusal is Refusal.NOT_ROOT_CREDIT


def test_batch_for_more_than_its_coin_is_not_drafted(world: Any) -> None:
    coin = world.coin_of(world.grant(world.permit_message(quantity=2)))
    message = BatchMessage(serial_start=1, count=3, merkle_root=bytes(32))

    with pytest.raises(CertificateError) as error:
        draft_batch(message, [b"\x51"] * 3, coin)

    assert error.value.refusal is Refusal.NOT_CONSERVED


def test_batch_needs_a_script_for_each_leaf(world: Any) -> None:
    coin = world.coin_of(world.grant(world.permit_message()))
    message = BatchMessage(serial_start=1, count=3, merkle_root=bytes(32))

    with pytest.raises(CertificateError) as error:
        draft_batch(message, [b"\x51"] * 2, coin)

    assert error.value.refusal is Refusal.WRONG_OUTPUT_COUNT


def test_certificate_is_not_issued_from_root_credit(world: Any) -> None:
    (root,) = world.credit(CreditKind.ROOT)

    with pytest.raises(CertificateError) as error:
        draft_issue(IssueMessage(serial=1, doc_hash=bytes(32)), b"\x51", root)

    assert error.value.refusal is Refusal.NOT_ONE_PERMIT_COIN


def test_destroyed_certificate_is_not_transferred(world: Any) -> None:
    certificate_id = world.issue(world.grant(world.permit_message()))
    world.mine(world.tx([certificate_id], []))

    with pytest.raises(CertificateError) as error:
        draft_transfer([world.certificate(certificate_id)], [b"\x51"], None, bytes(32))

    assert error.value.refusal is Refusal.CERTIFICATE_NOT_VALID
