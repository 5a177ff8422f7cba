"""How coins, and what a block spent, stand on the disk."""

from struct import Struct
from struct import error as StructError

from ccxx_core.encoding import encode_compact_size, read_compact_size, read_slice
from ccxx_core.errors import DecodeError
from ccxx_node.consensus.coins import BlockUndo, Coin

# Satoshis, then height * 2 + 1 for a coinbase; the script follows to the end.
_COIN = Struct("<qI")
# The same, and the script's length.
_UNDO_COIN = Struct("<qII")


def encode_coin(coin: Coin) -> bytes:
    """Write a coin: 12 bytes and its script."""
    value, script, height, is_coinbase = coin
    return _COIN.pack(value, height << 1 | is_coinbase) + script


def decode_coin(data: bytes) -> Coin:
    """Read a coin; raises DecodeError if it is shorter than its fixed part."""
    if len(data) < _COIN.size:
        raise DecodeError(f"coin of {len(data)} bytes, need {_COIN.size} or more")
    value, code = _COIN.unpack_from(data)
    return Coin(value, data[_COIN.size :], code >> 1, bool(code & 1))


def encode_undo(undo: BlockUndo) -> bytes:
    """Write what a block spent: for each transaction the number of coins, then the coins."""
    parts = [encode_compact_size(len(undo.spent))]
    for coins in undo.spent:
        parts.append(encode_compact_size(len(coins)))
        for value, script, height, is_coinbase in coins:
            parts.append(_UNDO_COIN.pack(value, height << 1 | is_coinbase, len(script)))
            parts.append(script)
    return b"".join(parts)


def decode_undo(data: bytes) -> BlockUndo:
    """Read what a block spent; raises DecodeError, also for bytes left over."""
    count, offset = read_compact_size(data, 0)
    spent = []
    for _ in range(count):
        coins, offset = _decode_coins(data, offset)
        spent.append(coins)
    if offset != len(data):
        raise DecodeError(f"{len(data) - offset} bytes behind the undo data")
    return BlockUndo(tuple(spent))


def _decode_coins(data: bytes, offset: int) -> tuple[tuple[Coin, ...], int]:
    count, offset = read_compact_size(data, offset)
    coins = []
    for _ in range(count):
        try:
            value, code, length = _UNDO_COIN.unpack_from(data, offset)
        except StructError:
            raise DecodeError("undo data is truncated") from None
        script, offset = read_slice(data, offset + _UNDO_COIN.size, length)
        coins.append(Coin(value, script, code >> 1, bool(code & 1)))
    return tuple(coins), offset
