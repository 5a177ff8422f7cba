"""The small key-value interface under block index, coins and transaction index.

LevelDB (plyvel) where it has wheels, RocksDB (rocksdict) elsewhere. Keys come back in byte order; a
batch is written whole or not at all, and is on the disk when ``write_batch`` returns.
"""

import importlib
import importlib.util
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol, cast

from ccxx_node.chainstate.errors import corrupted_database, storage_error

Pair = tuple[bytes, bytes]


class Snapshot(Protocol):
    """The pairs as they were at one moment, whatever is written later."""

    def iterate(self, prefix: bytes = b"") -> Iterator[Pair]:
        """Give the pairs whose key starts with ``prefix``, in key order."""
        ...

    def close(self) -> None:
        """Let the database forget the moment."""
        ...


class KeyValueStore(Protocol):
    """All that the node asks of a database; every method raises StorageError and nothing else."""

    def get(self, key: bytes) -> bytes | None:
        """Read one value."""
        ...

    def iterate(self, prefix: bytes = b"") -> Iterator[Pair]:
        """Give the pairs whose key starts with ``prefix``, in key order."""
        ...

    def write_batch(self, puts: Iterable[Pair], deletes: Iterable[bytes] = ()) -> None:
        """Write and delete atomically and durably; after a failure the old state is intact."""
        ...

    def snapshot(self) -> Snapshot:
        """Hold on to the present state."""
        ...

    def close(self) -> None:
        """Close the database; closing twice is harmless."""
        ...


class _Backend(Protocol):
    def __call__(self, folder: Path, remedy: str, cache_bytes: int) -> KeyValueStore: ...


def open_store(folder: Path, remedy: str, cache_bytes: int = 8 << 20) -> KeyValueStore:
    """Open or create the database in ``folder``.

    ``remedy`` is the option that rebuilds it, named in the CorruptionError of a damaged one; raises
    StorageError if the folder cannot be used or another process has it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        has_lost_its_root = _has_lost_its_root(folder)
    except OSError as error:
        raise storage_error(folder, error) from error
    if has_lost_its_root:
        raise corrupted_database(folder, remedy)
    # Chosen by what is installed: plyvel has no wheels outside Linux on x86-64.
    name = "leveldb" if importlib.util.find_spec("plyvel") else "rocksdb"
    module = importlib.import_module(f"ccxx_node.chainstate.{name}")
    return cast(_Backend, module.open_database)(folder, remedy, cache_bytes)


def _has_lost_its_root(folder: Path) -> bool:
    # Without the file CURRENT the databases would take a full folder for an empty one. It is
    # written before the first log, so a crash cannot lose it.
    endings = {path.suffix for path in folder.iterdir()}
    return not (folder / "CURRENT").exists() and bool(endings & {".ldb", ".sst", ".log"})


def remove_store(folder: Path) -> None:
    """Delete the database in ``folder`` so that it can be rebuilt."""
    try:
        shutil.rmtree(folder, ignore_errors=False)
    except FileNotFoundError:
        return
    except OSError as error:
        raise storage_error(folder, error) from error
