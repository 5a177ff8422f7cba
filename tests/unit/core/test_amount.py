"""Amounts are read exactly or refused."""

import pytest

from ccxx_core.amount import COIN, MAX_MONEY, format_amount, parse_amount
from ccxx_core.errors import DecodeError


@pytest.mark.parametrize(
    ("text", "satoshis"),
    [
        ("0", 0),
        ("0.001", 100_000),
        ("1", COIN),
        ("00.10000000", 10_000_000),
        ("1e-8", 1),
        ("2.1E7", MAX_MONEY),
        ("20999999.99999999", MAX_MONEY - 1),
    ],
)
def test_plain_numbers_become_satoshis(text: str, satoshis: int) -> None:
    assert parse_amount(text) == satoshis


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 1",
        "1_000",
        "1,5",
        "-0.1",
        "21000000.00000001",
        "0.000000001",
        "20999999.999999994",
        "1e999999",
        "1e-999999999",
        "1e99",
        "1e-99",
        "nan",
        "Infinity",
        "0x10",
        "\u0661",
        "9" * 5000,
    ],
)
def test_anything_else_is_no_amount(text: str) -> None:
    with pytest.raises(DecodeError):
        parse_amount(text)


def test_amounts_are_printed_with_eight_decimals() -> None:
    assert format_amount(100_000) == "0.00100000"
    assert format_amount(-1) == "-0.00000001"
    assert format_amount(MAX_MONEY) == "21000000.00000000"
