"""Methods about the chain as a whole: tip, state of the rules, branches, waiting."""

from __future__ import annotations

import asyncio
from typing import Any

from ccxx_core.hashes import format_hash
from ccxx_node.chainstate.block_entry import BlockEntry
from ccxx_node.chainstate.utxo_stats import UtxoCounter
from ccxx_node.consensus.deployments import deployment_state, state_since
from ccxx_node.rpc.arguments import as_block_hash, as_integer
from ccxx_node.rpc.errors import misuse, not_found
from ccxx_node.rpc.registry import Registry
from ccxx_node.rpc.services import NodeServices
from ccxx_node.rpc.shapes import difficulty
from ccxx_node.rpc.turns import in_turns
from ccxx_node.rpc.wire import Amount, Json, Real

METHODS = Registry()

_NO_TIMEOUT = 9223372036854775807


@METHODS.method("Blockchain")
def getblockcount(node: NodeServices) -> int:
    """Return the height of the best block; the genesis block has height 0."""
    return node.chain.height


@METHODS.method("Blockchain")
def getbestblockhash(node: NodeServices) -> str:
    """Return the hash of the best block."""
    return format_hash(node.chain.tip.hash)


@METHODS.method("Blockchain")
def getblockhash(node: NodeServices, height: Json) -> str:
    """Return the hash of the best chain's block at a height."""
    entry = node.chain.entry_at(as_integer(height))
    if entry is None:
        raise misuse("Block height out of range")
    return format_hash(entry.hash)


@METHODS.method("Blockchain")
def getdifficulty(node: NodeServices) -> Real:
    """Return how hard the next block is to find, as a multiple of the easiest difficulty."""
    return Real(difficulty(node.chain.tip.bits))


@METHODS.method("Blockchain")
def getblockchaininfo(node: NodeServices) -> dict[str, Json]:
    """Return the state of the chain: tip, work, size on disk, soft forks."""
    chain, tip = node.chain, node.chain.tip
    return {
        "chain": node.network.chain,
        "blocks": tip.height,
        "headers": chain.best_header.height,
        "bestblockhash": format_hash(tip.hash),
        "difficulty": Real(difficulty(tip.bits)),
        "mediantime": tip.median_time_past,
        "verificationprogress": Real(_progress(node)),
        "initialblockdownload": node.is_initial_download(),
        "chainwork": f"{tip.chain_work:064x}",
        "size_on_disk": node.blocks_size(),
        **_pruning(node),
        "softforks": [
            _buried("bip34", 2, tip, node.params.bip34_height),
            _buried("bip66", 3, tip, node.params.bip66_height),
            _buried("bip65", 4, tip, node.params.bip65_height),
        ],
        "bip9_softforks": _version_bits(node),
        "warnings": node.warnings,
    }


def _pruning(node: NodeServices) -> dict[str, Json]:
    pruner = node.chain.pruner
    if pruner.target is None:
        return {"pruned": False}
    shape: dict[str, Json] = {
        "pruned": True,
        "pruneheight": pruner.lowest_stored(),
        "automatic_pruning": pruner.target > 0,
    }
    if pruner.target > 0:
        shape["prune_target_size"] = pruner.target
    return shape


def _progress(node: NodeServices) -> float:
    tip = node.chain.tip
    missing = max(0, node.now() - tip.time) / node.params.spacing
    done = tip.chain_tx_count
    return min(1.0, done / (done + missing)) if node.is_initial_download() else 1.0


def _buried(name: str, version: int, tip: BlockEntry, height: int) -> dict[str, Json]:
    return {"id": name, "version": version, "reject": {"status": tip.height >= height}}


def _version_bits(node: NodeServices) -> dict[str, Json]:
    tip, cache = node.chain.tip, node.rules.deployments
    forks: dict[str, Any] = {}
    for deployment in (node.params.csv, node.params.segwit):
        state = deployment_state(tip, deployment, node.params, cache)
        start = deployment.start_time
        forks[deployment.name] = {
            "status": str(state),
            "startTime": -1 if start is None else start,
            "timeout": _NO_TIMEOUT if deployment.timeout is None else deployment.timeout,
            "since": state_since(tip, deployment, node.params, cache),
        }
    return forks


