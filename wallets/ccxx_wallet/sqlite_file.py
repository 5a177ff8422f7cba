"""One SQLite file that belongs to one owner: opened, upgraded and changed in one way.

Its tables are the business of whoever opens it. Only the owner may read the file, what was
committed survives a power cut, and every fault of SQLite comes out as one WalletError.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ccxx_wallet.errors import Refusal, WalletError


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of a file: SQL that makes them, and what a person does when the file fails.

    `upgrades` holds by version the SQL that makes it the next. No statement may hold a semicolon.
    """

    version: int
    sql: str
    when_busy: str
    when_damaged: str
    upgrades: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))


class SqliteFile:
    """An open file; changes are made inside `transaction()`, statements stand in its callers."""

    def __init__(self, path: Path, tables: Tables) -> None:
        """Open or create a file of mode 0600 with the newest tables.

        Raises WalletError DAMAGED_STORE or CANNOT_WRITE.
        """
        self.path = path
        self._tables = tables
        with self._translated():
            self._db = sqlite3.connect(path, isolation_level=None, timeout=30)
        try:
            self._prepare()
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def execute(self, statement: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run one statement and return its rows; WalletError DAMAGED_STORE or CANNOT_WRITE."""
        try:
            return self._db.execute(statement, values)
        except sqlite3.DatabaseError as error:
            raise self._fault(error) from error

    def executemany(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for many rows; WalletError DAMAGED_STORE or CANNOT_WRITE."""
        with self._translated():
            self._db.executemany(statement, rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Apply all changes made inside, or none of them; nested use joins the outer one.

        Other processes that want to write wait meanwhile.
        """
        if self._db.in_transaction:
            yield
            return
        # Faults of rows that are read inside come out of here as well.
        with self._translated():
            self._db.execute("begin immediate")
            try:
                yield
                self._db.execute("commit")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("rollback")
                raise

    def commit_and_continue(self) -> None:
        """Make what was done so far in a long transaction durable, and go on in a new one."""
        self.execute("commit")
        self.execute("begin immediate")

    def _prepare(self) -> None:
        with self._translated():
            self.path.chmod(0o600)
            self._db.execute("pragma journal_mode = wal")
            # What was signed, sent or drafted must outlive a power failure.
            self._db.execute("pragma synchronous = full")
        if self._version() != self._tables.version:
            with self.transaction():
                self._upgrade()

    def _version(self) -> int:
        return int(self.execute("pragma user_version").fetchone()[0])

    def _upgrade(self) -> None:
        tables = self._tables
        # Another process may have done it while this one waited.
        version = self._version()
        if version > tables.version:
            raise WalletError(
                Refusal.DAMAGED_STORE,
                f"{self.path} was written by a newer version; upgrade ccxx",
            )
        upgrades = [tables.upgrades[old] for old in range(max(1, version), tables.version)]
        for statement in ("".join(upgrades) if version else tables.sql).split(";"):
            self.execute(statement)
        self.execute(f"pragma user_version = {tables.version}")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise self._fault(error) from error

    def _fault(self, error: sqlite3.DatabaseError) -> WalletError:
        if isinstance(error, sqlite3.OperationalError):
            return WalletError(
                Refusal.CANNOT_WRITE, f"cannot use {self.path}: {error}; {self._tables.when_busy}"
            )
        return WalletError(
            Refusal.DAMAGED_STORE,
            f"{self.path} is damaged ({error}); {self._tables.when_damaged}",
        )
