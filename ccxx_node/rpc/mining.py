"""Methods for miners: templates, blocks found elsewhere, and mining here for tests."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from ccxx_core.address import decode_address
from ccxx_core.block import Block, target_from_bits
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import Txid, format_hash
from ccxx_node.chainstate.block_entry import BlockEntry
from ccxx_node.consensus.deployments import DeploymentState, deployment_state, is_segwit_active
from ccxx_node.consensus.errors import ConsensusError
from ccxx_node.consensus.params import MAX_BLOCK_SIGOPS_COST, MAX_BLOCK_WEIGHT
from ccxx_node.mempool.entry import Entry
from ccxx_node.mining.miner import mine
from ccxx_node.mining.template import add_witness_nonce, build_block
from ccxx_node.rpc.arguments import as_block, as_integer, as_object, as_text
from ccxx_node.rpc.errors import Code, RpcFault, misuse, not_found
from ccxx_node.rpc.registry import Registry
from ccxx_node.rpc.services import NodeServices
from ccxx_node.rpc.shapes import difficulty
from ccxx_node.rpc.wire import Json, Real

METHODS = Registry()

_DEFAULT_TRIES = 1_000_000
# Hashes between two looks at what else there is to do.
_SLICE = 256
_HASHRATE_BLOCKS = 120
_LONGPOLL_SECONDS = 60
_UNDER_WAY = (DeploymentState.STARTED, DeploymentState.LOCKED_IN)


@METHODS.method("Generating", outlives_caller=True)
async def generatetoaddress(
    node: NodeServices, nblocks: Json, address: Json, maxtries: Json = _DEFAULT_TRIES
) -> list[str]:
    """Mine blocks whose coinbase pays an address, at once; returns their hashes."""
    count = as_integer(nblocks)
    tries = _DEFAULT_TRIES if maxtries is None else as_integer(maxtries)
    try:
        script = decode_address(as_text(address), node.network)
    except DecodeError:
        raise not_found("Error: Invalid address") from None
    hashes: list[str] = []
    extra_nonce = 0
    while len(hashes) < count and tries > 0 and not node.is_stopping:
        extra_nonce += 1
        block, used = await _search(node, script, extra_nonce, tries)
        tries -= used
        if block is None:
            continue
        # The same block may have been mined before, and then been invalidated.
        if node.chain.entry(block.hash) is None:
            node.submit_block(block)
            hashes.append(format_hash(block.hash))
            extra_nonce = 0
    return hashes


async def _search(
    node: NodeServices, script: bytes, extra_nonce: int, tries: int
) -> tuple[Block | None, int]:
    """Try one slice of nonces on top of the tip as it is now; returns block and hashes used."""
    await asyncio.sleep(0)
    block = build_block(node.template(), script, extra_nonce)
    used = min(_SLICE, tries)
    found = mine(block, used)
    return found, used if found is None else found.header.nonce + 1


@METHODS.method("Mining")
def submitblock(node: NodeServices, hexdata: Json, dummy: Json = None) -> str | None:  # noqa: ARG001
    """Add a block to the chain; returns null, or why it was not connected (BIP 22)."""
    block = as_block(hexdata)
    if not block.transactions or not block.transactions[0].is_coinbase:
        raise RpcFault(Code.DESERIALIZATION_ERROR, "Block does not start with a coinbase")
    entry = node.chain.entry(block.hash)
    if entry is not None and entry.fully_valid:
        return "duplicate"
    if entry is not None and entry.is_failed:
        return "duplicate-invalid"
    was_stored = entry is not None and entry.block_position is not None
    parent = node.chain.entry(block.header.prev_hash)
    if parent is not None and is_segwit_active(parent, node.params, node.rules.deployments):
        block = add_witness_nonce(block)
    return _submit(node, block, was_stored)


def _submit(node: NodeServices, block: Block, was_stored: bool) -> str | None:
    try:
        node.submit_block(block)
    except ConsensusError as error:
        entry = node.chain.entry(block.hash)
        # What was refused before it could be stored has no better name here (0.17).
        is_stored = entry is not None and entry.block_position is not None
        return error.reason if is_stored and not was_stored else "invalid"
    if was_stored:
        return "duplicate"
    entry = node.chain.entry(block.hash)
    return None if entry is not None and entry.fully_valid else "inconclusive"


@METHODS.method("Mining")
async def getblocktemplate(node: NodeServices, template_request: Json = None) -> Json:
    """Return what is needed to build the next block, or in proposal mode judge one (BIP 22, 23)."""
    request = {} if template_request is None else as_object(template_request)
    mode = request.get("mode")
    if mode is not None and not isinstance(mode, str):
        raise misuse("Invalid mode")
    if mode == "proposal":
        return _judge_proposal(node, request)
    if mode not in (None, "template"):
        raise misuse("Invalid mode")
    _check_network(node)
    if request.get("longpollid") is not None:
        await _wait_for_change(node, request["longpollid"])
    rules = request.get("rules")
    return _template_shape(node, isinstance(rules, list) and "segwit" in rules)


def _check_network(node: NodeServices) -> None:
    """Refuse to give work that would be for nothing; on regtest a node may be alone."""
    if node.network.chain == "regtest":
        return
    if not node.peers.peers:
        raise RpcFault(Code.CLIENT_NOT_CONNECTED, "CounosX is not connected!")
    if node.is_initial_download():
        raise RpcFault(Code.CLIENT_IN_INITIAL_DOWNLOAD, "CounosX is downloading blocks...")


def _judge_proposal(node: NodeServices, request: dict[str, Json]) -> str | None:
    if not isinstance(request.get("data"), str):
        raise RpcFault(Code.TYPE_ERROR, "Missing data String key for proposal")
    block = as_block(request["data"])
    entry = node.chain.entry(block.hash)
    if entry is not None:
        return _duplicate(entry)
    if block.header.prev_hash != node.chain.tip.hash:
        return "inconclusive-not-best-prevblk"
    try:
        node.chain.test_block(block, node.now())
    except ConsensusError as error:
        return error.reason
    return None


def _duplicate(entry: BlockEntry) -> str:
    if entry.fully_valid:
        return "duplicate"
    return "duplicate-invalid" if entry.is_failed else "duplicate-inconclusive"


def _longpoll_id(node: NodeServices) -> str:
    return f"{format_hash(node.chain.tip.hash)}{node.acceptor.pool.updates}"


async def _wait_for_change(node: NodeServices, known: Json) -> None:
    """Return when the tip changes, or after a minute if the pool did."""
    known_id = known if isinstance(known, str) else _longpoll_id(node)
    known_tip, known_updates = known_id[:64], known_id[64:]
    timeout = _LONGPOLL_SECONDS
    while format_hash(node.chain.tip.hash) == known_tip and not node.is_stopping:
        before = node.chain.tip
        await node.wait_for_tip(timeout)
        if node.chain.tip is before and str(node.acceptor.pool.updates) != known_updates:
            return
        timeout = 10


def _template_shape(node: NodeServices, with_witness: bool) -> dict[str, Json]:
    """Return the template; a client that does not know BIP 145 gets no witness transactions."""
    template = node.template(with_witness=with_witness)
    target = target_from_bits(template.bits) or 0
    tip, params, deployments = node.chain.tip, node.params, node.params.deployments
    states = {d.name: deployment_state(tip, d, params, node.rules.deployments) for d in deployments}
    positions = {entry.txid: number for number, entry in enumerate(template.entries, start=1)}
    shape: dict[str, Json] = {
        "capabilities": ["proposal"],
        "version": template.version,
        "rules": [name for name, state in states.items() if state is DeploymentState.ACTIVE],
        "vbavailable": {d.name: d.bit for d in deployments if states[d.name] in _UNDER_WAY},
        "vbrequired": 0,
        "previousblockhash": format_hash(template.prev_hash),
        "transactions": [_template_transaction(entry, positions) for entry in template.entries],
        "coinbaseaux": {"flags": ""},
        "coinbasevalue": template.coinbase_value,
        "longpollid": _longpoll_id(node),
        "target": f"{target:064x}",
        "mintime": template.min_time,
        "mutable": ["time", "transactions", "prevblock"],
        "noncerange": "00000000ffffffff",
        "sigoplimit": MAX_BLOCK_SIGOPS_COST,
        "sizelimit": MAX_BLOCK_WEIGHT,
        "weightlimit": MAX_BLOCK_WEIGHT,
        "curtime": template.time,
        "bits": f"{template.bits:08x}",
        "height": template.height,
    }
    if with_witness and params.knows_segwit:
        shape["default_witness_commitment"] = template.witness_commitment.hex()
    return shape


def _template_transaction(entry: Entry, positions: Mapping[Txid, int]) -> dict[str, Json]:
    parents = {tx_input.prevout.txid for tx_input in entry.tx.inputs}
    return {
        "data": entry.tx.encode().hex(),
        "txid": format_hash(entry.txid),
        "hash": format_hash(entry.tx.wtxid),
        "depends": sorted(positions[txid] for txid in parents if txid in positions),
        "fee": entry.fee,
        "sigops": entry.sigop_cost,
        "weight": entry.tx.weight,
    }


@METHODS.method("Mining")
def getmininginfo(node: NodeServices) -> dict[str, Json]:
    """Return difficulty, estimated hash rate and the size of the pool."""
    tip = node.chain.tip
    return {
        "blocks": tip.height,
        "currentblockweight": 0,
        "currentblocktx": 0,
        "difficulty": Real(difficulty(tip.bits)),
        "networkhashps": getnetworkhashps(node),
        "pooledtx": len(node.acceptor.pool),
        "chain": node.network.chain,
        "warnings": node.warnings,
    }


@METHODS.method("Mining")
def getnetworkhashps(
    node: NodeServices, nblocks: Json = _HASHRATE_BLOCKS, height: Json = -1
) -> Real:
    """Return hashes per second over the last blocks before a height; -1 stands for the tip."""
    count = _HASHRATE_BLOCKS if nblocks is None else as_integer(nblocks)
    at = -1 if height is None else as_integer(height)
    last = node.chain.entry_at(at) if 0 <= at < node.chain.height else node.chain.tip
    if last is None or last.height == 0:
        return Real(0.0)
    if count <= 0:
        count = last.height % node.params.retarget_interval + 1
    count = min(count, last.height)
    times = [last.time]
    first = last
    for _ in range(count):
        if first.parent is not None:
            first = first.parent
            times.append(first.time)
    span = max(times) - min(times)
    return Real((last.chain_work - first.chain_work) / span if span else 0.0)
