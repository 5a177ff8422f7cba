"""Bloom filters that light clients load into a connection (BIP 37), and blocks sifted by them."""

from collections.abc import Iterator

from mmh3 import hash as murmur3

from ccxx_core.block import Block
from ccxx_core.errors import DecodeError
from ccxx_core.merkle_block import MerkleBlock, make_proof
from ccxx_core.script import ScriptKind, read_ops, solve_script
from ccxx_core.transaction import OutPoint, Transaction, TxOutput
from ccxx_node.p2p.messages.filters import FilterLoad

MAX_FILTER_SIZE = 36_000
MAX_HASH_FUNCTIONS = 50
MAX_ELEMENT_SIZE = 520

UPDATE_ALL = 1
UPDATE_PUBKEY_ONLY = 2
_UPDATE_MASK = 3
# BIP 37: keeps the seeds of the hash functions far from each other.
_SEED_STEP = 0xFBA4C795


class BloomFilter:
    """A filter: "maybe in it" or "surely not" about any bytes; outpoints add themselves to it."""

    def __init__(self, message: FilterLoad) -> None:
        """Take a filter from a peer; raises DecodeError if it is over the limits of BIP 37."""
        size, functions = len(message.data), message.hash_functions
        if size > MAX_FILTER_SIZE or functions > MAX_HASH_FUNCTIONS:
            raise DecodeError(f"filter of {size} bytes and {functions} hash functions")
        self._bits = bytearray(message.data)
        self._seeds = [
            (number * _SEED_STEP + message.tweak) & 0xFFFFFFFF for number in range(functions)
        ]
        self._update = message.flags & _UPDATE_MASK
        # Nothing to look up in these; a filter of no bytes is full, like one of no zeros.
        self._is_full = message.data.count(0xFF) == size
        self._is_empty = message.data.count(0) == size and not self._is_full

    def add(self, element: bytes) -> None:
        """Put an element in; raises DecodeError if it is longer than any script element."""
        if len(element) > MAX_ELEMENT_SIZE:
            raise DecodeError(f"filter element of {len(element)} bytes, at most {MAX_ELEMENT_SIZE}")
        if self._is_full:
            return
        for bit in self._bits_of(element):
            self._bits[bit >> 3] |= 1 << (bit & 7)
        self._is_empty = False

    def contains(self, element: bytes) -> bool:
        """Whether an element may be in the filter."""
        if self._is_full or self._is_empty:
            return self._is_full
        bits = self._bits
        return all(bits[bit >> 3] >> (bit & 7) & 1 for bit in self._bits_of(element))

    def matches(self, tx: Transaction) -> bool:
        """Whether a transaction may be of interest; what it pays into the filter is put in.

        So the filter finds later what spends those outputs, if its owner asked for that.
        """
        if self._is_full or self._is_empty:
            return self._is_full
        is_found = self.contains(tx.txid)
        for vout, output in enumerate(tx.outputs):
            if self._matches_script(output.script_pubkey):
                is_found = True
                if self._keeps(output):
                    self.add(OutPoint(tx.txid, vout).encode())
        return is_found or any(
            self.contains(tx_input.prevout.encode()) or self._matches_script(tx_input.script_sig)
            for tx_input in tx.inputs
        )

    def _bits_of(self, element: bytes) -> Iterator[int]:
        size = len(self._bits) * 8
        return (murmur3(element, seed, False) % size for seed in self._seeds)

    def _matches_script(self, script: bytes) -> bool:
        try:
            return any(data and self.contains(data) for _, data, _ in read_ops(script))
        except DecodeError:
            # What stands in front of a broken push was looked at.
            return False

    def _keeps(self, output: TxOutput) -> bool:
        if self._update == UPDATE_PUBKEY_ONLY:
            kind = solve_script(output.script_pubkey).kind
            return kind in (ScriptKind.PUBKEY, ScriptKind.MULTISIG)
        return self._update == UPDATE_ALL


def sift_block(block: Block, bloom: BloomFilter) -> tuple[MerkleBlock, list[Transaction]]:
    """Give the transactions of a block that match, in its order, and the proof that they are."""
    found = [tx for tx in block.transactions if bloom.matches(tx)]
    txids = [tx.txid for tx in block.transactions]
    return make_proof(block.header, txids, {tx.txid for tx in found}), found
