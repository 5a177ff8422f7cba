"""How the two kinds of databases are reached, and how a second writer is kept out.

SQLite is a file with a write-ahead log, PostgreSQL a server named by its URL. In both a reader sees
one state of the index for as long as it reads.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from ccxx_explorer.problems import ExplorerError

# Of this program alone: PostgreSQL's advisory locks have numbers for names.
_LOCK_NUMBER = 0x43435858
_CONNECT_SECONDS = 5
_POSTGRESQL = ("postgresql", "postgres")


def parse_database(where: str | Path) -> URL:
    """Read a `--database`: a URL of PostgreSQL, else a file; raises ExplorerError."""
    named = str(where)
    scheme, separator, _ = named.partition("://")
    if not separator:
        return URL.create("sqlite", database=named)
    try:
        url = make_url(named)
    except (ArgumentError, ValueError):
        raise ExplorerError("the URL of --database cannot be read: check its parts") from None
    if scheme.partition("+")[0] not in _POSTGRESQL:
        raise ExplorerError(
            f"--database takes a file or postgresql://user@host/name, not {scheme}://"
        )
    return url.set(drivername="postgresql+psycopg")


def open_engine(url: URL) -> Engine:
    """Make the connections to a database; none is opened yet. Raises ExplorerError."""
    if url.get_backend_name() == "sqlite":
        Path(url.database or "").parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(url)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    try:
        return create_engine(
            url,
            # A page of several questions is about one block; the server may have been restarted.
            isolation_level="REPEATABLE READ",
            pool_pre_ping=True,
            pool_size=20,
            max_overflow=20,
            connect_args={
                "connect_timeout": _CONNECT_SECONDS,
                "application_name": "ccxx-explorer",
            },
        )
    except ImportError:
        raise ExplorerError(
            "PostgreSQL needs one package more: pip install 'ccxx[postgresql]'"
        ) from None


def _begin_sqlite(connection: Connection) -> None:
    # Python's driver begins only before it writes: a page would see several states of the index.
    connection.exec_driver_sql("BEGIN")


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # With a write-ahead log NORMAL may lose the last blocks, never integrity: they are read again.
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA busy_timeout=5000")
    cursor.execute("PRAGMA cache_size=-65536")
    cursor.close()


def name_of(url: URL) -> str:
    """Return how people name a database: its file, or its URL without the password."""
    if url.get_backend_name() == "sqlite":
        return url.database or ""
    return url.set(drivername="postgresql").render_as_string(hide_password=True)


class WriterLock(Protocol):
    """What the one process that writes holds; it ends with the process, however that ends."""

    def hold(self) -> None:
        """Take the lock, or see that it is held still; raises ExplorerError if another has it."""

    def release(self) -> None:
        """Let another process write."""


def writer_lock(engine: Engine) -> WriterLock:
    """Return the lock that belongs to a database; it is not held yet."""
    if engine.dialect.name == "sqlite":
        return _FileLock(f"{engine.url.database}.writer")
    return _AdvisoryLock(engine)


def _refuse(name: str) -> ExplorerError:
    return ExplorerError(
        f"another ccxx-explorer writes to the index {name}: stop it, or serve with --no-index"
    )


class _FileLock:
    """A file beside the index that SQLite locks: on every system, and gone with the process."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def hold(self) -> None:
        if self._connection is not None:
            return
        connection = sqlite3.connect(
            self._path, timeout=0, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            connection.close()
            if "locked" in str(error):
                raise _refuse(self._path.removesuffix(".writer")) from None
            raise ExplorerError(f"the file {self._path} cannot be used: {error}") from None
        self._connection = connection

    def release(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class _AdvisoryLock:
    """A lock that PostgreSQL gives to one session, and frees when the session ends."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._connection: Connection | None = None

    def hold(self) -> None:
        if self._connection is not None:
            try:
                self._connection.execute(text("SELECT 1"))
                return
            except SQLAlchemyError:
                # The server was away: what another process did meanwhile is not known.
                self.release()
        connection = self._engine.connect()
        query = text("SELECT pg_try_advisory_lock(:number)")
        if not connection.execute(query, {"number": _LOCK_NUMBER}).scalar():
            connection.close()
            raise _refuse(name_of(self._engine.url))
        self._connection = connection

    def release(self) -> None:
        if self._connection is not None:
            # The session is closed, not given back to the pool: the lock is the session's.
            with suppress(SQLAlchemyError):
                self._connection.invalidate()
                self._connection.close()
            self._connection = None
