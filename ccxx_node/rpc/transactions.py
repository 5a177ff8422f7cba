"""Methods about transactions and coins: look up, decode, test, send."""

from __future__ import annotations

from collections.abc import Callable

from ccxx_core.hashes import BlockHash, Txid, format_hash
from ccxx_core.transaction import OutPoint, Transaction
from ccxx_node.chainstate.block_entry import BlockEntry
from ccxx_node.consensus.coins import Coin
from ccxx_node.consensus.errors import ConsensusError
from ccxx_node.mempool.accept import Terms
from ccxx_node.mempool.errors import PolicyError, PolicyReject
from ccxx_node.mempool.pool import MEMPOOL_HEIGHT
from ccxx_node.rpc.arguments import (
    as_flag,
    as_hash,
    as_integer,
    as_level,
    as_list,
    as_minable_transaction,
    as_transaction,
    as_txid,
)
from ccxx_node.rpc.blocks import read_block
from ccxx_node.rpc.errors import Code, RpcFault, misuse, not_found
from ccxx_node.rpc.registry import Registry
from ccxx_node.rpc.services import NodeServices
from ccxx_node.rpc.shapes import confirmations, script_shape, transaction_shape
from ccxx_node.rpc.wire import Amount, Json

METHODS = Registry()

# A fee above this is taken for a mistake, unless the caller says that it is none.
MAX_FEE = 10_000_000
_MAX_UINT32 = 0xFFFFFFFF


@METHODS.method("Rawtransactions")
def getrawtransaction(
    node: NodeServices, txid: Json, verbose: Json = False, blockhash: Json = None
) -> Json:
    """Return a transaction as hex, or with `verbose` as facts.

    It is looked for in the pool, in the given block, or with -txindex in the whole chain.
    """
    wanted = as_txid(txid)
    if wanted == node.chain.genesis.merkle_root:
        raise not_found(
            "The genesis block coinbase is not considered an ordinary transaction and cannot be"
            " retrieved"
        )
    is_verbose = as_level(verbose, 0) != 0
    within = None
    if blockhash is not None:
        within = node.chain.entry(BlockHash(as_hash(blockhash, "parameter 3")))
        if within is None:
            raise not_found("Block hash not found")
    tx, entry = find_transaction(node, wanted, within)
    if not is_verbose:
        return tx.encode().hex()
    shape = {} if within is None else {"in_active_chain": node.chain.is_active(within)}
    shape |= transaction_shape(tx, node.network)
    return shape | (_place(node, entry) if entry is not None else {})


def find_transaction(
    node: NodeServices, txid: Txid, within: BlockEntry | None
) -> tuple[Transaction, BlockEntry | None]:
    """Return a transaction and its block, if that is known, or raise the fault that it is not."""
    if within is not None:
        for tx in read_block(node, within).transactions:
            if tx.txid == txid:
                return tx, within
        raise not_found(
            "No such transaction found in the provided block."
            " Use gettransaction for wallet transactions."
        )
    pooled = node.acceptor.pool.get(txid)
    if pooled is not None:
        return pooled.tx, None
    place = node.chain.find_transaction(txid)
    entry = node.chain.entry(place[0]) if place is not None else None
    if place is not None and entry is not None:
        return read_block(node, entry).transactions[place[1]], entry
    entry = block_with_coin(node, txid)
    if entry is not None:
        for tx in read_block(node, entry).transactions:
            if tx.txid == txid:
                return tx, entry
    what = "No such mempool transaction. Use -txindex to enable blockchain transaction queries"
    if node.chain.has_transaction_index:
        what = "No such mempool or blockchain transaction"
    raise not_found(f"{what}. Use gettransaction for wallet transactions.")


def block_with_coin(node: NodeServices, txid: Txid) -> BlockEntry | None:
    """Return the block of a transaction that still has an unspent output."""
    for vout in range(64):
        coin = node.chain.get_coin(OutPoint(txid, vout))
        if coin is not None:
            return node.chain.entry_at(coin.height)
    return None


def _place(node: NodeServices, entry: BlockEntry) -> dict[str, Json]:
    depth = confirmations(entry, node.chain.tip)
    place: dict[str, Json] = {"blockhash": format_hash(entry.hash)}
    if depth > 0:
        return place | {"confirmations": depth, "time": entry.time, "blocktime": entry.time}
    return place | {"confirmations": 0}


