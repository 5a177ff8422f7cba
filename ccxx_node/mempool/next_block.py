"""What would hold for a transaction if it were in the block that comes next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ccxx_core.transaction import OutPoint, Transaction
from ccxx_node.consensus import flags
from ccxx_node.consensus.coins import Coin, CoinView
from ccxx_node.consensus.header import ChainEntry
from ccxx_node.consensus.params import ConsensusParams
from ccxx_node.consensus.transaction import check_inputs, is_final, sequence_locks, sigop_cost


class ScriptMemory(Protocol):
    """Who spares a block the scripts that were found valid before."""

    def remember_scripts(self, tx: Transaction, parent: ChainEntry) -> None:
        """Note that scripts valid under the standard flags hold in the block after ``parent``."""


class BlockAfter:
    """The rules and coins that a block after `tip` would meet.

    Lock times are always compared with the median time past (BIP 68, 113): on networks where that
    is not yet a rule it is policy.
    """

    def __init__(
        self,
        tip: ChainEntry,
        coins: CoinView,
        params: ConsensusParams,
        memory: ScriptMemory | None = None,
    ) -> None:
        self._tip = tip
        self._coins = coins
        self._params = params
        self._memory = memory

    @property
    def height(self) -> int:
        """The height of the block that would come next."""
        return self._tip.height + 1

    def get_coin(self, outpoint: OutPoint) -> Coin | None:
        """Return an unspent coin of the chain."""
        return self._coins.get_coin(outpoint)

    def is_final(self, tx: Transaction) -> bool:
        """Tell whether the lock time lets the transaction in."""
        return is_final(tx, self.height, self._tip.median_time_past)

    def is_sequence_final(self, tx: Transaction, heights: Sequence[int]) -> bool:
        """Tell whether relative locks do, given the heights of the coins spent."""
        last_height, last_time = sequence_locks(tx, heights, self._median_time_at)
        return last_height < self.height and last_time < self._tip.median_time_past

    def check_inputs(self, tx: Transaction, coins: Sequence[Coin]) -> int:
        """Check values and maturity; return the fee in satoshis."""
        return check_inputs(tx, coins, self.height, self._params.coinbase_maturity(self.height))

    def sigop_cost(self, tx: Transaction, coins: Sequence[Coin]) -> int:
        """Return the cost of the signature operations under the rules of today."""
        return sigop_cost(tx, coins, flags.STANDARD)

    def remember_scripts(self, tx: Transaction) -> None:
        """Note that the scripts of a transaction have been found valid."""
        if self._memory is not None:
            self._memory.remember_scripts(tx, self._tip)

    def _median_time_at(self, height: int) -> int:
        entry = self._tip.ancestor(height)
        if entry is None:
            raise ValueError(f"no block at height {height} below {self._tip.height}")
        return entry.median_time_past
