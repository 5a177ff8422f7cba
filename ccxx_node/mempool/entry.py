"""What the pool keeps about a transaction, and what a family of them weighs together."""

from __future__ import annotations

from dataclasses import dataclass

from ccxx_core.hashes import Txid
from ccxx_core.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Entry:
    """One transaction and what it cost to find out about it; sizes are virtual bytes."""

    tx: Transaction
    fee: int
    size: int
    sigop_cost: int
    time: int
    height: int
    spends_coinbase: bool
    fee_delta: int = 0

    @property
    def txid(self) -> Txid:
        """The transaction's id."""
        return self.tx.txid

    @property
    def modified_fee(self) -> int:
        """The fee as `prioritisetransaction` wants it to count."""
        return self.fee + self.fee_delta

    @property
    def usage(self) -> int:
        """An estimate of the memory that the entry takes, for `-maxmempool`."""
        tx = self.tx
        return 640 + tx.size + 168 * len(tx.inputs) + 64 * len(tx.outputs)


@dataclass(frozen=True, slots=True)
class Package:
    """A transaction together with all its ancestors or descendants in the pool."""

    count: int
    size: int
    fees: int
