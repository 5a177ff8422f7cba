"""The door into the pool: every check that a loose transaction passes, in the family's order."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ccxx_core.hashes import Txid, format_hash
from ccxx_core.transaction import OutPoint, Transaction
from ccxx_node.consensus import flags
from ccxx_node.consensus.coins import Coin, get_coins
from ccxx_node.consensus.errors import ConsensusError
from ccxx_node.consensus.sigcheck import check_scripts
from ccxx_node.consensus.transaction import check_transaction
from ccxx_node.mempool.entry import Entry
from ccxx_node.mempool.errors import PolicyError, PolicyReject
from ccxx_node.mempool.policy import (
    MAX_STANDARD_SIGOP_COST,
    Policy,
    check_base_size,
    check_standard,
    check_standard_inputs,
    check_standard_witness,
    fee_for,
    virtual_size,
)
from ccxx_node.mempool.pool import MEMPOOL_HEIGHT, Mempool, Removal, UnconfirmedView
from ccxx_node.mempool.replacement import check_replacement, find_conflicts

_log = logging.getLogger("ccxx.mempoolrej")


class NextBlock(Protocol):
    """All that the pool asks of the chain: its coins, and what would hold in the next block."""

    @property
    def height(self) -> int:
        """The height of the block that would come next."""

    def get_coin(self, outpoint: OutPoint) -> Coin | None:
        """Return an unspent coin of the chain."""

    def is_final(self, tx: Transaction) -> bool:
        """Tell whether the lock time lets the transaction into the next block (BIP 113)."""

    def is_sequence_final(self, tx: Transaction, heights: Sequence[int]) -> bool:
        """Tell whether relative locks do, given the heights of the coins spent (BIP 68)."""

    def check_inputs(self, tx: Transaction, coins: Sequence[Coin]) -> int:
        """Check values and maturity; return the fee in satoshis."""

    def sigop_cost(self, tx: Transaction, coins: Sequence[Coin]) -> int:
        """Return the cost of the signature operations (BIP 141)."""

    def remember_scripts(self, tx: Transaction) -> None:
        """Note that the scripts hold under the standard flags: a block need not run them again."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How one submission is judged: `max_fee` in satoshis, 0 for none; `now` is unix time.

    With `bypasses_limits`, as for transactions of a disconnected block, fees do not matter.
    """

    now: int
    max_fee: int = 0
    bypasses_limits: bool = False


class Acceptor:
    """Judges transactions and puts them into a pool."""

    def __init__(self, pool: Mempool, policy: Policy) -> None:
        self.pool = pool
        self.policy = policy

    def test(self, tx: Transaction, chain: NextBlock, terms: Terms) -> Entry:
        """Return the entry that the transaction would have; nothing changes.

        Raises `ConsensusError` if it breaks a rule, `PolicyError` if we do not want it.
        """
        return self._judge(tx, chain, terms)[0]

    def accept(self, tx: Transaction, chain: NextBlock, terms: Terms) -> Entry:
        """Take a transaction in, in place of those that it replaces; raises as `test` does."""
        try:
            return self._take_in(tx, chain, terms)
        except (ConsensusError, PolicyError) as error:
            if _log.isEnabledFor(logging.DEBUG):
                _log.debug("transaction refused txid=%s reason=%s", format_hash(tx.txid), error)
            raise

    def _take_in(self, tx: Transaction, chain: NextBlock, terms: Terms) -> Entry:
        entry, replaced = self._judge(tx, chain, terms)
        chain.remember_scripts(tx)
        self.pool.remove(replaced, Removal.REPLACED)
        self.pool.add(entry)
        if not terms.bypasses_limits:
            self.limit_size(terms.now)
            if tx.txid not in self.pool:
                raise PolicyError(PolicyReject.MEMPOOL_FULL)
        return entry

    def limit_size(self, now: int) -> None:
        """Let old and badly paying transactions go, so that the pool keeps its bounds."""
        policy = self.policy
        self.pool.expire(now - policy.expiry_seconds)
        self.pool.trim(policy.max_bytes, policy.incremental_fee, now)

    def min_fee(self, now: int) -> int:
        """Return the fee rate below which nothing gets in now, 0 while there is room."""
        pool, policy = self.pool, self.policy
        return pool.rolling_fee.current(pool.usage, policy.max_bytes, policy.incremental_fee, now)

    def _judge(self, tx: Transaction, chain: NextBlock, terms: Terms) -> tuple[Entry, set[Txid]]:
        self._check_alone(tx, chain)
        conflicts = find_conflicts(tx, self.pool, self.policy)
        coins = self._find_coins(tx, chain)
        entry = self._make_entry(tx, coins, chain, terms.now)
        self._check_fee(entry, terms)
        ancestors = self.pool.check_limits(tx, entry.size, self.policy.limits)
        replaced: set[Txid] = set()
        if conflicts:
            replaced = check_replacement(entry, conflicts, ancestors, self.pool, self.policy)
        check_scripts(tx, coins, flags.STANDARD)
        return entry, replaced

    def _check_alone(self, tx: Transaction, chain: NextBlock) -> None:
        check_transaction(tx)
        if tx.is_coinbase:
            raise PolicyError(PolicyReject.COINBASE)
        if self.policy.require_standard:
            check_standard(tx, self.policy)
        check_base_size(tx)
        if not chain.is_final(tx):
            raise PolicyError(PolicyReject.NON_FINAL)
        if tx.txid in self.pool:
            raise PolicyError(PolicyReject.ALREADY_IN_MEMPOOL)

    def _find_coins(self, tx: Transaction, chain: NextBlock) -> list[Coin]:
        coins = get_coins(tx, UnconfirmedView(chain, self.pool))
        if coins is not None:
            return coins
        own = (OutPoint(tx.txid, vout) for vout in range(len(tx.outputs)))
        if any(chain.get_coin(outpoint) is not None for outpoint in own):
            raise PolicyError(PolicyReject.ALREADY_KNOWN)
        raise PolicyError(PolicyReject.MISSING_INPUTS)

    def _make_entry(
        self, tx: Transaction, coins: Sequence[Coin], chain: NextBlock, now: int
    ) -> Entry:
        # A coin of the pool will be in the next block at the earliest.
        heights = [chain.height if c.height == MEMPOOL_HEIGHT else c.height for c in coins]
        if not chain.is_sequence_final(tx, heights):
            raise PolicyError(PolicyReject.NON_BIP68_FINAL)
        fee = chain.check_inputs(tx, coins)
        self._check_standard_spending(tx, coins)
        sigop_cost = chain.sigop_cost(tx, coins)
        return Entry(
            tx=tx,
            fee=fee,
            size=virtual_size(tx.weight, sigop_cost, self.policy.bytes_per_sigop),
            sigop_cost=sigop_cost,
            time=now,
            height=chain.height - 1,
            spends_coinbase=any(coin.is_coinbase for coin in coins),
            fee_delta=self.pool.deltas.get(tx.txid, 0),
        )

    def _check_standard_spending(self, tx: Transaction, coins: Sequence[Coin]) -> None:
        if not self.policy.require_standard:
            return
        scripts = [coin.script_pubkey for coin in coins]
        check_standard_inputs(tx, scripts)
        if tx.has_witness:
            check_standard_witness(tx, scripts)

    def _check_fee(self, entry: Entry, terms: Terms) -> None:
        if entry.sigop_cost > MAX_STANDARD_SIGOP_COST:
            raise PolicyError(PolicyReject.TOO_MANY_SIGOPS, str(entry.sigop_cost))
        paid = entry.modified_fee
        if not terms.bypasses_limits:
            floor = fee_for(self.min_fee(terms.now), entry.size)
            if floor > 0 and paid < floor:
                raise PolicyError(PolicyReject.MIN_FEE_NOT_MET, f"{paid} < {floor}")
            least = fee_for(self.policy.min_relay_fee, entry.size)
            if paid < least:
                raise PolicyError(PolicyReject.RELAY_FEE_NOT_MET, f"{paid} < {least}")
        if terms.max_fee and entry.fee > terms.max_fee:
            raise PolicyError(PolicyReject.ABSURD_FEE, f"{entry.fee} > {terms.max_fee}")
