"""Face values add up exactly, and what cannot be added up is not signed under a limit."""

from pathlib import Path

import pytest

from ccxx_core.hashes import Txid
from ccxx_core.transaction import OutPoint
from ccxx_root.cosigner.face_value import (
    FaceValue,
    check_face_value,
    format_face_amount,
    parse_face_amount,
    total_face,
)
from ccxx_root.cosigner.ledger import Ledger
from ccxx_root.cosigner.policy import Order
from ccxx_root.cosigner.policy_file import parse_policy
from ccxx_root.cosigner.refusals import CosignerError, Refusal

ISSUER = b"\x02" * 33
LIMITS = {"EUR": parse_face_amount("100")}


def rules(amount: str, unit: str = "EUR") -> dict[str, object]:
    return {"face_value": {"amount": amount, "unit": unit}}


def refusal(face: FaceValue, signed: str = "0") -> Refusal | None:
    try:
        check_face_value(face, {"EUR": parse_face_amount(signed)}, LIMITS)
    except CosignerError as error:
        return error.refusal
    return None


@pytest.mark.parametrize("text", ["0", "10", "10.5", "0.00000001", "999999999999999.99999999"])
def test_an_amount_reads_back_as_it_is_printed(text: str) -> None:
    assert format_face_amount(parse_face_amount(text)) == text


@pytest.mark.parametrize("text", ["", "-1", "1,5", "1e9", "ten", "1.", ".5", "1.123456789", "٣"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_face_amount(text)


def test_certificates_of_several_types_add_up_by_unit() -> None:
    face = total_face([(3, rules("10.10")), (2, rules("5", "USD")), (1, rules("0.05")), (7, {})])

    assert {unit: format_face_amount(each) for unit, each in face.amounts.items()} == {
        "EUR": "30.35",
        "USD": "10",
    }
    assert face.unknown == 0


def test_a_limit_holds_to_the_last_cent() -> None:
    face = total_face([(1, rules("10.00"))])

    assert refusal(face, "90") is None
    assert refusal(face, "90.01") is Refusal.FACE_VALUE_A_DAY


@pytest.mark.parametrize("unknown", [None, rules("ten"), {"face_value": 10}, {"face_value": {}}])
def test_what_cannot_be_added_up_is_not_signed_under_a_limit(
    unknown: dict[str, object] | None,
) -> None:
    face = total_face([(1, unknown)])

    assert refusal(face) is Refusal.FACE_VALUE_A_DAY
    check_face_value(face, {}, {})


def test_a_unit_without_a_limit_is_not_signed_where_others_have_one() -> None:
    assert refusal(total_face([(1, rules("1", "USD"))])) is Refusal.FACE_VALUE_A_DAY


def test_the_ledger_sums_what_was_signed_since_a_time(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    with ledger.transaction():
        for name, time in ((1, 100), (2, 200)):
            order = Order(
                action="issue",
                issuer_key=ISSUER,
                permit=OutPoint(Txid(bytes(32)), 0),
                signable=(0,),
                face=FaceValue({"EUR": 10**30}),
            )
            ledger.add_signed(order, "uni", time, (Txid(bytes([name]) * 32), b""))

    assert ledger.usage(ISSUER, 0).face == {"EUR": 2 * 10**30}
    assert ledger.usage(ISSUER, 100).face == {"EUR": 10**30}
    assert ledger.usage(None, 0).face == {}


def test_the_policy_file_names_limits_by_unit() -> None:
    policy = parse_policy(b'[limits]\nface_value_a_day = { EUR = "50.5", shares = "3" }')

    found = policy.limits.face_value_a_day
    assert dict(found) == {"EUR": 5_050_000_000, "shares": 300_000_000}


@pytest.mark.parametrize("value", ["5", '"5"', "{ EUR = 5 }", '{ EUR = "many" }', "[]"])
def test_a_limit_that_makes_no_sense_is_refused(value: str) -> None:
    with pytest.raises(CosignerError) as error:
        parse_policy(f"[limits]\nface_value_a_day = {value}".encode())

    assert error.value.refusal is Refusal.BAD_POLICY
