"""Numbers about all unspent coins, with the hash that the reference calls ``hash_serialized_2``.

Two nodes whose hashes agree have the same coins of the same amounts behind the same scripts at the
same tip.
"""

from collections.abc import Iterable
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


def compute_utxo_stats(
    coins: Iterable[tuple[OutPoint, Coin]], best_block: BlockHash, height: int, disk_size: int
) -> UtxoStats:
    """Count and hash coins that come by txid (as bytes) and, within one, by position."""
    hasher = sha256(best_block)
    transactions = txouts = bogosize = total = 0
    last_txid = b""
    for (txid, vout), coin in coins:
        if txid != last_txid:
            if last_txid:
                hasher.update(_END_OF_TRANSACTION)
            hasher.update(txid + _HEIGHT_AND_COINBASE)
            last_txid = txid
            transactions += 1
        script = encode_bytes(coin.script_pubkey)
        hasher.update(encode_varint(vout + 1) + script + encode_varint(coin.value))
        txouts += 1
        bogosize += _BOGO_FIXED + len(coin.script_pubkey)
        total += coin.value
    if last_txid:
        hasher.update(_END_OF_TRANSACTION)
    digest = sha256(hasher.digest()).digest()
    return UtxoStats(height, best_block, transactions, txouts, bogosize, digest, disk_size, total)


def encode_varint(value: int) -> bytes:
    """Write the reference's database integer: base 128, high digits first, no value twice."""
    digits = [value & 0x7F]
    while value > 0x7F:
        value = (value >> 7) - 1
        digits.append(value & 0x7F | 0x80)
    return bytes(reversed(digits))
