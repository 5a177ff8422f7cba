"""Statistics over blocks and spans of the chain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ccxx_core.block import Block
from ccxx_core.hashes import format_hash
from ccxx_core.transaction import WITNESS_SCALE_FACTOR, Transaction, TxOutput
from ccxx_node.chainstate.block_entry import BlockEntry
from ccxx_node.consensus.coins import Coin
from ccxx_node.consensus.subsidy import block_subsidy
from ccxx_node.rpc.arguments import as_block_hash, as_integer, as_list, as_text
from ccxx_node.rpc.blocks import read_block
from ccxx_node.rpc.errors import misuse, not_found
from ccxx_node.rpc.registry import Registry
from ccxx_node.rpc.services import NodeServices
from ccxx_node.rpc.wire import Json, Real

METHODS = Registry()

_MONTH_SECONDS = 30 * 24 * 3600
_PERCENTILES = (10, 25, 50, 75, 90)
# Outpoint, height and coinbase flag beside each output.
_OVERHEAD_PER_COIN = 36 + 4 + 1


@dataclass(frozen=True, slots=True)
class _Facts:
    """What one transaction adds to a block's statistics; the rate is satoshis per virtual byte."""

    size: int
    weight: int
    fee: int
    total_out: int
    has_witness: bool

    @property
    def rate(self) -> int:
        return self.fee * WITNESS_SCALE_FACTOR // self.weight


@METHODS.method("Blockchain")
def getblockstats(node: NodeServices, hash_or_height: Json, stats: Json = None) -> Json:
    """Return fees, sizes and counts of a block of the best chain; `stats` picks some of them.

    Fees are satoshis, rates satoshis per virtual byte.
    """
    entry = _entry_of(node, hash_or_height)
    wanted = {as_text(name) for name in as_list(stats)} if stats is not None else set()
    block = read_block(node, entry)
    undo = node.chain.get_undo(entry.hash)
    spent = undo.spent if undo is not None else ()
    values = _block_stats(node, entry, block, spent)
    for name in sorted(wanted):
        if name not in values:
            raise misuse(f"Invalid selected statistic {name}")
    return {name: values[name] for name in sorted(wanted)} if wanted else values


def _entry_of(node: NodeServices, value: Json) -> BlockEntry:
    if isinstance(value, str):
        entry = node.chain.entry(as_block_hash(value))
        if entry is None:
            raise not_found("Block not found")
        if not node.chain.is_active(entry):
            raise misuse(f"Block is not in chain {node.network.chain}")
        return entry
    height = as_integer(value)
    if height < 0:
        raise misuse(f"Target block height {height} is negative")
    entry = node.chain.entry_at(height)
    if entry is None:
        tip = node.chain.height
        raise misuse(f"Target block height {height} after current tip {tip}")
    return entry


def _block_stats(
    node: NodeServices, entry: BlockEntry, block: Block, spent: Sequence[Sequence[Coin]]
) -> dict[str, Json]:
    payments = block.transactions[1:]
    facts = [_facts(tx, coins) for tx, coins in zip(payments, spent, strict=True)]
    made = [output for tx in block.transactions for output in tx.outputs]
    taken = [coin for coins in spent for coin in coins]
    fees, rates = [f.fee for f in facts], [f.rate for f in facts]
    sizes, witness = [f.size for f in facts], [f for f in facts if f.has_witness]
    weight = sum(f.weight for f in facts)
    size_of_made = sum(len(output.encode()) + _OVERHEAD_PER_COIN for output in made)
    size_of_taken = sum(_coin_size(coin) for coin in taken)
    return {
        "avgfee": _average(fees),
        "avgfeerate": sum(fees) * WITNESS_SCALE_FACTOR // weight if weight else 0,
        "avgtxsize": _average(sizes),
        "blockhash": format_hash(entry.hash),
        "feerate_percentiles": _percentiles(facts, weight),
        "height": entry.height,
        "ins": len(taken),
        "maxfee": max(fees, default=0),
        "maxfeerate": max(rates, default=0),
        "maxtxsize": max(sizes, default=0),
        "medianfee": _median(fees),
        "mediantime": entry.median_time_past,
        "mediantxsize": _median(sizes),
        "minfee": min(fees, default=0),
        "minfeerate": min(rates, default=0),
        "mintxsize": min(sizes, default=0),
        "outs": len(made),
        "subsidy": _subsidy(node, entry),
        "swtotal_size": sum(f.size for f in witness),
        "swtotal_weight": sum(f.weight for f in witness),
        "swtxs": len(witness),
        "time": entry.time,
        "total_out": sum(f.total_out for f in facts),
        "total_size": sum(sizes),
        "total_weight": weight,
        "totalfee": sum(fees),
        "txs": len(block.transactions),
        "utxo_increase": len(made) - len(taken),
        "utxo_size_inc": size_of_made - size_of_taken,
    }


def _facts(tx: Transaction, coins: Sequence[Coin]) -> _Facts:
    total_out = sum(output.value for output in tx.outputs)
    fee = sum(coin.value for coin in coins) - total_out
    return _Facts(tx.size, tx.weight, fee, total_out, tx.has_witness)


def _coin_size(coin: Coin) -> int:
    return len(TxOutput(coin.value, coin.script_pubkey).encode()) + _OVERHEAD_PER_COIN


def _average(values: Sequence[int]) -> int:
    return sum(values) // len(values) if values else 0


def _median(values: Sequence[int]) -> int:
    if not values:
        return 0
    ordered, middle = sorted(values), len(values) // 2
    return ordered[middle] if len(values) % 2 else (ordered[middle - 1] + ordered[middle]) // 2


def _percentiles(facts: Sequence[_Facts], weight: int) -> list[int]:
    """Return the rate below which 10, 25, … percent of the block's weight pays."""
    found: list[int] = []
    seen = 0
    for fact in sorted(facts, key=lambda f: (f.rate, f.weight)):
        seen += fact.weight
        while len(found) < len(_PERCENTILES) and seen * 100 >= weight * _PERCENTILES[len(found)]:
            found.append(fact.rate)
    return found or [0] * len(_PERCENTILES)


def _subsidy(node: NodeServices, entry: BlockEntry) -> int:
    parent = entry.parent
    gap = (
        parent.time - parent.parent.time if parent is not None and parent.parent is not None else 0
    )
    return block_subsidy(entry.height, gap, node.params, lambda: True)


@METHODS.method("Blockchain")
def getchaintxstats(node: NodeServices, nblocks: Json = None, blockhash: Json = None) -> Json:
    """Return how many transactions the chain has, and their rate over the last blocks."""
    last = node.chain.tip if blockhash is None else node.chain.entry(as_block_hash(blockhash))
    if last is None:
        raise not_found("Block not found")
    if not node.chain.is_active(last):
        raise misuse("Block is not in main chain")
    count = max(0, min(_MONTH_SECONDS // node.params.spacing, last.height - 1))
    if nblocks is not None:
        count = as_integer(nblocks)
        if count < 0 or (count > 0 and count >= last.height):
            raise misuse("Invalid block count: should be between 0 and the block's height - 1")
    first = last.ancestor(last.height - count) or last
    interval = last.median_time_past - first.median_time_past
    transactions = last.chain_tx_count - first.chain_tx_count
    shape: dict[str, Json] = {
        "time": last.time,
        "txcount": last.chain_tx_count,
        "window_final_block_hash": format_hash(last.hash),
        "window_block_count": count,
    }
    if count > 0:
        shape |= {"window_tx_count": transactions, "window_interval": interval}
        if interval > 0:
            shape["txrate"] = Real(transactions / interval)
    return shape
