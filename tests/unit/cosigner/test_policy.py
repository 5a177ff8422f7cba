"""The operator's rules, one by one, and the file that they are written in."""

from dataclasses import replace
from typing import Any

import pytest

from ccxx_core.amount import COIN
from ccxx_core.hashes import Txid
from ccxx_core.keys import PrivateKey
from ccxx_core.transaction import OutPoint
from ccxx_root.cosigner.policy import GRANT, Limits, Moved, Order, Policy, Usage, check_policy
from ccxx_root.cosigner.policy_file import parse_policy
from ccxx_root.cosigner.refusals import CosignerError, Refusal

ISSUER = PrivateKey(bytes([7]) * 32).public_key
PERMIT = OutPoint(Txid(bytes([1]) * 32), 0)
CERTIFICATE = OutPoint(Txid(bytes([2]) * 32), 0)
# A Wednesday, 10:30 UTC.
NOW = 1_767_782_400 - 1_767_782_400 % 86_400 + 10 * 3_600 + 30 * 60
ISSUE = Order(
    action="issue", issuer_key=ISSUER, permit=PERMIT, signable=(0,), issued=1, value=100_000
)


def transfer(**more: Any) -> Order:
    moved = Moved(CERTIFICATE, **({"transfers": 0, "rested": 100, "rules": {}} | more))
    return replace(ISSUE, action="transfer", issued=0, moved=(moved,))


def refusal(
    order: Order, policy: Policy | None = None, usage: Usage | None = None, **more: int
) -> Refusal | None:
    """Give the reason why a policy refuses an order, None if it does not."""
    when = {"approvals": 2, "now": NOW} | more
    try:
        check_policy(order, policy or Policy(), usage or Usage(), when["approvals"], when["now"])
    except CosignerError as error:
        return error.refusal
    return None


def limited(**limits: Any) -> Policy:
    return Policy(limits=Limits(**limits))


def test_what_is_usual_is_signed() -> None:
    orders = (ISSUE, transfer(), replace(ISSUE, action=GRANT, issuer_key=None))

    assert [refusal(order) for order in orders] == [None, None, None]


@pytest.mark.parametrize("order", [ISSUE, replace(ISSUE, action=GRANT, issuer_key=None)])
def test_a_permit_and_all_under_it_need_two_approvals(order: Order) -> None:
    found = [refusal(order, approvals=count) for count in (0, 1, 2, 3)]

    assert found == [Refusal.APPROVAL_NEEDED, Refusal.APPROVAL_NEEDED, None, None]


def test_limits_a_day_hold_to_the_last_certificate() -> None:
    policy = limited(certificates_a_day=10)

    assert refusal(ISSUE, policy, Usage(issued=9)) is None
    assert refusal(ISSUE, policy, Usage(issued=10)) is Refusal.CERTIFICATES_A_DAY


def test_limits_of_issuing_do_not_stop_transfers() -> None:
    policy = limited(certificates_a_day=0, transfers_a_day=5)

    assert refusal(transfer(), policy, Usage(issued=10, transfers=4)) is None
    assert refusal(transfer(), policy, Usage(transfers=5)) is Refusal.TRANSFERS_A_DAY


def test_value_a_day_counts_all_credit() -> None:
    policy = limited(value_a_day=COIN)

    assert refusal(ISSUE, policy, Usage(value=COIN - 100_000)) is None
    assert refusal(ISSUE, policy, Usage(value=COIN - 99_999)) is Refusal.VALUE_A_DAY


@pytest.mark.parametrize(
    ("order", "limits", "expected"),
    [
        (ISSUE, {"paused": True}, Refusal.ISSUER_PAUSED),
        (ISSUE, {"actions": frozenset({"transfer"})}, Refusal.ACTION_NOT_ALLOWED),
        (replace(ISSUE, issued=6), {"certificates_at_once": 5}, Refusal.TOO_MANY_AT_ONCE),
        (replace(ISSUE, fee=1_001), {"highest_fee": 1_000}, Refusal.FEE_ABOVE_POLICY),
        (replace(ISSUE, action="payment"), {}, Refusal.ACTION_NOT_ALLOWED),
        (replace(ISSUE, action="naked-spend"), {}, Refusal.ACTION_NOT_ALLOWED),
    ],
)
def test_each_limit_has_its_reason(order: Order, limits: Any, expected: Refusal) -> None:
    assert refusal(order, limited(**limits)) is expected


