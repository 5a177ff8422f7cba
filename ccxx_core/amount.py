"""Amounts: satoshis inside, decimal text at the edge."""

import re
from decimal import Decimal

from ccxx_core.errors import DecodeError

COIN = 100_000_000
MAX_MONEY = 21_000_000 * COIN
# Short enough that Decimal neither rounds nor overflows; exponents because JSON numbers have them.
_NUMBER = re.compile(r"[+-]?[0-9]{1,12}(\.[0-9]{1,15})?([eE][+-]?[0-9]{1,2})?", re.ASCII)


def parse_amount(text: str) -> int:
    """Read a decimal amount of coins ("0.001") as satoshis.

    Raises DecodeError for anything that is not a plain number from 0 to 21,000,000 with at most
    eight decimals.
    """
    if not _NUMBER.fullmatch(text):
        raise DecodeError(f"{text[:80]!r} is not an amount, write for example 0.001")
    satoshis = Decimal(text) * COIN
    if not 0 <= satoshis <= MAX_MONEY:
        raise DecodeError(f"amount {text} is outside 0 to 21000000")
    if satoshis != int(satoshis):
        raise DecodeError(f"amount {text} has more than 8 decimals")
    return int(satoshis)


def format_amount(satoshis: int) -> str:
    """Print satoshis as coins with eight decimals ("0.00100000")."""
    sign = "-" if satoshis < 0 else ""
    coins, rest = divmod(abs(satoshis), COIN)
    return f"{sign}{coins}.{rest:08d}"
