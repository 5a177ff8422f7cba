"""The key-value interface on RocksDB, for platforms that have no LevelDB wheels."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import cast

import rocksdict

from ccxx_node.chainstate.errors import StorageError, database_error

Pair = tuple[bytes, bytes]


def open_database(folder: Path, remedy: str, cache_bytes: int) -> "RocksDatabase":
    """Open or create a database; raises StorageError, CorruptionError if it is damaged."""
    return RocksDatabase(folder, remedy, cache_bytes)


class RocksDatabase:
    """One RocksDB folder."""

    def __init__(self, folder: Path, remedy: str, cache_bytes: int) -> None:
        self._folder = folder
        self._remedy = remedy
        self._failed = False
        self._closed = False
        options = rocksdict.Options(raw_mode=True)
        options.create_if_missing(True)
        options.set_write_buffer_size(max(4 << 20, cache_bytes // 4))
        options.set_keep_log_file_num(1)
        self._sync = rocksdict.WriteOptions()
        self._sync.sync = True
        try:
            self._database = rocksdict.Rdict(str(folder), options)
        except Exception as error:  # rocksdict raises bare Exception
            raise database_error(folder, remedy, error) from error

    def get(self, key: bytes) -> bytes | None:
        """Read one value."""
        try:
            value: bytes | None = self._database.get(key)
        except Exception as error:
            raise database_error(self._folder, self._remedy, error) from error
        return value

    def iterate(self, prefix: bytes = b"") -> Iterator[Pair]:
        """Give the pairs whose key starts with ``prefix``, in key order."""
        return self.snapshot().iterate(prefix)

    def write_batch(self, puts: Iterable[Pair], deletes: Iterable[bytes] = ()) -> None:
        """Write and delete atomically and durably."""
        if self._failed:
            raise StorageError(f"an earlier write to {self._folder} failed: start the node again")
        batch = rocksdict.WriteBatch(raw_mode=True)
        for key, value in puts:
            batch.put(key, value)
        for key in deletes:
            batch.delete(key)
        try:
            self._database.write(batch, self._sync)
        except Exception as error:
            self._failed = True
            raise database_error(self._folder, self._remedy, error) from error

    def snapshot(self) -> "RocksSnapshot":
        """Hold on to the present state."""
        return RocksSnapshot(self)

    def close(self) -> None:
        """Close the database."""
        if not self._closed:
            self._closed = True
            self._database.close()

    def _error(self, error: Exception) -> StorageError:
        return database_error(self._folder, self._remedy, error)


class RocksSnapshot:
    """The pairs as they were at one moment; one iteration at a time.

    An iterator sees the moment at which it was made. The binding's own snapshots cannot be used:
    their iterators see later writes.
    """

    def __init__(self, database: RocksDatabase) -> None:
        self._owner = database
        self._iterator: rocksdict.RdictIter | None = database._database.iter()

    def iterate(self, prefix: bytes = b"") -> Iterator[Pair]:
        """Give the pairs whose key starts with ``prefix``, in key order."""
        iterator = self._iterator
        if iterator is None:
            raise StorageError("the snapshot is closed")
        try:
            iterator.seek(prefix)
            while iterator.valid():
                key, value = cast(Pair, (iterator.key(), iterator.value()))
                if not key.startswith(prefix):
                    return
                yield key, value
                iterator.next()
            iterator.status()
        except Exception as error:
            raise self._owner._error(error) from error

    def close(self) -> None:
        """Let the database forget the moment."""
        self._iterator = None
