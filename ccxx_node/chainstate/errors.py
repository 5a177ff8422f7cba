"""Faults of the disk: neither a peer nor a rule is to blame, the operator has to act."""

import errno
from pathlib import Path

from ccxx_core.errors import CcxxError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FULL_TEXTS = ("No space left", "Disk quota exceeded", "File too large")
_CORRUPT_TEXTS = ("Corruption", "does not match", "No such file", "does not exist")
_LOCKED_TEXTS = ("lock ", "LOCK")


class StorageError(CcxxError):
    """The disk refused a read or a write; the message names the place and says what to do."""


class CorruptionError(StorageError):
    """Stored bytes are not what was written; the message names the remedy."""


def storage_error(place: Path, cause: Exception) -> StorageError:
    """Put a failed read or write of a file or folder into one line that says what to do."""
    text = str(cause)
    number = cause.errno if isinstance(cause, OSError) else None
    if number in _FULL or any(part in text for part in _FULL_TEXTS):
        return StorageError(
            f"disk full while writing {place}: nothing that was stored is lost, "
            "free some space and start again"
        )
    return StorageError(f"cannot use {place}: {text}")


def database_error(folder: Path, remedy: str, cause: Exception) -> StorageError:
    """Put a database's complaint into one line; ``remedy`` is the option that rebuilds it."""
    text = str(cause)
    if any(part in text for part in _LOCKED_TEXTS) and "IO error" in text:
        return StorageError(f"{folder} is in use: is another node running on this data folder?")
    if any(part in text for part in _CORRUPT_TEXTS):
        return corrupted_database(folder, remedy)
    return storage_error(folder, cause)


def corrupted_database(folder: Path, remedy: str) -> CorruptionError:
    """Give the error that names a damaged database and the option that rebuilds it."""
    return CorruptionError(f"database {folder} is corrupted: start with {remedy} to rebuild it")


class ChainError(CcxxError):
    """A request about the chain that cannot be met, for example an unknown block."""
