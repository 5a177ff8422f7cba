"""Methods that look at stored data as a whole: indexes, checks, pruning."""

from __future__ import annotations

import asyncio
import logging

from ccxx_core.hashes import format_hash
from ccxx_node.chainstate.errors import CorruptionError
from ccxx_node.chainstate.pruning import KEPT_BLOCKS
from ccxx_node.chainstate.verification import DEFAULT_DEPTH, DEFAULT_LEVEL
from ccxx_node.consensus.deployments import deployment_state, state_since
from ccxx_node.rpc.arguments import as_integer
from ccxx_node.rpc.blockchain import known_entry
from ccxx_node.rpc.errors import Code, RpcFault, misuse
from ccxx_node.rpc.registry import Registry
from ccxx_node.rpc.services import NodeServices
from ccxx_node.rpc.wire import Json

METHODS = Registry()
_log = logging.getLogger("ccxx.rpc")

# What is larger than any height is a time; block times may be wrong by two hours.
_FIRST_TIME = 1_000_000_000
_MOST_CLOCKS_DIFFER = 7200


@METHODS.method("Util")
def getindexinfo(node: NodeServices, index_name: Json = None) -> dict[str, Json]:
    """Return which optional indexes are kept, and how far they are."""
    if not node.chain.has_transaction_index or index_name not in (None, "", "txindex"):
        return {}
    return {"txindex": {"synced": True, "best_block_height": node.chain.height}}


@METHODS.method("Blockchain")
def getdeploymentinfo(node: NodeServices, blockhash: Json = None) -> dict[str, Json]:
    """Return the state of soft forks at the tip, or at a block."""
    entry = node.chain.tip if blockhash is None else known_entry(node, blockhash)
    cache = node.rules.deployments
    params = node.params
    buried = (("bip34", params.bip34_height), ("bip66", params.bip66_height))
    shape: dict[str, Json] = {
        name: {"type": "buried", "active": entry.height + 1 >= height, "height": height}
        for name, height in (*buried, ("bip65", params.bip65_height))
    }
    for deployment in params.deployments:
        state = deployment_state(entry, deployment, params, cache)
        shape[deployment.name] = {
            "type": "bip9",
            "active": str(state) == "active",
            "bip9": {
                "bit": deployment.bit,
                "status": str(state),
                "since": state_since(entry, deployment, params, cache),
            },
        }
    return {"hash": format_hash(entry.hash), "height": entry.height, "deployments": shape}


@METHODS.method("Blockchain")
async def verifychain(node: NodeServices, checklevel: Json = 3, nblocks: Json = 6) -> bool:
    """Look again at the last blocks (0 for all), the more thoroughly the higher the level.

    0 reads blocks, 1 checks their form, 2 reads undo data, 3 takes them back from the coins in
    memory, 4 connects them again with all scripts.
    """
    level = DEFAULT_LEVEL if checklevel is None else as_integer(checklevel)
    depth = DEFAULT_DEPTH if nblocks is None else as_integer(nblocks)
    try:
        while not await _verify_while_tip_stays(node, level, depth):
            continue
    except CorruptionError as error:
        _log.error("chain verified result=corrupted reason=%s", error)
        return False
    return True


async def _verify_while_tip_stays(node: NodeServices, level: int, depth: int) -> bool:
    tip = node.chain.tip
    for _ in node.chain.verify(level, depth):
        await asyncio.sleep(0)
        if node.chain.tip is not tip:
            return False
        if node.is_stopping:
            raise misuse("the node is stopping")
    return True


@METHODS.method("Blockchain")
def pruneblockchain(node: NodeServices, height: Json) -> int:
    """Delete blocks up to a height, or those two hours older than a unix time; needs `-prune`.

    Whole files are deleted, and never one with any of the last 288 blocks. Returns the height.
    """
    chain, pruner = node.chain, node.chain.pruner
    if not pruner.is_on:
        raise RpcFault(Code.MISC_ERROR, "Cannot prune blocks because node is not in prune mode.")
    wanted = as_integer(height)
    if wanted < 0:
        raise misuse("Negative block height.")
    if wanted > _FIRST_TIME:
        wanted = _height_at(node, wanted - _MOST_CLOCKS_DIFFER)
    if chain.height < pruner.after_height:
        raise RpcFault(Code.MISC_ERROR, "Blockchain is too short for pruning.")
    if wanted > chain.height:
        raise misuse("Blockchain is shorter than the attempted prune height.")
    wanted = min(wanted, chain.height - KEPT_BLOCKS)
    chain.prune_up_to(wanted)
    return wanted


def _height_at(node: NodeServices, time: int) -> int:
    chain = node.chain
    for height in range(chain.height + 1):
        entry = chain.entry_at(height)
        if entry is not None and entry.time >= time:
            return height
    raise misuse("Could not find block with at least the specified timestamp.")
