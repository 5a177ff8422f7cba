"""Blocks as short ids (BIP 152): made from a block, and put together from what we have.

A short id is the low 48 bits of SipHash-2-4 over a wtxid (version 1: over a txid), keyed by the
header and a nonce of the sender's, so that nobody can prepare collisions.
"""

from collections.abc import Iterable, Sequence
from operator import attrgetter

from siphash24 import siphash24

from ccxx_core.block import Block, BlockHeader
from ccxx_core.errors import CcxxError, DecodeError
from ccxx_core.hashes import sha256
from ccxx_core.merkle import merkle_root_mutated
from ccxx_core.transaction import Transaction
from ccxx_node.p2p.messages.compact import (
    MAX_POSITION,
    SHORT_ID_SIZE,
    CompactBlock,
    PrefilledTransaction,
)
from ccxx_node.p2p.messages.fields import UINT64


class ShortIdCollision(CcxxError):
    """Two transactions have one short id; nobody's fault, the whole block is to be asked for."""


def short_id_key(header: BlockHeader, nonce: int) -> bytes:
    """Give the 16 bytes of key for the short ids of one compact block."""
    return sha256(header.encode() + UINT64.pack(nonce))[:16]


def short_id(key: bytes, tx_hash: bytes) -> int:
    """Give the short id of a wtxid or txid: 48 bits."""
    digest = siphash24(tx_hash, key=key).digest()
    return int.from_bytes(digest[:SHORT_ID_SIZE], "little")


def make_compact(block: Block, nonce: int, *, by_wtxid: bool = True) -> CompactBlock:
    """Make the compact form with the coinbase sent along; ``by_wtxid`` for version 2.

    The block is not empty. Version 1 wants the message ``without_witness`` too.
    """
    key = short_id_key(block.header, nonce)
    hash_of = attrgetter("wtxid" if by_wtxid else "txid")
    short_ids = [short_id(key, hash_of(tx)) for tx in block.transactions[1:]]
    coinbase = PrefilledTransaction(0, block.transactions[0])
    return CompactBlock(block.header, nonce, tuple(short_ids), (coinbase,))


class PartialBlock:
    """A block on the way to us: what was sent along, what we had, and what is missing still."""

    def __init__(
        self, compact: CompactBlock, pool: Iterable[Transaction], extra: Iterable[Transaction] = ()
    ) -> None:
        """Look for the transactions of a compact block of version 2 in the pool, then in ``extra``.

        Raises DecodeError if the message can be no block, which is the sender's fault, and
        ShortIdCollision.
        """
        self.header = compact.header
        self._transactions = _place_prefilled(compact)
        self._positions = _place_short_ids(compact, self._transactions)
        self._seen: set[int] = set()
        self._found = 0
        key = short_id_key(compact.header, compact.nonce)
        self._look_in(pool, key)
        self._look_in(extra, key)

    @property
    def missing(self) -> tuple[int, ...]:
        """Positions of the transactions that are to be asked for, ascending."""
        return tuple([at for at, tx in enumerate(self._transactions) if tx is None])

    def fill(self, transactions: Sequence[Transaction]) -> Block:
        """Give the block, with these where transactions are missing.

        Raises DecodeError for too few or too many, and ShortIdCollision if they do not have the
        header's Merkle root: one that we took for its short id may have been another.
        """
        missing = len(self.missing)
        if len(transactions) != missing:
            raise DecodeError(f"{len(transactions)} transactions to fill in, need {missing}")
        rest = iter(transactions)
        whole = tuple([next(rest) if tx is None else tx for tx in self._transactions])
        root, is_mutated = merkle_root_mutated([tx.txid for tx in whole])
        if is_mutated or root != self.header.merkle_root:
            raise ShortIdCollision("the transactions do not have the header's merkle root")
        return Block(self.header, whole)

    def _look_in(self, source: Iterable[Transaction], key: bytes) -> None:
        positions = self._positions
        for tx in source:
            # To look on for collisions would cost more than a wrong guess now and then.
            if self._found == len(positions):
                return
            position = positions.get(short_id(key, tx.wtxid))
            if position is not None:
                self._offer(position, tx)

    def _offer(self, position: int, tx: Transaction) -> None:
        present = self._transactions[position]
        if position not in self._seen:
            self._seen.add(position)
            self._transactions[position] = tx
            self._found += 1
        elif present is not None and present.wtxid != tx.wtxid:
            # Two fit: a question for the right one is cheaper than a wrong block.
            self._transactions[position] = None
            self._found -= 1


def _place_prefilled(compact: CompactBlock) -> list[Transaction | None]:
    count = len(compact.short_ids) + len(compact.prefilled)
    if not count or count > MAX_POSITION or not compact.header.bits:
        raise DecodeError(f"compact block of {count} transactions and bits {compact.header.bits}")
    transactions: list[Transaction | None] = [None] * count
    for number, (position, tx) in enumerate(compact.prefilled):
        if position > len(compact.short_ids) + number:
            raise DecodeError(f"transaction sent along for position {position} of {count}")
        if not tx.inputs and not tx.outputs:
            raise DecodeError("transaction sent along is empty")
        transactions[position] = tx
    return transactions


def _place_short_ids(
    compact: CompactBlock, transactions: Sequence[Transaction | None]
) -> dict[int, int]:
    free = [at for at, tx in enumerate(transactions) if tx is None]
    positions = dict(zip(compact.short_ids, free, strict=True))
    if len(positions) != len(free):
        raise ShortIdCollision("two transactions of the block have one short id")
    return positions
