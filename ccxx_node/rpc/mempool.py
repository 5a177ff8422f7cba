"""Methods about the memory pool."""

from __future__ import annotations

from collections.abc import Iterable

from ccxx_core.amount import MAX_MONEY
from ccxx_core.hashes import Txid, format_hash
from ccxx_node.mempool.entry import Entry
from ccxx_node.mempool.pool import Mempool
from ccxx_node.mempool.replacement import signals_replacement
from ccxx_node.rpc.arguments import as_flag, as_integer, as_loose_hash, as_number, as_txid
from ccxx_node.rpc.errors import Code, RpcFault, misuse, not_found
from ccxx_node.rpc.registry import Registry
from ccxx_node.rpc.services import NodeServices
from ccxx_node.rpc.turns import in_turns
from ccxx_node.rpc.wire import Amount, Json, write

METHODS = Registry()


@METHODS.method("Blockchain")
def getmempoolinfo(node: NodeServices) -> dict[str, Json]:
    """Return how full the pool is and what it costs to get in."""
    acceptor, pool = node.acceptor, node.acceptor.pool
    floor = max(acceptor.min_fee(node.now()), acceptor.policy.min_relay_fee)
    return {
        "size": len(pool),
        "bytes": pool.size,
        "usage": pool.usage,
        "maxmempool": acceptor.policy.max_bytes,
        "mempoolminfee": Amount(floor),
        "minrelaytxfee": Amount(acceptor.policy.min_relay_fee),
        "incrementalrelayfee": Amount(acceptor.policy.incremental_fee),
    }


@METHODS.method("Blockchain")
def getrawmempool(node: NodeServices, verbose: Json = False) -> Json:
    """Return all ids in the pool, or with `verbose` an object of their entries."""
    if as_flag(verbose, False):
        return all_entries(node)
    return [format_hash(txid) for txid in node.acceptor.pool.sorted_ids()]


async def all_entries(node: NodeServices) -> dict[str, Json]:
    """Return the entries of the whole pool by id, made in turns, as they are at the beginning."""
    pool = node.acceptor.pool.copy()
    return {
        format_hash(entry.txid): write(_entry_shape(pool, entry))
        async for entry in in_turns(node, pool)
    }


@METHODS.method("Blockchain")
def getmempoolentry(node: NodeServices, txid: Json) -> dict[str, Json]:
    """Return what the pool knows about one of its transactions."""
    return _entry_shape(node.acceptor.pool, _entry(node, txid))


@METHODS.method("Blockchain")
def getmempoolancestors(node: NodeServices, txid: Json, verbose: Json = False) -> Json:
    """Return everything in the pool that a transaction depends on."""
    found = node.acceptor.pool.ancestors(_entry(node, txid).tx)
    return _listing(node, _sorted(node, found), verbose)


@METHODS.method("Blockchain")
def getmempooldescendants(node: NodeServices, txid: Json, verbose: Json = False) -> Json:
    """Return everything in the pool that depends on a transaction."""
    entry = _entry(node, txid)
    found = node.acceptor.pool.descendants_of([entry.txid]) - {entry.txid}
    return _listing(node, _sorted(node, found), verbose)


@METHODS.method("Blockchain")
def savemempool(node: NodeServices) -> None:
    """Write the pool to the disk."""
    try:
        node.save_mempool()
    except OSError:
        raise RpcFault(Code.MISC_ERROR, "Unable to dump mempool to disk") from None


@METHODS.method("Mining")
def prioritisetransaction(node: NodeServices, txid: Json, dummy: Json, fee_delta: Json) -> bool:
    """Let a transaction count as if it paid `fee_delta` satoshis more; `dummy` must be 0."""
    name, delta = Txid(as_loose_hash(txid, "txid")), as_integer(fee_delta)
    if dummy is not None and as_number(dummy) != 0:
        raise misuse(
            "Priority is no longer supported, dummy argument to prioritisetransaction must be 0."
        )
    pool = node.acceptor.pool
    if abs(pool.deltas.get(name, 0) + delta) > MAX_MONEY:
        raise misuse("Invalid parameter, fee_delta adds up to more money than there is")
    pool.prioritise(name, delta)
    return True


def _entry(node: NodeServices, txid: Json) -> Entry:
    entry = node.acceptor.pool.get(as_txid(txid))
    if entry is None:
        raise not_found("Transaction not in mempool")
    return entry


def _sorted(node: NodeServices, txids: set[Txid]) -> list[Txid]:
    pool = node.acceptor.pool
    return sorted(txids, key=lambda txid: (len(pool.ancestors(pool.entries[txid].tx)), txid))


def _listing(node: NodeServices, txids: Iterable[Txid], verbose: Json) -> Json:
    if not as_flag(verbose, False):
        return [format_hash(txid) for txid in txids]
    pool = node.acceptor.pool
    return {format_hash(txid): _entry_shape(pool, pool.entries[txid]) for txid in txids}


def _entry_shape(pool: Mempool, entry: Entry) -> dict[str, Json]:
    ancestors, descendants = pool.ancestor_package(entry.txid), pool.descendant_package(entry.txid)
    return {
        "fees": {
            "base": Amount(entry.fee),
            "modified": Amount(entry.modified_fee),
            "ancestor": Amount(ancestors.fees),
            "descendant": Amount(descendants.fees),
        },
        "size": entry.size,
        "vsize": entry.size,
        "weight": entry.tx.weight,
        "fee": Amount(entry.fee),
        "modifiedfee": Amount(entry.modified_fee),
        "time": entry.time,
        "height": entry.height,
        "descendantcount": descendants.count,
        "descendantsize": descendants.size,
        "descendantfees": descendants.fees,
        "ancestorcount": ancestors.count,
        "ancestorsize": ancestors.size,
        "ancestorfees": ancestors.fees,
        "wtxid": format_hash(entry.tx.wtxid),
        "depends": sorted(format_hash(txid) for txid in pool.parents(entry.tx)),
        "spentby": sorted(format_hash(txid) for txid in pool.children(entry.txid)),
        "bip125-replaceable": signals_replacement(entry.tx),
    }
