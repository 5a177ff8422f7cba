"""Keeping the pool in step with the chain: confirmed leaves, disconnected comes back."""

from __future__ import annotations

from collections.abc import Iterable

from ccxx_core.hashes import Txid
from ccxx_core.transaction import OutPoint, Transaction
from ccxx_node.consensus.coins import get_coins
from ccxx_node.consensus.errors import ConsensusError
from ccxx_node.events import BlockConnected, BlockDisconnected, Event
from ccxx_node.mempool.accept import Acceptor, NextBlock, Terms
from ccxx_node.mempool.entry import Entry
from ccxx_node.mempool.errors import PolicyError
from ccxx_node.mempool.pool import MEMPOOL_HEIGHT, Mempool, Removal, UnconfirmedView

# Beyond this, transactions of disconnected blocks are given up, the latest first.
_MAX_RETURNED_BYTES = 20_000_000


class PoolFollower:
    """Keeps one pool in step with a chain whose way to its tip may be told in parts."""

    def __init__(self, acceptor: Acceptor) -> None:
        self._acceptor = acceptor
        self._returned = _Returned()

    def follow(self, events: Iterable[Event]) -> None:
        """Take out what was confirmed, and keep what blocks that were taken back had."""
        pool = self._acceptor.pool
        for event in events:
            match event:
                case BlockConnected(block, _):
                    pool.remove_for_block(block.transactions)
                    self._returned.forget(tx.txid for tx in block.transactions)
                case BlockDisconnected(block, _):
                    given_up = self._returned.keep(block.transactions)
                    pool.remove_with_descendants(given_up, Removal.REORGANISATION)

    @property
    def returning(self) -> list[Transaction]:
        """What blocks had that were taken back and nothing else confirmed so far, parents first."""
        return [tx for tx in self._returned.oldest_first() if not tx.is_coinbase]

    def settle(self, chain: NextBlock, now: int) -> list[Txid]:
        """Put back what no other block confirmed; `chain` is the one that stands now.

        Gives the ids of what is in the pool again, parents before children.
        """
        returned, self._returned = self._returned, _Returned()
        if not returned.happened:
            return []
        pool, transactions = self._acceptor.pool, returned.oldest_first()
        for tx in transactions:
            _take_back(self._acceptor, tx, chain, now)
        remove_unminable(pool, chain)
        self._acceptor.limit_size(now)
        return [tx.txid for tx in transactions if tx.txid in pool]


class _Returned:
    """Transactions of disconnected blocks, within a bound of memory."""

    def __init__(self) -> None:
        self._transactions: dict[Txid, Transaction] = {}
        self._size = 0
        self.happened = False

    def keep(self, transactions: Iterable[Transaction]) -> list[Txid]:
        """Keep a block's transactions; return ids of those that were given up instead."""
        self.happened = True
        for tx in reversed(list(transactions)):
            self._transactions[tx.txid] = tx
            self._size += tx.size
        given_up = []
        while self._size > _MAX_RETURNED_BYTES:
            txid = next(iter(self._transactions))
            self._size -= self._transactions.pop(txid).size
            given_up.append(txid)
        return given_up

    def forget(self, txids: Iterable[Txid]) -> None:
        """Let go what another block confirmed."""
        for txid in txids:
            tx = self._transactions.pop(txid, None)
            self._size -= tx.size if tx is not None else 0

    def oldest_first(self) -> list[Transaction]:
        """Return what is left, parents before children."""
        return list(reversed(self._transactions.values()))


def _take_back(acceptor: Acceptor, tx: Transaction, chain: NextBlock, now: int) -> None:
    try:
        acceptor.accept(tx, chain, Terms(now, bypasses_limits=True))
    except (ConsensusError, PolicyError):
        # It is gone for good (a coinbase always is), and so is all that spends it.
        gone = _spenders(acceptor.pool, tx)
        acceptor.pool.remove_with_descendants(gone, Removal.REORGANISATION)


def _spenders(pool: Mempool, tx: Transaction) -> list[Txid]:
    if tx.txid in pool:
        return [tx.txid]
    outputs = (OutPoint(tx.txid, vout) for vout in range(len(tx.outputs)))
    return [pool.spenders[outpoint] for outpoint in outputs if outpoint in pool.spenders]


def remove_unminable(pool: Mempool, chain: NextBlock) -> None:
    """Take out what a new block could no longer have: locked again, immature again, or orphaned."""
    view = UnconfirmedView(chain, pool)
    unminable = [entry.txid for entry in pool if not _is_minable(entry, chain, view)]
    pool.remove_with_descendants(unminable, Removal.REORGANISATION)


def _is_minable(entry: Entry, chain: NextBlock, view: UnconfirmedView) -> bool:
    coins = get_coins(entry.tx, view)
    if coins is None or not chain.is_final(entry.tx):
        return False
    heights = [chain.height if c.height == MEMPOOL_HEIGHT else c.height for c in coins]
    if not chain.is_sequence_final(entry.tx, heights):
        return False
    try:
        chain.check_inputs(entry.tx, coins)
    except ConsensusError:
        return False
    return True