@METHODS.method("Blockchain")
def getchaintips(node: NodeServices) -> list[Json]:
    """Return the ends of all known branches, the best chain's included."""
    return [
        {
            "height": tip.height,
            "hash": format_hash(tip.hash),
            "branchlen": tip.branch_length,
            "status": str(tip.status),
        }
        for tip in node.chain.chain_tips()
    ]


@METHODS.method("Blockchain")
async def gettxoutsetinfo(node: NodeServices) -> dict[str, Json]:
    """Count and hash all unspent coins; two nodes with the same hash have the same coins."""
    counter = UtxoCounter(node.chain.tip.hash, node.chain.height)
    # The coins are those of one moment, whatever is connected while they are counted.
    async for outpoint, coin in in_turns(node, node.chain.iterate_coins()):
        counter.add(outpoint, coin)
    stats = counter.finish(node.chain.coins_size())
    return {
        "height": stats.height,
        "bestblock": format_hash(stats.best_block),
        "transactions": stats.transactions,
        "txouts": stats.txouts,
        "bogosize": stats.bogosize,
        "hash_serialized_2": format_hash(stats.hash_serialized_2),
        "disk_size": stats.disk_size,
        "total_amount": Amount(stats.total_amount),
    }


@METHODS.method("Hidden", is_hidden=True)
async def invalidateblock(node: NodeServices, blockhash: Json) -> None:
    """Treat a block and all that build on it as invalid, until `reconsiderblock`."""
    node.invalidate(known_entry(node, blockhash).hash)
    await node.settled()


@METHODS.method("Hidden", is_hidden=True)
async def reconsiderblock(node: NodeServices, blockhash: Json) -> None:
    """Take back `invalidateblock` for a block, its ancestors and its descendants."""
    node.reconsider(known_entry(node, blockhash).hash)
    await node.settled()


@METHODS.method("Blockchain")
async def preciousblock(node: NodeServices, blockhash: Json) -> None:
    """Treat a block as if it had come before all others of the same work."""
    node.prefer(known_entry(node, blockhash).hash)
    await node.settled()


def known_entry(node: NodeServices, value: Json) -> BlockEntry:
    """Return the header that a parameter names, or raise the fault that it is unknown."""
    entry = node.chain.entry(as_block_hash(value))
    if entry is None:
        raise not_found("Block not found")
    return entry


@METHODS.method("Hidden", is_hidden=True)
async def waitfornewblock(node: NodeServices, timeout: Json = 0) -> dict[str, Json]:
    """Wait until the tip changes; the timeout is in milliseconds, 0 for none."""
    before = node.chain.tip
    return await _wait(node, timeout, lambda tip: tip is not before)


@METHODS.method("Hidden", is_hidden=True)
async def waitforblock(node: NodeServices, blockhash: Json, timeout: Json = 0) -> dict[str, Json]:
    """Wait until a block is the tip; the timeout is in milliseconds, 0 for none."""
    wanted = as_block_hash(blockhash)
    return await _wait(node, timeout, lambda tip: tip.hash == wanted)


@METHODS.method("Hidden", is_hidden=True)
async def waitforblockheight(
    node: NodeServices, height: Json, timeout: Json = 0
) -> dict[str, Json]:
    """Wait until the chain has a height; the timeout is in milliseconds, 0 for none."""
    wanted = as_integer(height)
    return await _wait(node, timeout, lambda tip: tip.height >= wanted)


async def _wait(node: NodeServices, timeout: Json, is_reached: Any) -> dict[str, Json]:
    milliseconds = 0 if timeout is None else as_integer(timeout)
    loop = asyncio.get_running_loop()
    end = loop.time() + milliseconds / 1000 if milliseconds else None
    while not is_reached(node.chain.tip) and not node.is_stopping:
        left = None if end is None else end - loop.time()
        if left is not None and left <= 0:
            break
        await node.wait_for_tip(left)
    return {"hash": format_hash(node.chain.tip.hash), "height": node.chain.height}
