"""One file, one owner: what is committed stays, what fails is named, and strangers cannot read."""

import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.sqlite_file import SqliteFile, Tables

TABLES = Tables(
    1, "create table notes (text text primary key);", when_busy="wait", when_damaged="restore"
)
GROWN = replace(
    TABLES,
    version=2,
    sql="create table notes (text text primary key, time integer);",
    upgrades={1: "alter table notes add column time integer;"},
)


def notes(file: SqliteFile) -> list[str]:
    return [row[0] for row in file.execute("select text from notes order by text")]


def add(file: SqliteFile, text: str) -> None:
    file.execute("insert into notes (text) values (?)", (text,))


def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    SqliteFile(tmp_path / "file", TABLES).close()

    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    file = SqliteFile(tmp_path / "file", TABLES)

    with pytest.raises(KeyboardInterrupt), file.transaction():
        add(file, "lost")
        raise KeyboardInterrupt

    assert notes(file) == []


def test_an_inner_transaction_shares_the_fate_of_the_outer_one(tmp_path: Path) -> None:
    file = SqliteFile(tmp_path / "file", TABLES)

    with pytest.raises(KeyboardInterrupt), file.transaction():
        with file.transaction():
            add(file, "lost as well")
        raise KeyboardInterrupt

    assert notes(file) == []


def test_what_a_long_transaction_committed_on_its_way_stays(tmp_path: Path) -> None:
    file = SqliteFile(tmp_path / "file", TABLES)

    with pytest.raises(KeyboardInterrupt), file.transaction():
        add(file, "kept")
        file.commit_and_continue()
        add(file, "lost")
        raise KeyboardInterrupt

    assert notes(file) == ["kept"]


def test_many_may_make_a_new_file_at_once(tmp_path: Path) -> None:
    def write(number: int) -> None:
        file = SqliteFile(tmp_path / "file", TABLES)
        add(file, str(number))
        file.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))

    assert notes(SqliteFile(tmp_path / "file", TABLES)) == [str(number) for number in range(8)]


def test_an_older_file_gets_the_newer_tables_and_keeps_its_rows(tmp_path: Path) -> None:
    file = SqliteFile(tmp_path / "file", TABLES)
    add(file, "kept")
    file.close()

    file = SqliteFile(tmp_path / "file", GROWN)

    assert file.execute("select text, time from notes").fetchall() == [("kept", None)]


def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    SqliteFile(tmp_path / "file", GROWN).close()

    with pytest.raises(WalletError) as error:
        SqliteFile(tmp_path / "file", TABLES)

    assert error.value.refusal is Refusal.DAMAGED_STORE
    assert "upgrade ccxx" in error.value.detail


def test_a_damaged_file_is_named_with_its_remedy(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"no database" * 1000)

    with pytest.raises(WalletError) as error:
        SqliteFile(path, TABLES)

    assert error.value.refusal is Refusal.DAMAGED_STORE
    assert str(path) in error.value.detail
    assert "restore" in error.value.detail


def test_a_file_that_cannot_be_made_is_named_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(WalletError) as error:
        SqliteFile(tmp_path / "missing" / "file", TABLES)

    assert error.value.refusal is Refusal.CANNOT_WRITE
    assert "wait" in error.value.detail


def test_a_fault_while_reading_is_named_as_well(tmp_path: Path) -> None:
    path = tmp_path / "file"
    SqliteFile(path, TABLES).close()
    with sqlite3.connect(path) as other:
        other.execute("drop table notes")

    with pytest.raises(WalletError) as error:
        notes(SqliteFile(path, TABLES))

    assert error.value.refusal is Refusal.CANNOT_WRITE
