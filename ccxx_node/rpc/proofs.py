"""Methods that prove and check that transactions are in the chain."""

from __future__ import annotations

from ccxx_core.errors import DecodeError
from ccxx_core.hashes import Txid, format_hash
from ccxx_core.merkle_block import MerkleBlock, make_proof, proven_txids
from ccxx_node.chainstate.block_entry import BlockEntry
from ccxx_node.rpc.arguments import as_bytes, as_list, as_txid
from ccxx_node.rpc.blockchain import known_entry
from ccxx_node.rpc.blocks import read_block
from ccxx_node.rpc.errors import Code, RpcFault, misuse, not_found
from ccxx_node.rpc.registry import Registry
from ccxx_node.rpc.services import NodeServices
from ccxx_node.rpc.transactions import block_with_coin
from ccxx_node.rpc.turns import in_turns
from ccxx_node.rpc.wire import Json

METHODS = Registry()


@METHODS.method("Blockchain")
async def gettxoutproof(node: NodeServices, txids: Json, blockhash: Json = None) -> str:
    """Return a proof, as hex, that transactions are in one block.

    The block is given, or found by an unspent output of one of them, or with -txindex by the last.
    """
    wanted: dict[Txid, None] = {}
    for value in as_list(txids):
        txid = _parse_txid(value)
        if txid in wanted:
            raise misuse(f"Invalid parameter, duplicated txid: {format_hash(txid)}")
        wanted[txid] = None
    if not wanted:
        raise misuse("Parameter 'txids' cannot be empty")
    entry = known_entry(node, blockhash) if blockhash is not None else await _find(node, wanted)
    block = read_block(node, entry)
    found = [tx.txid for tx in block.transactions]
    if not wanted.keys() <= set(found):
        raise not_found("Not all transactions found in specified or retrieved block")
    return make_proof(block.header, found, set(wanted)).encode().hex()


def _parse_txid(value: Json) -> Txid:
    try:
        return as_txid(value)
    except RpcFault as fault:
        if fault.code is not Code.INVALID_PARAMETER:
            raise
        raise misuse(f"Invalid txid {value}") from None


async def _find(node: NodeServices, wanted: dict[Txid, None]) -> BlockEntry:
    """Return the block with an unspent output of any, or with the last, or raise the fault."""
    async for txid in in_turns(node, wanted):
        entry = block_with_coin(node, txid)
        if entry is not None:
            return entry
    place = node.chain.find_transaction(next(reversed(wanted)))
    entry = node.chain.entry(place[0]) if place is not None else None
    if entry is None:
        raise not_found("Transaction not yet in block")
    return entry


@METHODS.method("Blockchain")
def verifytxoutproof(node: NodeServices, proof: Json) -> list[str]:
    """Return the ids that a proof commits to; none if it is no proof, an error if not our chain."""
    try:
        merkle_block = MerkleBlock.decode(as_bytes(proof, "proof"))
    except DecodeError:
        message = "CDataStream::read(): end of data: iostream error"
        raise RpcFault(Code.MISC_ERROR, message) from None
    try:
        txids = proven_txids(merkle_block)
    except DecodeError:
        return []
    entry = node.chain.entry(merkle_block.header.hash)
    if entry is None or not node.chain.is_active(entry):
        raise not_found("Block not found in chain")
    if entry.tx_count != merkle_block.count:
        return []
    return [format_hash(txid) for txid in txids]
