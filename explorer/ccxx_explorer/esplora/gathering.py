"""Gather transactions with the coins they spend: from the index, the pool, or the node itself.

Whoever asks for both takes the pool first and looks into the index after it: a transaction that a
block takes meanwhile is then seen twice rather than not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection

from ccxx_core.hashes import Txid
from ccxx_core.transaction import OutPoint, Transaction, TxOutput
from ccxx_explorer.database import esplora, reader
from ccxx_explorer.database.pending import coins_at
from ccxx_explorer.database.rows import TransactionRow
from ccxx_explorer.esplora.parameters import no_transaction, node_away
from ccxx_explorer.facts.esplora import EsploraTransaction
from ccxx_explorer.pending import PendingTransaction, PoolSnapshot
from ccxx_explorer.site import Site
from ccxx_explorer.views.esplora import SeenTransaction, esplora_transaction


def confirmed(connection: Connection, rows: Sequence[TransactionRow]) -> Iterator[SeenTransaction]:
    """Add the spent coins and the block to transactions of the best chain."""
    places = esplora.places_of(connection, (row.height for row in rows))
    spending = [row.number for row in rows if not row.transaction.is_coinbase]
    coins = esplora.coins_spent_by(connection, spending)
    for row in rows:
        tx = row.transaction
        prevouts = [each.prevout for each in tx.inputs]
        spent = dict(zip(prevouts, coins.get(row.number, ()), strict=False))
        yield SeenTransaction(tx, places[row.height], spent)


def pending(transactions: Iterable[PendingTransaction]) -> Iterator[SeenTransaction]:
    """Take unconfirmed transactions as the pool knows them."""
    for each in transactions:
        yield SeenTransaction(each.transaction, None, each.prevouts, each.fee)


def known_pool(site: Site) -> PoolSnapshot:
    """Give the pool; raises PageError while nobody knows it."""
    return known(site.pool())


def known(pool: PoolSnapshot) -> PoolSnapshot:
    """Give back a pool that somebody knows; raises PageError for any other.

    To a wallet an empty pool would say that its payment is gone and its coins are free.
    """
    if pool.is_stale:
        raise node_away()
    return pool


def find_transaction(site: Site, connection: Connection, txid: Txid) -> SeenTransaction:
    """Find a transaction wherever it is; raises PageError where nobody has it."""
    pool = site.pool()
    row = reader.transaction_of_id(connection, txid)
    if row is not None:
        return next(confirmed(connection, [row]))
    known = pool.transactions.get(txid)
    if known is not None:
        return next(pending([known]))
    tx = pending_transaction(site, txid)
    return SeenTransaction(tx, None, dict(_coins_of(connection, pool, tx)))


def pending_transaction(site: Site, txid: Txid) -> Transaction:
    """Find a transaction that no block has; raises PageError where there is none, or none knows."""
    tx = site.pending_transaction(txid)
    if tx is not None:
        return tx
    raise node_away() if site.pool().is_stale else no_transaction()


def still_pending(
    connection: Connection, pool: PoolSnapshot, script_hash: bytes
) -> list[PendingTransaction]:
    """Give what waits in the pool for a script, newest first."""
    txids = pool.by_script.get(script_hash, ())[::-1]
    done = esplora.confirmed_among(connection, txids)
    return [pool.transactions[txid] for txid in txids if txid not in done]


def draw(site: Site, seen: Iterable[SeenTransaction]) -> tuple[EsploraTransaction, ...]:
    """Draw transactions as Esplora shows them."""
    return tuple(esplora_transaction(each, site.network) for each in seen)


def _coins_of(
    connection: Connection, pool: PoolSnapshot, tx: Transaction
) -> Iterator[tuple[OutPoint, TxOutput]]:
    prevouts = [each.prevout for each in tx.inputs]
    yield from coins_at(connection, prevouts).items()
    for outpoint in prevouts:
        if (output := pool.output_at(outpoint)) is not None:
            yield outpoint, output
