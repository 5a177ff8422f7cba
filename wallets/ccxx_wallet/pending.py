"""What is not in a block yet: own transactions sent, and others in the node's pool that matter.

Nothing here is stored: it is asked of the node anew, so an evicted or replaced transaction simply
is no longer there.
"""

from collections.abc import Callable, Iterable, Sequence

from ccxx_cert.registry import apply_block
from ccxx_cert.state import ObservedBlock
from ccxx_core.hashes import BlockHash, format_hash, parse_txid
from ccxx_core.transaction import OutPoint, Transaction, TxOutput
from ccxx_node.client.rpc import NodeClient, RpcError
from ccxx_wallet.registry_store import Overlay, StoredRegistry
from ccxx_wallet.store import SentTransaction
from ccxx_wallet.wallet import Wallet

# A pool larger than this is not read whole: then only what this wallet sent is known.
MOST_POOL_TRANSACTIONS = 5_000
# An input is gone: another transaction spent it.
_NEVER_AGAIN = ("missing-inputs", "missing inputs", "missingorspent", "conflict")


def read_pool(client: NodeClient, tries: int = 5) -> list[Transaction]:
    """Return the node's unconfirmed transactions, parents before children."""
    txids = [parse_txid(text) for text in client.call("getrawmempool")]
    if len(txids) > MOST_POOL_TRANSACTIONS:
        return []
    try:
        found = client.batch([("getrawtransaction", (format_hash(txid), 0)) for txid in txids])
    except RpcError:
        if tries == 1:
            raise
        # One left the pool between the two calls: look again.
        return read_pool(client, tries - 1)
    return in_order(Transaction.decode(bytes.fromhex(raw)) for raw in found)


def in_order(transactions: Iterable[Transaction]) -> list[Transaction]:
    """Put parents before children."""
    waiting = {tx.txid: tx for tx in transactions}
    ordered: list[Transaction] = []
    while waiting:
        ready = [
            tx
            for tx in waiting.values()
            if not any(tx_input.prevout.txid in waiting for tx_input in tx.inputs)
        ]
        ordered += ready
        for tx in ready:
            del waiting[tx.txid]
    return ordered


def rebroadcast(wallet: Wallet, client: NodeClient, pool: Sequence[Transaction]) -> None:
    """Send again what the pool lost; forget what can no longer be mined."""
    known = {tx.txid for tx in pool}
    for sent in wallet.store.sent():
        if sent.mined_height is None and sent.transaction.txid not in known:
            _send_again(wallet, client, sent)


def _send_again(wallet: Wallet, client: NodeClient, sent: SentTransaction) -> None:
    try:
        client.send(sent.transaction)
    except RpcError as error:
        # Other refusals pass: the pool may be full now, or our parent not be there yet.
        if any(reason in error.message.lower() for reason in _NEVER_AGAIN):
            with wallet.store.transaction():
                wallet.store.remove_sent(sent.transaction.txid)


def look_ahead(wallet: Wallet, pending: Sequence[Transaction]) -> Overlay:
    """Return the registry as it will be when the pending transactions are in the next block."""
    registry = StoredRegistry(wallet.store)
    tip = wallet.store.tip()
    if wallet.anchor is None or tip is None or not pending:
        return Overlay(registry)
    median_time = wallet.store.tip_median_time()
    block = ObservedBlock(
        height=tip[0] + 1,
        hash=BlockHash(bytes(32)),
        time=median_time,
        median_time_past=median_time,
        transactions=tuple(pending),
    )
    return Overlay(registry, apply_block(registry, wallet.anchor, block).changes)


def output_finder(
    client: NodeClient, pending: Sequence[Transaction]
) -> Callable[[OutPoint], TxOutput | None]:
    """Return a function that finds an unspent output in the pool or asks the node for it."""
    outputs = {
        OutPoint(tx.txid, vout): output for tx in pending for vout, output in enumerate(tx.outputs)
    }

    def find(outpoint: OutPoint) -> TxOutput | None:
        if outpoint in outputs:
            return outputs[outpoint]
        found = client.call("gettxout", format_hash(outpoint.txid), outpoint.vout, False)
        if found is None:
            return None
        script = bytes.fromhex(found["scriptPubKey"]["hex"])
        return TxOutput(int(found["value"] * 100_000_000), script)

    return find
