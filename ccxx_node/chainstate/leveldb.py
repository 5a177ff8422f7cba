"""The key-value interface on LevelDB."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import plyvel

from ccxx_node.chainstate.errors import StorageError, database_error

Pair = tuple[bytes, bytes]


def open_database(folder: Path, remedy: str, cache_bytes: int) -> "LevelDatabase":
    """Open or create a database; raises StorageError, CorruptionError if it is damaged."""
    return LevelDatabase(folder, remedy, cache_bytes)


class LevelDatabase:
    """One LevelDB folder."""

    def __init__(self, folder: Path, remedy: str, cache_bytes: int) -> None:
        self._folder = folder
        self._remedy = remedy
        self._failed = False
        try:
            self._database = plyvel.DB(
                str(folder),
                create_if_missing=True,
                # Else a damaged record of the log would be left out, and those behind it kept.
                paranoid_checks=True,
                write_buffer_size=max(4 << 20, cache_bytes // 4),
                lru_cache_size=max(4 << 20, cache_bytes // 2),
                bloom_filter_bits=10,
                max_open_files=64,
            )
        except (plyvel.Error, OSError) as error:
            raise database_error(folder, remedy, error) from error

    def get(self, key: bytes) -> bytes | None:
        """Read one value."""
        try:
            value: bytes | None = self._database.get(key, verify_checksums=True)
        except plyvel.Error as error:
            raise database_error(self._folder, self._remedy, error) from error
        return value

    def iterate(self, prefix: bytes = b"") -> Iterator[Pair]:
        """Give the pairs whose key starts with ``prefix``, in key order."""
        return self._iterate(self._database, prefix)

    def write_batch(self, puts: Iterable[Pair], deletes: Iterable[bytes] = ()) -> None:
        """Write and delete atomically and durably."""
        if self._failed:
            raise StorageError(f"an earlier write to {self._folder} failed: start the node again")
        batch = self._database.write_batch(sync=True)
        put, delete = batch.put, batch.delete
        for key, value in puts:
            put(key, value)
        for key in deletes:
            delete(key)
        try:
            batch.write()
        except plyvel.Error as error:
            # The log may end in half a record now: what is appended behind it could be lost.
            self._failed = True
            raise database_error(self._folder, self._remedy, error) from error

    def snapshot(self) -> "LevelSnapshot":
        """Hold on to the present state."""
        return LevelSnapshot(self)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def _iterate(self, source: Any, prefix: bytes) -> Iterator[Pair]:
        try:
            yield from source.iterator(prefix=prefix, verify_checksums=True)
        except plyvel.Error as error:
            raise database_error(self._folder, self._remedy, error) from error


class LevelSnapshot:
    """The pairs as they were at one moment."""

    def __init__(self, database: LevelDatabase) -> None:
        self._owner = database
        self._snapshot = database._database.snapshot()

    def iterate(self, prefix: bytes = b"") -> Iterator[Pair]:
        """Give the pairs whose key starts with ``prefix``, in key order."""
        return self._owner._iterate(self._snapshot, prefix)

    def close(self) -> None:
        """Let the database forget the moment."""
        self._snapshot.close()