@METHODS.method("Rawtransactions")
def decoderawtransaction(node: NodeServices, hexstring: Json, iswitness: Json = None) -> Json:
    """Return the facts of a transaction given as hex; `iswitness` says how to read it."""
    tx = as_minable_transaction(hexstring)
    if iswitness is not None and not as_flag(iswitness, True) and tx.has_witness:
        raise RpcFault(Code.DESERIALIZATION_ERROR, "TX decode failed")
    return transaction_shape(tx, node.network, with_hex=False)


@METHODS.method("Blockchain")
def gettxout(node: NodeServices, txid: Json, n: Json, include_mempool: Json = True) -> Json:
    """Return an unspent output, or null; with `include_mempool` as the pool would leave it."""
    outpoint = OutPoint(as_txid(txid, "txid"), as_integer(n))
    pool = node.acceptor.pool
    coin: Coin | None = None
    if not 0 <= outpoint.vout <= _MAX_UINT32:
        return None
    if as_flag(include_mempool, True):
        if outpoint in pool.spenders:
            return None
        coin = pool.get_coin(outpoint)
    coin = coin or node.chain.get_coin(outpoint)
    if coin is None:
        return None
    tip = node.chain.tip
    is_unconfirmed = coin.height == MEMPOOL_HEIGHT
    return {
        "bestblock": format_hash(tip.hash),
        "confirmations": 0 if is_unconfirmed else tip.height - coin.height + 1,
        "value": Amount(coin.value),
        "scriptPubKey": script_shape(coin.script_pubkey, node.network),
        "coinbase": coin.is_coinbase,
    }


@METHODS.method("Rawtransactions")
def sendrawtransaction(node: NodeServices, hexstring: Json, allowhighfees: Json = False) -> Json:
    """Put a transaction into the pool, to be mined and relayed; returns its id."""
    tx = as_transaction(hexstring)
    max_fee = 0 if as_flag(allowhighfees, False) else MAX_FEE
    return _on_the_tip_that_stays(node, lambda: _send(node, tx, max_fee))


def _on_the_tip_that_stays(node: NodeServices, judge: Callable[[], Json]) -> Json:
    """Return a verdict: at once, or where the chain is on a long way after its end."""
    return judge() if node.chain.is_settled else _at_the_end(node, judge)


async def _at_the_end(node: NodeServices, judge: Callable[[], Json]) -> Json:
    await node.settled()
    return judge()


def _send(node: NodeServices, tx: Transaction, max_fee: int) -> str:
    if tx.txid in node.acceptor.pool:
        # Peers that have met us since may not have heard of it.
        node.peers.transaction_accepted(tx.txid)
    else:
        _check_not_mined(node, tx)
        try:
            node.submit_transaction(tx, max_fee)
        except (ConsensusError, PolicyError) as error:
            raise _refusal(error) from error
    return format_hash(tx.txid)


def _check_not_mined(node: NodeServices, tx: Transaction) -> None:
    outputs = (OutPoint(tx.txid, vout) for vout in range(len(tx.outputs)))
    if any(node.chain.get_coin(outpoint) is not None for outpoint in outputs):
        raise RpcFault(Code.VERIFY_ALREADY_IN_CHAIN, "transaction already in block chain")


def _refusal(error: ConsensusError | PolicyError) -> RpcFault:
    if error.reject is PolicyReject.MISSING_INPUTS:
        return RpcFault(Code.VERIFY_ERROR, "Missing inputs")
    detail = f", {error.detail}" if error.detail else ""
    return RpcFault(Code.VERIFY_REJECTED, f"{error.reason}{detail} (code {error.code})")


@METHODS.method("Rawtransactions")
def testmempoolaccept(node: NodeServices, rawtxs: Json, allowhighfees: Json = False) -> Json:
    """Tell whether the pool would take a transaction, given as an array with one hex text."""
    texts = as_list(rawtxs)
    if len(texts) != 1:
        raise misuse("Array must contain exactly one raw transaction for now")
    tx = as_transaction(texts[0])
    max_fee = 0 if as_flag(allowhighfees, False) else MAX_FEE
    return _on_the_tip_that_stays(node, lambda: _test(node, tx, max_fee))


def _test(node: NodeServices, tx: Transaction, max_fee: int) -> Json:
    verdict: dict[str, Json] = {"txid": format_hash(tx.txid)}
    try:
        node.acceptor.test(tx, node.next_block(), Terms(node.now(), max_fee))
    except (ConsensusError, PolicyError) as error:
        is_missing = error.reject is PolicyReject.MISSING_INPUTS
        reason = error.reason if is_missing else f"{error.code}: {error.reason}"
        return [verdict | {"allowed": False, "reject-reason": reason}]
    return [verdict | {"allowed": True}]
