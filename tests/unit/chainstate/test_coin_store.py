"""Coins in the dict and in the database behave as one set."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccxx_core.errors import DecodeError
from ccxx_core.hashes import BlockHash, Txid
from ccxx_core.transaction import OutPoint
from ccxx_node.chainstate.coin_codec import decode_coin, decode_undo, encode_coin, encode_undo
from ccxx_node.chainstate.coin_store import CoinStore
from ccxx_node.consensus.coins import BlockUndo, Coin

CACHE = 1 << 20
HERE = BlockHash(b"\1" * 32)
THERE = BlockHash(b"\2" * 32)
COIN = Coin(5000, b"\x51", 7, False)
OTHER = Coin(1, b"", 8, True)
POINT = OutPoint(Txid(b"\xaa" * 32), 1)

coins = st.builds(
    Coin,
    st.integers(0, 21_000_000 * 10**8),
    st.binary(max_size=300),
    st.integers(0, 2**31 - 1),
    st.booleans(),
)


@given(coins)
def test_coin_is_read_back(coin: Coin) -> None:
    assert decode_coin(encode_coin(coin)) == coin


@given(st.lists(st.lists(coins, max_size=4).map(tuple), max_size=4).map(tuple))
def test_undo_is_read_back(spent: tuple[tuple[Coin, ...], ...]) -> None:
    assert decode_undo(encode_undo(BlockUndo(spent))) == BlockUndo(spent)


@given(st.binary(max_size=80))
def test_hostile_bytes_raise_nothing_but_decode_errors(data: bytes) -> None:
    for decode in (decode_coin, decode_undo):
        try:
            decode(data)
        except DecodeError:
            continue


def stored(folder: Path) -> dict[OutPoint, Coin]:
    store = CoinStore(folder, CACHE)
    found = dict(store.iterate())
    store.close()
    return found


def test_flushed_coin_and_best_block_are_there_after_closing(tmp_path: Path) -> None:
    store = CoinStore(tmp_path, CACHE)
    store.connect({POINT: COIN}, HERE)
    store.flush()
    store.close()

    store = CoinStore(tmp_path, CACHE)

    assert store.best_block == HERE
    assert store.get_coin(POINT) == COIN
    store.close()


def test_coin_that_was_not_flushed_is_gone_with_its_block(tmp_path: Path) -> None:
    store = CoinStore(tmp_path, CACHE)
    store.connect({}, HERE)
    store.flush()
    store.connect({POINT: COIN}, THERE)
    store.close()

    store = CoinStore(tmp_path, CACHE)

    assert store.best_block == HERE
    assert store.get_coin(POINT) is None
    store.close()


def test_coin_spent_before_it_is_flushed_never_reaches_the_database(tmp_path: Path) -> None:
    store = CoinStore(tmp_path, CACHE)
    store.connect({POINT: COIN}, HERE)
    store.connect({POINT: None}, THERE)
    assert store.get_coin(POINT) is None
    store.flush()
    store.close()

    assert stored(tmp_path) == {}


def test_coin_spent_after_it_was_flushed_leaves_the_database(tmp_path: Path) -> None:
    store = CoinStore(tmp_path, CACHE)
    store.connect({POINT: COIN}, HERE)
    store.flush()
    assert store.get_coin(POINT) == COIN
    store.connect({POINT: None}, THERE)
    assert store.get_coin(POINT) is None
    store.flush()
    store.close()

    assert stored(tmp_path) == {}


def test_coin_made_again_after_it_was_spent_replaces_the_stored_one(tmp_path: Path) -> None:
    store = CoinStore(tmp_path, CACHE)
    store.connect({POINT: COIN}, HERE)
    store.flush()
    store.connect({POINT: None}, THERE)
    store.connect({POINT: OTHER}, HERE)
    store.connect({POINT: None}, THERE)
    store.flush()
    store.close()

    assert stored(tmp_path) == {}


def test_taking_a_block_back_restores_and_removes(tmp_path: Path) -> None:
    made = OutPoint(POINT.txid, 2)
    store = CoinStore(tmp_path, CACHE)
    store.connect({POINT: COIN}, HERE)
    store.flush()
    store.get_coin(POINT)
    store.connect({POINT: None, made: OTHER}, THERE)
    store.flush()

    store.disconnect({POINT: COIN, made: None}, HERE)
    assert (store.get_coin(POINT), store.get_coin(made)) == (COIN, None)
    store.flush()
    store.close()

    assert stored(tmp_path) == {POINT: COIN}


def test_full_cache_keeps_only_its_younger_half_after_a_flush(tmp_path: Path) -> None:
    store = CoinStore(tmp_path, cache_bytes=0)
    changes: dict[OutPoint, Coin | None] = {OutPoint(POINT.txid, i): COIN for i in range(1500)}
    store.connect(changes, HERE)
    assert store.is_full

    store.flush()

    assert not store.is_full
    assert all(store.get_coin(outpoint) == COIN for outpoint in changes)
    store.close()


@pytest.mark.parametrize("vouts", [[0, 1, 255, 256, 70000]])
def test_coins_come_by_transaction_and_position(tmp_path: Path, vouts: list[int]) -> None:
    ids = [Txid(bytes([first]) * 32) for first in (3, 1, 2)]
    store = CoinStore(tmp_path, CACHE)
    store.connect({OutPoint(txid, v): COIN for txid in ids for v in reversed(vouts)}, HERE)
    store.flush()

    found = [outpoint for outpoint, _ in store.iterate()]

    assert found == [OutPoint(txid, v) for txid in sorted(ids) for v in vouts]
    store.close()
