"""Coins, and what a block does to them: apply, and undo of exactly that."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from ccxx_core.block import Block
from ccxx_core.script import is_unspendable
from ccxx_core.transaction import OutPoint, Transaction


class Coin(NamedTuple):
    """An unspent output: satoshis, script, the height of its block, and whether it was mined."""

    value: int
    script_pubkey: bytes
    height: int
    is_coinbase: bool


class CoinView(Protocol):
    """All that consensus asks of a set of coins."""

    def get_coin(self, outpoint: OutPoint) -> Coin | None:
        """Give the coin, or None if there is none or it is spent."""


@dataclass(frozen=True, slots=True)
class BlockUndo:
    """What a block spent: the coins of each transaction's inputs in order, without the coinbase."""

    spent: tuple[tuple[Coin, ...], ...]


class CoinChanges:
    """A view with changes on top of another view that stays as it is.

    ``changes`` holds every outpoint touched: its new coin, or None where it is spent. Whoever owns
    the view below writes them there, or throws this object away.
    """

    __slots__ = ("_below", "changes")

    def __init__(self, below: CoinView) -> None:
        self._below = below
        self.changes: dict[OutPoint, Coin | None] = {}

    def get_coin(self, outpoint: OutPoint) -> Coin | None:
        """Give the coin as it is after the changes."""
        if outpoint in self.changes:
            return self.changes[outpoint]
        return self._below.get_coin(outpoint)


def get_coins(tx: Transaction, view: CoinView) -> list[Coin] | None:
    """Give the coins of all inputs in order, or None if one is missing or spent."""
    found = []
    for tx_input in tx.inputs:
        coin = view.get_coin(tx_input.prevout)
        if coin is None:
            return None
        found.append(coin)
    return found


def apply_transaction(tx: Transaction, height: int, coins: CoinChanges) -> None:
    """Spend the inputs (unless it is a coinbase) and add the spendable outputs."""
    changes = coins.changes
    is_coinbase = tx.is_coinbase
    if not is_coinbase:
        for tx_input in tx.inputs:
            changes[tx_input.prevout] = None
    txid = tx.txid
    # A block makes thousands of both: past their own constructors they take half the time.
    make = tuple.__new__
    for position, (value, script) in enumerate(tx.outputs):
        if not is_unspendable(script):
            coin = make(Coin, (value, script, height, is_coinbase))
            changes[make(OutPoint, (txid, position))] = coin


def apply_block(block: Block, height: int, coins: CoinChanges) -> BlockUndo:
    """Apply a block whose rules are known to hold; every input must have its coin.

    Raises KeyError with the outpoint if a coin is missing: our own state is then inconsistent.
    """
    spent = []
    for tx in block.transactions:
        if not tx.is_coinbase:
            spent.append(tuple(_take(coins, (i.prevout for i in tx.inputs))))
        apply_transaction(tx, height, coins)
    return BlockUndo(tuple(spent))


def undo_block(block: Block, undo: BlockUndo, coins: CoinChanges) -> None:
    """Take a block back: remove what it made, restore what it spent, last transaction first."""
    changes = coins.changes
    restored = [(), *undo.spent]
    for tx, spent in zip(reversed(block.transactions), reversed(restored), strict=True):
        txid = tx.txid
        for position, output in enumerate(tx.outputs):
            if not is_unspendable(output.script_pubkey):
                changes[OutPoint(txid, position)] = None
        if not tx.is_coinbase:
            for tx_input, coin in zip(tx.inputs, spent, strict=True):
                changes[tx_input.prevout] = coin


def _take(coins: CoinChanges, outpoints: Iterable[OutPoint]) -> Iterable[Coin]:
    for outpoint in outpoints:
        coin = coins.get_coin(outpoint)
        if coin is None:
            raise KeyError(outpoint)
        yield coin
