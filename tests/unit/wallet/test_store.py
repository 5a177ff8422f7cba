"""The store outlives its own older versions, two commands at once, and a crash."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from ccxx_core.hashes import BlockHash, Txid
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_wallet.coin_selection import PlainCoin
from ccxx_wallet.drafts import Drafts
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.registry_store import Overlay, StoredRegistry
from ccxx_wallet.store import Draft, Store, StoredDocument
from ccxx_wallet.store_schema import SCHEMA_VERSION

COIN = PlainCoin(OutPoint(Txid(bytes([1]) * 32), 0), 50_000, b"\x00\x14" + bytes(20), 7)
TX = Transaction(2, (TxInput(COIN.outpoint),), (TxOutput(1_000, b"\x51"),), 0)
DOCUMENT = StoredDocument(bytes(32), "degree.json", "application/json", b"{}")


def make_version_1(path: Path) -> None:
    """Turn a new store into one as the first version wrote it."""
    with sqlite3.connect(path) as db:
        db.execute("drop table drafts")
        db.execute("drop table frozen")
        db.execute("drop table lost")
        db.execute("alter table labels rename to new_labels")
        db.execute(
            "create table labels (subject text primary key, label text not null) without rowid"
        )
        db.execute("insert into labels select ref, label from new_labels")
        db.execute("drop table new_labels")
        db.execute(
            "create table reserved (txid blob not null, vout integer not null, draft text not null,"
            " primary key (txid, vout)) without rowid"
        )
        db.execute("insert into reserved values (?, 0, 'old.psbt')", (bytes(32),))
        db.execute("pragma user_version = 1")


def columns(path: Path) -> set[tuple[str, str]]:
    with sqlite3.connect(path) as db:
        return set(db.execute("select name, coalesce(sql, '') from sqlite_master"))


def test_a_store_of_version_1_keeps_what_it_knows(tmp_path: Path) -> None:
    path = tmp_path / "wallet.sqlite"
    store = Store(path)
    with store.transaction():
        store.add_coin(COIN)
        store.add_sent(TX, "payment")
        store.add_document(DOCUMENT)
        store.set_label("pubkey", "key", "Ada")
    store.close()
    make_version_1(path)

    store = Store(path)

    assert store.coins() == [COIN]
    assert [each.transaction for each in store.sent()] == [TX]
    assert store.document(DOCUMENT.hash) == DOCUMENT
    assert store.labels("pubkey") == {"key": "Ada"}
    assert store.drafts() == []


def test_an_upgraded_store_is_like_a_new_one(tmp_path: Path) -> None:
    old, new = tmp_path / "old.sqlite", tmp_path / "new.sqlite"
    for path in (old, new):
        Store(path).close()
    make_version_1(old)

    store = Store(old)
    with store.transaction():
        store.add_draft(Draft(TX, "payment", "pay.psbt"))
    store.close()

    assert columns(old) == columns(new)
    assert sqlite3.connect(old).execute("pragma user_version").fetchone() == (SCHEMA_VERSION,)


def test_an_upgrade_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "wallet.sqlite"
    Store(path).close()
    make_version_1(path)
    with sqlite3.connect(path) as db:
        db.execute("create table drafts (in_the_way integer)")
    before = columns(path)

    with pytest.raises(WalletError):
        Store(path)

    assert columns(path) == before


def test_a_store_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "wallet.sqlite"
    Store(path).close()
    with sqlite3.connect(path) as db:
        db.execute(f"pragma user_version = {SCHEMA_VERSION + 1}")

    with pytest.raises(WalletError) as error:
        Store(path)

    assert error.value.refusal is Refusal.DAMAGED_STORE


def test_undoing_a_block_gives_back_what_it_spent_and_takes_what_it_made(tmp_path: Path) -> None:
    store = Store(tmp_path / "wallet.sqlite")
    made = PlainCoin(OutPoint(TX.txid, 0), 1_000, b"\x51", 9)
    with store.transaction():
        store.add_coin(COIN)
        store.add_block(9, BlockHash(bytes(32)), 0, None)
        store.spend_coin(COIN.outpoint, 9)
        store.add_coin(made)
        store.add_sent(TX, "payment")
        store.mark_mined(TX.txid, 9)

    with store.transaction():
        store.remove_tip()
        store.undo_coins(9)
        store.unmark_mined(9)

    assert store.coins() == [COIN]
    assert store.sent()[0].mined_height is None
    assert store.tip() is None


def test_a_draft_made_meanwhile_by_another_command_is_not_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "wallet.sqlite"
    store, other = Store(path), Store(path)
    drafts = Drafts(store, Overlay(StoredRegistry(store)))
    with other.transaction():
        other.add_draft(Draft(replace(TX, locktime=1), "payment", "first.psbt"))

    with pytest.raises(WalletError) as error, store.transaction():
        drafts.remember(Draft(TX, "payment", "second.psbt"))

    assert error.value.refusal is Refusal.RESERVED
    assert [each.file for each in store.drafts()] == ["first.psbt"]


def test_a_draft_that_was_known_may_share_its_coin(tmp_path: Path) -> None:
    store = Store(tmp_path / "wallet.sqlite")
    with store.transaction():
        store.add_draft(Draft(replace(TX, locktime=1), "payment", "first.psbt"))
    drafts = Drafts(store, Overlay(StoredRegistry(store)))

    with store.transaction():
        drafts.remember(Draft(TX, "payment", "second.psbt"))

    assert len(store.drafts()) == 2


def test_a_label_without_words_is_taken_off(tmp_path: Path) -> None:
    store = Store(tmp_path / "wallet.sqlite")
    with store.transaction():
        store.set_label("tx", "00", "rent")
        store.set_label("addr", "00", "landlord")

    with store.transaction():
        store.set_label("tx", "00", "")

    assert store.labels("tx") == {}
    assert store.labels("addr") == {"00": "landlord"}


def test_what_blocks_say_is_adopted_and_the_rest_stays(tmp_path: Path) -> None:
    store, path = Store(tmp_path / "wallet.sqlite"), tmp_path / "fresh.sqlite"
    with store.transaction():
        store.set_fact("birthday", "9")
        store.add_coin(COIN)
        store.add_sent(TX, "payment")
        store.mark_mined(TX.txid, 8)
        store.set_label("tx", "00", "rent")
    fresh = Store(path)
    store.copy_to(path, with_chain=False)
    with fresh.transaction():
        fresh.set_fact("birthday", "3")
        fresh.add_block(3, BlockHash(bytes(32)), 0, None)
        fresh.mark_mined(TX.txid, 3)

    store.adopt(path)

    assert store.fact("birthday") == "3"
    assert store.coins() == []
    assert store.tip() == (3, bytes(32))
    assert store.sent()[0].mined_height == 3
    assert store.labels("tx") == {"00": "rent"}
