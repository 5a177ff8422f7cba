"""Methods about single blocks: header, contents, statistics over their transactions."""

from __future__ import annotations

from ccxx_core.block import Block
from ccxx_core.hashes import format_hash
from ccxx_node.chainstate.block_entry import BlockEntry
from ccxx_node.rpc.arguments import as_flag, as_level
from ccxx_node.rpc.blockchain import known_entry
from ccxx_node.rpc.errors import Code, RpcFault
from ccxx_node.rpc.registry import Registry
from ccxx_node.rpc.services import NodeServices
from ccxx_node.rpc.shapes import block_shape, header_shape, transaction_shape
from ccxx_node.rpc.turns import in_turns
from ccxx_node.rpc.wire import Json, write

METHODS = Registry()


@METHODS.method("Blockchain", aliases={"hash": "blockhash"})
def getblockheader(node: NodeServices, blockhash: Json, verbose: Json = True) -> Json:
    """Return a block's header as facts, or with `verbose` false as 80 bytes of hex."""
    entry = known_entry(node, blockhash)
    if not as_flag(verbose, True):
        return entry.header.encode().hex()
    return header_shape(entry, node.chain.tip, node.chain.next_entry(entry))


@METHODS.method("Blockchain", aliases={"verbose": "verbosity"})
def getblock(node: NodeServices, blockhash: Json, verbosity: Json = 1) -> Json:
    """Return a block: 0 or false as hex, 1 or true with transaction ids, 2 with transactions."""
    level = as_level(verbosity, 1)
    entry = known_entry(node, blockhash)
    if level <= 0:
        raw = node.chain.get_raw_block(entry.hash)
        if raw is None:
            raise _not_stored(entry)
        return raw.hex()
    return block_of_ids(node, entry) if level == 1 else block_in_full(node, entry)


def block_of_ids(node: NodeServices, entry: BlockEntry) -> dict[str, Json]:
    """Return a stored block with the ids of its transactions; raises `RpcFault`."""
    block = read_block(node, entry)
    shape = block_shape(block, entry, node.chain.tip, node.chain.next_entry(entry))
    shape["tx"] = [format_hash(tx.txid) for tx in block.transactions]
    return shape


async def block_in_full(node: NodeServices, entry: BlockEntry) -> dict[str, Json]:
    """Return a stored block with its transactions, made in turns; raises `RpcFault`."""
    block = read_block(node, entry)
    shape = block_shape(block, entry, node.chain.tip, node.chain.next_entry(entry))
    shape["tx"] = [
        write(transaction_shape(tx, node.network))
        async for tx in in_turns(node, block.transactions)
    ]
    return shape


def read_block(node: NodeServices, entry: BlockEntry) -> Block:
    """Return a stored block, or raise the fault that it is pruned or never came."""
    block = node.chain.get_block(entry.hash)
    if block is None:
        raise _not_stored(entry)
    return block


def _not_stored(entry: BlockEntry) -> RpcFault:
    pruned = "Block not available (pruned data)"
    return RpcFault(Code.MISC_ERROR, pruned if entry.is_pruned else "Block not found on disk")
