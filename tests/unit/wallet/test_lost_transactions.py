"""What was sent is remembered until a block spends one of its own coins otherwise."""

from pathlib import Path

from ccxx_core.block import Block, BlockHeader
from ccxx_core.hashes import BlockHash, Txid
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_node.client.follow import BlockConnected, BlockDisconnected
from ccxx_wallet.scanner import Scanner
from ccxx_wallet.store import Store
from ccxx_wallet.watch import WatchedScripts

COIN = OutPoint(Txid(bytes([1]) * 32), 0)
OTHER = OutPoint(Txid(bytes([2]) * 32), 0)


def spend(*coins: OutPoint, value: int = 1_000) -> Transaction:
    return Transaction(2, tuple(map(TxInput, coins)), (TxOutput(value, b"\x51"),))


SENT = spend(COIN)
CHILD = spend(OutPoint(SENT.txid, 0))
UNRELATED = spend(OutPoint(Txid(bytes([3]) * 32), 0))


def store_with(path: Path, *sent: Transaction) -> Store:
    store = Store(path / "wallet.sqlite")
    with store.transaction():
        for tx in sent:
            store.add_sent(tx, "payment")
    return store


def connect(store: Store, height: int, *txs: Transaction) -> None:
    header = BlockHeader(1, BlockHash(bytes(32)), bytes(32), 0, 0, height)
    with store.transaction():
        Scanner(store, WatchedScripts(store, ()), None).apply(
            BlockConnected(height, BlockHash(bytes([height]) * 32), Block(header, txs), 0)
        )


def waiting(store: Store) -> list[Transaction]:
    return [each.transaction for each in store.sent() if each.mined_height is None]


def test_a_block_that_spends_its_coin_otherwise_ends_it_and_its_children(tmp_path: Path) -> None:
    store = store_with(tmp_path, SENT, CHILD, UNRELATED)

    connect(store, 7, spend(COIN, OTHER))

    assert waiting(store) == [UNRELATED]


def test_a_reorganisation_brings_it_back(tmp_path: Path) -> None:
    store = store_with(tmp_path, SENT, CHILD)
    connect(store, 7, spend(COIN, OTHER))

    with store.transaction():
        Scanner(store, WatchedScripts(store, ()), None).apply(
            BlockDisconnected(7, BlockHash(bytes([7]) * 32))
        )

    assert waiting(store) == [SENT, CHILD]


def test_its_own_block_does_not_end_its_children(tmp_path: Path) -> None:
    store = store_with(tmp_path, SENT, CHILD)

    connect(store, 7, SENT)

    assert waiting(store) == [CHILD]
    assert [each.mined_height for each in store.sent()] == [7, None]


def test_a_strangers_parent_that_is_not_there_ends_nothing(tmp_path: Path) -> None:
    store = store_with(tmp_path, spend(OTHER))

    connect(store, 7, UNRELATED)

    assert waiting(store) == [spend(OTHER)]
