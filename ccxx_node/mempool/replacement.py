"""Replacement of unconfirmed transactions (BIP 125), where the operator has switched it on."""

from __future__ import annotations

from ccxx_core.amount import COIN, format_amount
from ccxx_core.hashes import Txid, format_hash
from ccxx_core.transaction import Transaction
from ccxx_node.mempool.entry import Entry
from ccxx_node.mempool.errors import PolicyError, PolicyReject
from ccxx_node.mempool.policy import Policy, fee_for
from ccxx_node.mempool.pool import Mempool

MAX_REPLACEABLE_SEQUENCE = 0xFFFFFFFD
_MAX_REPLACED = 100


def signals_replacement(tx: Transaction) -> bool:
    """Tell whether any input says that the transaction may be replaced."""
    return any(tx_input.sequence <= MAX_REPLACEABLE_SEQUENCE for tx_input in tx.inputs)


def find_conflicts(tx: Transaction, pool: Mempool, policy: Policy) -> set[Txid]:
    """Return what spends the same coins, or raise if one of those may not be replaced."""
    conflicts = set()
    for tx_input in tx.inputs:
        txid = pool.spenders.get(tx_input.prevout)
        if txid is None:
            continue
        if not policy.replacement or not signals_replacement(pool.entries[txid].tx):
            raise PolicyError(PolicyReject.MEMPOOL_CONFLICT)
        conflicts.add(txid)
    return conflicts


def check_replacement(
    entry: Entry, conflicts: set[Txid], ancestors: set[Txid], pool: Mempool, policy: Policy
) -> set[Txid]:
    """Return all that leaves the pool for the new entry, or raise if that would not pay."""
    _check_independent(entry.tx, conflicts, ancestors)
    name = format_hash(entry.txid)
    direct = [pool.entries[txid] for txid in sorted(conflicts)]
    for old in direct:
        _check_rate(entry, old)
    count = sum(pool.descendant_package(old.txid).count for old in direct)
    if count > _MAX_REPLACED:
        # The line break is the reference's; clients compare the whole text.
        raise PolicyError(
            PolicyReject.TOO_MANY_REPLACEMENTS,
            f"rejecting replacement {name}; too many potential replacements"
            f" ({count} > {_MAX_REPLACED})\n",
        )
    _check_no_new_unconfirmed(entry.tx, direct, pool)
    replaced = pool.descendants_of(conflicts)
    old_fees = sum(pool.entries[txid].modified_fee for txid in replaced)
    if entry.modified_fee < old_fees:
        raise _insufficient(
            f"rejecting replacement {name}, less fees than conflicting txs;"
            f" {format_money(entry.modified_fee)} < {format_money(old_fees)}"
        )
    extra, wanted = entry.modified_fee - old_fees, fee_for(policy.incremental_fee, entry.size)
    if extra < wanted:
        raise _insufficient(
            f"rejecting replacement {name}, not enough additional fees to relay;"
            f" {format_money(extra)} < {format_money(wanted)}"
        )
    return replaced


def _check_independent(tx: Transaction, conflicts: set[Txid], ancestors: set[Txid]) -> None:
    for txid in sorted(conflicts & ancestors):
        raise PolicyError(
            PolicyReject.SPENDS_CONFLICTING,
            f"{format_hash(tx.txid)} spends conflicting transaction {format_hash(txid)}",
        )


def _check_rate(new: Entry, old: Entry) -> None:
    new_rate = new.modified_fee * 1000 // new.size
    old_rate = old.modified_fee * 1000 // old.size
    if new_rate <= old_rate:
        raise _insufficient(
            f"rejecting replacement {format_hash(new.txid)};"
            f" new feerate {format_amount(new_rate)} CCX/kB"
            f" <= old feerate {format_amount(old_rate)} CCX/kB"
        )


def _check_no_new_unconfirmed(tx: Transaction, direct: list[Entry], pool: Mempool) -> None:
    old_parents = {tx_input.prevout.txid for old in direct for tx_input in old.tx.inputs}
    for position, tx_input in enumerate(tx.inputs):
        parent = tx_input.prevout.txid
        if parent not in old_parents and parent in pool:
            raise PolicyError(
                PolicyReject.REPLACEMENT_ADDS_UNCONFIRMED,
                f"replacement {format_hash(tx.txid)} adds unconfirmed input, idx {position}",
            )


def format_money(satoshis: int) -> str:
    """Print an amount with two decimals or as many more as it needs ("1.00", "0.0002")."""
    coins, rest = divmod(abs(satoshis), COIN)
    decimals = f"{rest:08d}".rstrip("0").ljust(2, "0")
    return f"{'-' if satoshis < 0 else ''}{coins}.{decimals}"


def _insufficient(detail: str) -> PolicyError:
    return PolicyError(PolicyReject.INSUFFICIENT_FEE, detail)