@pytest.mark.parametrize(
    ("hours", "days", "offset", "expected"),
    [
        ((0, 1440), ("wed",), 0, None),
        ((630, 631), ("wed",), 0, None),
        ((631, 1440), ("wed",), 0, Refusal.OUTSIDE_HOURS),
        ((0, 630), ("wed",), 0, Refusal.OUTSIDE_HOURS),
        ((0, 1440), ("tue", "thu"), 0, Refusal.OUTSIDE_HOURS),
        ((0, 1440), ("thu",), 14 * 60, None),
        ((690, 691), ("wed",), 60, None),
    ],
)
def test_hours_and_days_are_those_of_the_operator(
    hours: Any, days: Any, offset: int, expected: Refusal | None
) -> None:
    policy = replace(limited(hours=hours, days=days), utc_offset_minutes=offset)

    assert refusal(ISSUE, policy) is expected


@pytest.mark.parametrize(
    ("past", "expected"),
    [
        ({"rules": {"transfer_limit": 2}, "transfers": 1}, None),
        ({"rules": {"transfer_limit": 2}, "transfers": 2}, Refusal.TRANSFER_LIMIT),
        ({"rules": {"transfer_limit": 0}}, Refusal.TRANSFER_LIMIT),
        ({"rules": {"waiting_blocks": 10}, "rested": 10}, None),
        ({"rules": {"waiting_blocks": 10}, "rested": 9}, Refusal.WAITING_TIME),
        ({"rules": None}, Refusal.UNKNOWN_TYPE),
    ],
)
def test_the_types_own_rules_bind_transfers(past: Any, expected: Refusal | None) -> None:
    assert refusal(transfer(**past)) is expected


def test_transfers_of_unknown_types_are_signed_only_where_the_operator_says_so() -> None:
    assert refusal(transfer(rules=None), Policy(sign_unknown_types=True)) is None


def test_an_issuer_has_limits_of_its_own() -> None:
    text = f"""
    [limits]
    certificates_a_day = 5
    hours = "08:00-18:00"
    [issuers."{ISSUER.hex()}"]
    name = "University"
    certificates_a_day = 50
    value_a_day = "12.5"
    """

    policy = parse_policy(text.encode())

    assert policy.limits_of(ISSUER).certificates_a_day == 50
    assert policy.limits_of(ISSUER).hours == (480, 1080)
    assert policy.limits_of(ISSUER).value_a_day == 1_250_000_000
    assert policy.limits_of(bytes(33)).certificates_a_day == 5


def test_an_empty_file_is_the_default_policy() -> None:
    assert parse_policy(b"") == Policy()


@pytest.mark.parametrize(
    "text",
    [
        "[limits]\ncertificates_a_dya = 1",
        "[limit]\n",
        "[limits]\ncertificates_a_day = -1",
        "[limits]\ncertificates_a_day = 1.5",
        "[limits]\ncertificates_a_day = true",
        "[limits]\nvalue_a_day = 1.5",
        '[limits]\nvalue_a_day = "much"',
        '[limits]\nhours = "18:00-08:00"',
        '[limits]\nhours = "8-18"',
        '[limits]\ndays = ["monday"]',
        "[limits]\ndays = 5",
        '[limits]\nactions = ["permit"]',
        '[limits]\npaused = "no"',
        '[issuers."02ab"]\n',
        "issuers = 3",
        "[permits]\napprovals = -1",
        "[service]\nrequests_a_minute = 0",
        '[service]\nutc_offset = "CET"',
        "not toml",
        "\xff\x00",
    ],
)
def test_a_policy_with_a_mistake_is_no_policy(text: str) -> None:
    with pytest.raises(CosignerError) as error:
        parse_policy(text.encode("latin-1"))

    assert error.value.refusal is Refusal.BAD_POLICY
