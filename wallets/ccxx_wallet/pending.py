"""What is not in a block yet: own transactions sent, and others in the node's pool that matter.

Nothing here is stored: it is asked of the node anew, so an evicted or replaced transaction simply
is no longer there.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from ccxx_cert.registry import apply_block
from ccxx_cert.state import ObservedBlock
from ccxx_core.hashes import BlockHash, Txid, format_hash, parse_txid
from ccxx_core.transaction import OutPoint, Transaction, TxOutput
from ccxx_node.client.rpc import NodeClient, RpcError
from ccxx_wallet.registry_store import Overlay, StoredRegistry
from ccxx_wallet.wallet import Wallet

# A pool larger than this is not read whole: then only what this wallet sent is known.
MOST_POOL_TRANSACTIONS = 5_000


class Pool:
    """The node's unconfirmed transactions; what was read once is not asked for again.

    `is_whole` tells whether the last reading saw all of them.
    """

    def __init__(self, client: NodeClient) -> None:
        self._client = client
        self._known: dict[Txid, Transaction] = {}
        self.is_whole = True

    def read(self, tries: int = 5) -> list[Transaction]:
        """Return them, parents before children; none of a pool that is too large."""
        txids = [parse_txid(text) for text in self._client.call("getrawmempool")]
        self.is_whole = len(txids) <= MOST_POOL_TRANSACTIONS
        if not self.is_whole:
            self._known = {}
            return []
        new = [txid for txid in txids if txid not in self._known]
        calls = [("getrawtransaction", (format_hash(txid), 0)) for txid in new]
        try:
            found = self._client.batch(calls) if calls else []
        except RpcError:
            if tries == 1:
                raise
            # One left the pool between the two calls: look again.
            return self.read(tries - 1)
        known = self._known
        known |= {
            txid: Transaction.decode(bytes.fromhex(raw))
            for txid, raw in zip(new, found, strict=True)
        }
        self._known = {txid: known[txid] for txid in txids}
        return in_order(self._known.values())


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
    """Send again what the pool lost.

    A refusal passes: the pool may be full, or a parent of somebody else's not be there any more. It
    is sent again until a block holds it, or a block spends one of its coins otherwise.
    """
    known = {tx.txid for tx in pool}
    for sent in wallet.store.sent():
        if sent.mined_height is None and sent.transaction.txid not in known:
            with suppress(RpcError):
                client.send(sent.transaction)


def own_waiting(wallet: Wallet, pool: Sequence[Transaction]) -> list[Transaction]:
    """Return what this wallet sent that is in no block, but for what the pool is about to spend."""
    in_pool = {tx.txid for tx in pool}
    taken = {tx_input.prevout for tx in pool for tx_input in tx.inputs}
    waiting: list[Transaction] = []
    beaten: set[Txid] = set()
    for sent in wallet.store.sent():
        tx = sent.transaction
        if sent.mined_height is not None or tx.txid in in_pool:
            continue
        prevouts = {tx_input.prevout for tx_input in tx.inputs}
        if prevouts & taken or beaten & {prevout.txid for prevout in prevouts}:
            beaten.add(tx.txid)
        else:
            waiting.append(tx)
    return waiting


def look_ahead(wallet: Wallet, pending: Sequence[Transaction]) -> Overlay:
    """Return the registry as it will be when the pending transactions are in the next block."""
    return look_further(wallet, Overlay(StoredRegistry(wallet.store)), pending)


def look_further(wallet: Wallet, ahead: Overlay, pending: Sequence[Transaction]) -> Overlay:
    """Return a registry that looks ahead with some more transactions in the next block."""
    tip = wallet.store.tip()
    if wallet.anchor is None or tip is None or not pending:
        return ahead
    median_time = wallet.store.tip_median_time()
    block = ObservedBlock(
        height=tip[0] + 1,
        hash=BlockHash(bytes(32)),
        time=median_time,
        median_time_past=median_time,
        transactions=tuple(pending),
    )
    return ahead.extended(apply_block(ahead, wallet.anchor, block).changes)


def output_finder(
    client: NodeClient, pending: Sequence[Transaction]
) -> Callable[[OutPoint], TxOutput | None]:
    """Return a function that finds an unspent output in the pool or asks the node for it."""
    waiting = {tx.txid: tx.outputs for tx in pending}

    def find(outpoint: OutPoint) -> TxOutput | None:
        outputs = waiting.get(outpoint.txid, ())
        if outpoint.vout < len(outputs):
            return outputs[outpoint.vout]
        found = client.call("gettxout", format_hash(outpoint.txid), outpoint.vout, False)
        if found is None:
            return None
        script = bytes.fromhex(found["scriptPubKey"]["hex"])
        return TxOutput(int(found["value"] * 100_000_000), script)

    return find
