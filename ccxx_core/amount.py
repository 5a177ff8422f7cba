"""Amounts: satoshis inside, decimal text at the edge."""

from decimal import Decimal, InvalidOperation

from ccxx_core.errors import DecodeError

COIN = 100_000_000
MAX_MONEY = 21_000_000 * COIN


def parse_amount(text: str) -> int:
    """Read a decimal amount of coins ("0.001") as satoshis.

    Raises DecodeError for anything that is not a plain number from 0 to 21,000,000 with at most
    eight decimals.
    """
    try:
        satoshis = Decimal(text) * COIN
    except InvalidOperation:
        raise DecodeError(f"{text!r} is not an amount, write for example 0.001") from None
    if not satoshis.is_finite() or not 0 <= satoshis <= MAX_MONEY:
        raise DecodeError(f"amount {text} is outside 0 to 21000000")
    if satoshis != int(satoshis):
        raise DecodeError(f"amount {text} has more than 8 decimals")
    return int(satoshis)


def format_amount(satoshis: int) -> str:
    """Print satoshis as coins with eight decimals ("0.00100000")."""
    sign = "-" if satoshis < 0 else ""
    coins, rest = divmod(abs(satoshis), COIN)
    return f"{sign}{coins}.{rest:08d}"
