"""Reading the chain into a wallet: every block is applied as it comes and undone if it goes.

One block changes coins, registry and journal in one database transaction, so a crash leaves the
wallet at some block, never between two.
"""

from collections.abc import Sequence

from ccxx_cert.registry import apply_block
from ccxx_cert.state import ObservedBlock
from ccxx_cert.trust import TrustAnchor
from ccxx_core.hashes import Txid
from ccxx_core.transaction import OutPoint, Transaction
from ccxx_node.client.follow import BlockConnected, ChainEvent, catch_up
from ccxx_node.client.rpc import NodeClient
from ccxx_wallet.coin_selection import PlainCoin
from ccxx_wallet.registry_store import StoredRegistry
from ccxx_wallet.screen import ProgressReport
from ccxx_wallet.store import Store
from ccxx_wallet.watch import WatchedScripts

# Blocks between two durable points; what a crash loses is read again.
_BLOCKS_PER_COMMIT = 500


class Scanner:
    """Keeps one store at the node's tip."""

    def __init__(self, store: Store, watched: WatchedScripts, anchor: TrustAnchor | None) -> None:
        self._store = store
        self._watched = watched
        self._anchor = anchor
        self._registry = StoredRegistry(store)
        self._load()

    def catch_up(self, client: NodeClient, start_height: int, report: ProgressReport) -> int:
        """Apply and undo blocks until the node's tip is reached; return how many there were."""
        done = 0
        total = client.block_count() - (self._store.tip() or (start_height, b""))[0]
        with self._store.transaction():
            self._load()
            for event in catch_up(client, self._store, start_height):
                self.apply(event)
                done += 1
                if done % _BLOCKS_PER_COMMIT == 0:
                    self._store.commit_and_continue()
                report(done, total)
        return done

    def rewind(self, height: int) -> None:
        """Undo blocks until the tip is at most at a height."""
        with self._store.transaction():
            while (tip := self._store.tip()) is not None and tip[0] > height:
                self._disconnect(tip[0])

    def apply(self, event: ChainEvent) -> None:
        """Apply one event; inside a transaction of the store."""
        if isinstance(event, BlockConnected):
            self._connect(event)
        else:
            self._disconnect(event.height)

    def _connect(self, event: BlockConnected) -> None:
        for tx in event.block.transactions:
            self._connect_coins(tx, event.height)
            self._connect_sent(tx, event.height)
        journal = self._connect_registry(event)
        self._store.add_block(event.height, event.hash, event.median_time_past, journal)

    def _connect_coins(self, tx: Transaction, height: int) -> None:
        for tx_input in tx.inputs:
            if tx_input.prevout in self._coins:
                self._store.spend_coin(tx_input.prevout, height)
                self._coins.discard(tx_input.prevout)
        for vout, output in enumerate(tx.outputs):
            if self._watched.is_plain(output.script_pubkey):
                outpoint = OutPoint(tx.txid, vout)
                self._store.add_coin(
                    PlainCoin(outpoint, output.value, output.script_pubkey, height, tx.is_coinbase)
                )
                self._coins.add(outpoint)
                self._watched.mark_used(output.script_pubkey)

    def _connect_sent(self, tx: Transaction, height: int) -> None:
        """Notice what we sent in its block, and what another transaction made impossible."""
        if self._unmined.pop(tx.txid, None) is not None:
            self._store.mark_mined(tx.txid, height)
        if self._unmined:
            spent = {tx_input.prevout for tx_input in tx.inputs}
            self._lose(
                [txid for txid, prevouts in self._unmined.items() if spent & prevouts], height
            )

    def _lose(self, txids: Sequence[Txid], height: int) -> None:
        """Give up transactions whose coins are gone, and all that spends what they would make."""
        for txid in txids:
            if self._unmined.pop(txid, None) is not None:
                self._store.mark_lost(txid, height)
                parents = {each: {at.txid for at in of} for each, of in self._unmined.items()}
                self._lose([each for each, of in parents.items() if txid in of], height)

    def _connect_registry(self, event: BlockConnected) -> list[list[str | None]] | None:
        if self._anchor is None or event.height < self._anchor.root_height:
            return None
        observed = ObservedBlock(
            height=event.height,
            hash=event.hash,
            time=event.block.header.time,
            median_time_past=event.median_time_past,
            transactions=event.block.transactions,
        )
        result = apply_block(self._registry, self._anchor, observed)
        self._watched.mark_holders(result.changes)
        return self._registry.apply(result.changes) or None

    def _disconnect(self, height: int) -> None:
        journal = self._store.remove_tip()
        if journal is not None:
            self._registry.undo(journal)
        self._store.undo_coins(height)
        self._store.unmark_mined(height)
        self._load()

    def _load(self) -> None:
        self._coins = self._store.coin_outpoints()
        self._unmined = {
            sent.transaction.txid: {tx_input.prevout for tx_input in sent.transaction.inputs}
            for sent in self._store.sent()
            if sent.mined_height is None
        }
