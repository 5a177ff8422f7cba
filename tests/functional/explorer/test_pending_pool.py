"""The pool as the explorer reads it from a real node: bounded, resolved, and honest when away."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ccxx_core.address import encode_address
from ccxx_core.hashes import hash160, sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.network import REGTEST
from ccxx_core.script import p2pkh_script, p2wpkh_script
from ccxx_core.sighash import SIGHASH_ALL, segwit_sighash
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_explorer.database.store import Database
from ccxx_explorer.indexer import Indexer
from ccxx_explorer.pending import PendingPool, PoolLimits
from ccxx_node.client.follow import catch_up
from ccxx_node.client.rpc import NodeClient, NodeError, connect
from ccxx_regtest.node import RegtestNode

KEY = PrivateKey(sha256(b"miner"))
KEY_HASH = hash160(KEY.public_key)
SCRIPT = p2wpkh_script(KEY_HASH)
MINER = encode_address(SCRIPT, REGTEST) or ""
MATURITY = 10
FEE = 10_000


@pytest.fixture
def node(tmp_path: Path) -> Iterator[RegtestNode]:
    """A node whose first rewards may be spent."""
    options = (f"-testmaturity={MATURITY}",)
    with RegtestNode(tmp_path / "node", tmp_path / "node.log", options) as running:
        running.mine(MATURITY + 6, MINER)
        yield running


@pytest.fixture
def database(tmp_path: Path, node: RegtestNode) -> Iterator[Database]:
    """An index at the node's tip."""
    made = Database.open(tmp_path / "index.sqlite", REGTEST, None)
    follow(made, node.client)
    yield made
    made.close()


class CountingClient(NodeClient):
    """A client that counts its round trips."""

    trips = 0

    def _post(self, body: Any) -> Any:
        self.trips += 1
        return super()._post(body)


@pytest.fixture
def counting(node: RegtestNode) -> Iterator[CountingClient]:
    """A counting client of the node."""
    cookie = node.datadir / REGTEST.data_folder / ".cookie"
    client = CountingClient(f"http://{node.address}", auth=cookie)
    yield client
    client.close()


def follow(database: Database, client: NodeClient) -> None:
    """Bring the index to the node's tip."""
    indexer = Indexer(database)
    indexer.run(catch_up(client, indexer), threading.Event())


def reward(node: RegtestNode, height: int) -> Transaction:
    """Return the transaction that rewards the miner of a block."""
    return node.client.block(node.client.block_hash(height)).transactions[0]


def spend(parent: Transaction, vout: int = 0, outputs: int = 1) -> Transaction:
    """Spend an output of a transaction back to the miner."""
    value = parent.outputs[vout].value
    paid = TxOutput((value - FEE) // outputs, SCRIPT)
    tx = Transaction(2, (TxInput(OutPoint(parent.txid, vout)),), (paid,) * outputs)
    digest = segwit_sighash(tx, 0, p2pkh_script(KEY_HASH), value, SIGHASH_ALL)
    witness = (KEY.sign(digest) + bytes([SIGHASH_ALL]), KEY.public_key)
    return Transaction(2, (tx.inputs[0]._replace(witness=witness),), tx.outputs)


def test_pool_is_empty_and_stale_until_it_was_read(database: Database) -> None:
    snapshot = PendingPool(database, rest_factor=0).snapshot()

    assert snapshot.is_stale
    assert not snapshot.transactions


def test_transactions_come_with_fee_coins_and_scripts(
    node: RegtestNode, database: Database
) -> None:
    pool = PendingPool(database, rest_factor=0)
    first = spend(reward(node, 1))
    second = spend(first)
    node.client.send(first)
    node.client.send(second)

    pool.refresh(node.client)

    snapshot = pool.snapshot()
    assert not snapshot.is_stale
    assert set(snapshot.transactions) == {first.txid, second.txid}
    assert [each.fee for each in snapshot.transactions.values()] == [FEE, FEE]
    assert all(each.is_resolved for each in snapshot.transactions.values())
    assert set(snapshot.by_script[sha256(SCRIPT)]) == {first.txid, second.txid}
    assert snapshot.spends[OutPoint(first.txid, 0)].txid == second.txid
    assert snapshot.output_at(OutPoint(first.txid, 0)) == first.outputs[0]
    assert snapshot.output_at(OutPoint(first.txid, 7)) is None
    assert snapshot.size == first.vsize + second.vsize


def test_block_takes_transactions_out_of_the_pool(node: RegtestNode, database: Database) -> None:
    pool = PendingPool(database, rest_factor=0)
    node.client.send(spend(reward(node, 1)))
    pool.refresh(node.client)
    before = pool.snapshot()
    node.mine(1, MINER)

    pool.refresh(node.client)

    assert not pool.snapshot().transactions
    assert pool.snapshot().sequence > before.sequence
    assert len(before.transactions) == 1


def test_unchanged_pool_costs_one_round_trip_and_keeps_its_number(
    node: RegtestNode, database: Database, counting: CountingClient
) -> None:
    pool = PendingPool(database, rest_factor=0)
    node.client.send(spend(reward(node, 1)))
    pool.refresh(node.client)
    before = pool.snapshot()

    pool.refresh(counting)

    assert pool.snapshot() is before
    assert counting.trips == 1


def test_many_transactions_are_fetched_in_few_round_trips(
    node: RegtestNode, database: Database, counting: CountingClient
) -> None:
    pool = PendingPool(database, rest_factor=0)
    fan = spend(reward(node, 1), outputs=20)
    for tx in (fan, *(spend(fan, vout) for vout in range(20))):
        node.client.send(tx)

    pool.refresh(counting)

    assert len(pool.snapshot().transactions) == 21
    assert counting.trips == 2


@pytest.mark.parametrize("limits", [PoolLimits(transactions=2), PoolLimits(bytes=0)])
def test_what_does_not_fit_is_counted_and_not_fetched(
    node: RegtestNode, database: Database, limits: PoolLimits
) -> None:
    pool = PendingPool(database, limits, rest_factor=0)
    for height in (1, 2, 3):
        node.client.send(spend(reward(node, height)))

    pool.refresh(node.client)

    snapshot = pool.snapshot()
    assert snapshot.count == 3
    assert snapshot.hidden == (1 if limits.bytes else 3)


def test_coin_unknown_to_the_index_is_found_later(node: RegtestNode, database: Database) -> None:
    pool = PendingPool(database, rest_factor=0)
    node.mine(MATURITY + 1, MINER)
    node.client.send(spend(reward(node, MATURITY + 7)))
    pool.refresh(node.client)
    unresolved = next(iter(pool.snapshot().transactions.values()))

    follow(database, node.client)
    pool.refresh(node.client)

    assert not unresolved.is_resolved
    assert all(each.is_resolved for each in pool.snapshot().transactions.values())


def test_pool_of_a_node_that_went_away_is_empty_and_stale(
    node: RegtestNode, database: Database
) -> None:
    pool = PendingPool(database, rest_factor=0)
    node.client.send(spend(reward(node, 1)))
    pool.refresh(node.client)
    gone = connect("127.0.0.1:1", REGTEST, node.datadir)

    with pytest.raises(NodeError):
        pool.refresh(gone)
    pool.lose()

    assert pool.snapshot().is_stale
    assert not pool.snapshot().transactions
    assert pool.snapshot().count == 0
