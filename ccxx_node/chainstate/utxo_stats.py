"""Numbers about all unspent coins, with the hash that the reference calls ``hash_serialized_2``.

Two nodes whose hashes agree have the same coins of the same amounts behind the same scripts at the
same tip.
"""

from dataclasses import dataclass
from hashlib import sha256

from ccxx_core.encoding import encode_bytes
from ccxx_core.hashes import BlockHash
from ccxx_core.transaction import OutPoint
from ccxx_node.consensus.coins import Coin

# txid 32, position 4, height and coinbase 4, amount 8, script length 2 bytes.
_BOGO_FIXED = 50
# Where the reference means to hash height and coinbase flag, it hashes whether they are zero: the
# precedence of an operator. Only the genesis block's coin would give 0, and it is never a coin.
_HEIGHT_AND_COINBASE = b"\1"
_END_OF_TRANSACTION = b"\0"


@dataclass(frozen=True, slots=True)
class UtxoStats:
    """The coins after ``best_block``; ``transactions`` have a coin left, amounts are satoshis."""

    height: int
    best_block: BlockHash
    transactions: int
    txouts: int
    bogosize: int
    hash_serialized_2: bytes
    disk_size: int
    total_amount: int


class UtxoCounter:
    """Counts and hashes coins that come by txid (as bytes) and, within one, by position."""

    def __init__(self, best_block: BlockHash, height: int) -> None:
        self._best_block = best_block
        self._height = height
        self._hasher = sha256(best_block)
        self._transactions = self._txouts = self._bogosize = self._total = 0
        self._last_txid = b""

    def add(self, outpoint: OutPoint, coin: Coin) -> None:
        """Count the next coin."""
        txid, vout = outpoint
        if txid != self._last_txid:
            self._end_transaction()
            self._hasher.update(txid + _HEIGHT_AND_COINBASE)
            self._last_txid = txid
            self._transactions += 1
        script = encode_bytes(coin.script_pubkey)
        self._hasher.update(encode_varint(vout + 1) + script + encode_varint(coin.value))
        self._txouts += 1
        self._bogosize += _BOGO_FIXED + len(coin.script_pubkey)
        self._total += coin.value

    def finish(self, disk_size: int) -> UtxoStats:
        """Give the numbers of all coins that were counted."""
        self._end_transaction()
        return UtxoStats(
            self._height,
            self._best_block,
            self._transactions,
            self._txouts,
            self._bogosize,
            sha256(self._hasher.digest()).digest(),
            disk_size,
            self._total,
        )

    def _end_transaction(self) -> None:
        if self._last_txid:
            self._hasher.update(_END_OF_TRANSACTION)


def encode_varint(value: int) -> bytes:
    """Write the reference's database integer: base 128, high digits first, no value twice."""
    digits = [value & 0x7F]
    while value > 0x7F:
        value = (value >> 7) - 1
        digits.append(value & 0x7F | 0x80)
    return bytes(reversed(digits))
