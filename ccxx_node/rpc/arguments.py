"""Reading parameters: the family's types, ranges and complaints."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from ccxx_core.amount import parse_amount
from ccxx_core.block import Block, decode_block
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import BlockHash, Txid
from ccxx_core.transaction import Transaction
from ccxx_node.consensus.params import MAX_BLOCK_WEIGHT
from ccxx_node.rpc.errors import Code, RpcFault, misuse
from ccxx_node.rpc.wire import Json

_DECIMALS = 8
# What has more is in no chain, and reading it would hold up others.
_MOST_DIGITS = 2 * MAX_BLOCK_WEIGHT
_HEX = frozenset("0123456789abcdefABCDEF")


def as_text(value: Json) -> str:
    """Return a string."""
    if not isinstance(value, str):
        raise RpcFault(Code.MISC_ERROR, "JSON value is not a string as expected")
    return value


def as_integer(value: Json) -> int:
    """Return a whole number; what has a point or more than 64 bits comes as `Decimal`."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise RpcFault(Code.MISC_ERROR, "JSON value is not an integer as expected")
    if isinstance(value, Decimal) or not -(1 << 63) <= value < 1 << 63:
        raise RpcFault(Code.MISC_ERROR, "JSON integer out of range")
    return value


def as_number(value: Json) -> int | Decimal:
    """Return a number of any kind."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise RpcFault(Code.MISC_ERROR, "JSON value is not a number as expected")
    return value


def as_flag(value: Json, default: bool) -> bool:
    """Return a boolean, or the default where none was given."""
    if value is None:
        return default
    if not isinstance(value, bool):
        raise RpcFault(Code.MISC_ERROR, "JSON value is not a boolean as expected")
    return value


def as_level(value: Json, default: int) -> int:
    """Return how much is asked for: a number, or a boolean for 0 and 1."""
    if value is None:
        return default
    if isinstance(value, int) and not isinstance(value, bool):
        return as_integer(value)
    return int(as_flag(value, False))


def as_list(value: Json) -> Sequence[Json]:
    """Return an array."""
    if not isinstance(value, list):
        raise RpcFault(Code.MISC_ERROR, "JSON value is not an array as expected")
    return value


def as_object(value: Json) -> dict[str, Json]:
    """Return an object."""
    if not isinstance(value, dict):
        raise RpcFault(Code.MISC_ERROR, "JSON value is not an object as expected")
    return value


def as_amount(value: Json) -> int:
    """Return an amount of coins, given as a number or as text, in satoshis."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise RpcFault(Code.TYPE_ERROR, "Amount is not a number or string")
    text = str(value)
    try:
        return parse_amount(text)
    except DecodeError:
        try:
            number = Decimal(text)
        except ArithmeticError:
            raise RpcFault(Code.TYPE_ERROR, "Invalid amount") from None
        exponent = number.as_tuple().exponent
        is_exact = isinstance(exponent, int) and exponent >= -_DECIMALS
        message = "Amount out of range" if is_exact else "Invalid amount"
        raise RpcFault(Code.TYPE_ERROR, message) from None


def _is_hex(text: str) -> bool:
    return bool(text) and len(text) % 2 == 0 and _HEX.issuperset(text)


def as_hash(value: Json, name: str) -> bytes:
    """Return 32 bytes in internal order from an id as it is printed."""
    text = value if isinstance(value, str) else ""
    if not _is_hex(text):
        raise misuse(f"{name} must be hexadecimal string (not '{text}')")
    if len(text) != 64:
        raise misuse(f"{name} must be of length 64 (not {len(text)}, for '{text}')")
    return bytes.fromhex(text)[::-1]


def as_loose_hash(value: Json, name: str) -> bytes:
    """Return 32 bytes from hex of any length: a few methods of the family are not strict here."""
    text = as_text(value)
    if not _is_hex(text):
        raise RpcFault(Code.MISC_ERROR, f"{name} must be hexadecimal string (not '{text}')")
    return bytes.fromhex(text[-64:].rjust(64, "0"))[::-1]


def as_txid(value: Json, name: str = "parameter 1") -> Txid:
    """Return a transaction id."""
    return Txid(as_hash(value, name))


def as_block_hash(value: Json) -> BlockHash:
    """Return a block hash; what is none is a hash that no block has, as in the reference."""
    text = as_text(value).lower().removeprefix("0x")
    digits = text[: next((i for i, c in enumerate(text) if c not in _HEX), len(text))]
    return BlockHash(bytes.fromhex(digits[-64:].rjust(64, "0"))[::-1])


def as_bytes(value: Json, name: str) -> bytes:
    """Return bytes from hex, no more than a block has."""
    text = value if isinstance(value, str) else ""
    if len(text) > _MOST_DIGITS:
        raise misuse(f"{name} is longer than a block")
    if not _is_hex(text):
        raise misuse(f"{name} must be hexadecimal string (not '{text}')")
    return bytes.fromhex(text)


def as_minable_transaction(value: Json) -> Transaction:
    """Return a transaction that a block can hold: for methods that look at each of its parts."""
    tx = as_transaction(value)
    if tx.weight > MAX_BLOCK_WEIGHT:
        raise RpcFault(Code.DESERIALIZATION_ERROR, "TX decode failed")
    return tx


def as_transaction(value: Json) -> Transaction:
    """Return a transaction from hex, with or without witness, no longer than a block."""
    text = as_text(value)
    if len(text) > _MOST_DIGITS or not _HEX.issuperset(text) or len(text) % 2:
        raise RpcFault(Code.DESERIALIZATION_ERROR, "TX decode failed")
    try:
        return Transaction.decode(bytes.fromhex(text))
    except DecodeError:
        raise RpcFault(Code.DESERIALIZATION_ERROR, "TX decode failed") from None


def as_block(value: Json) -> Block:
    """Return a block from hex; bytes behind it are ignored, as the reference does."""
    text = as_text(value)
    try:
        if not _HEX.issuperset(text) or len(text) % 2:
            raise DecodeError("not hexadecimal")
        return decode_block(bytes.fromhex(text), 0)[0]
    except DecodeError:
        raise RpcFault(Code.DESERIALIZATION_ERROR, "Block decode failed") from None
