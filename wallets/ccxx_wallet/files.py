"""Files written whole or not at all, readable by their owner only where they must be."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ccxx_wallet.errors import Refusal, WalletError

PRIVATE = 0o600
PUBLIC = 0o644


def write_atomically(path: Path, data: bytes, mode: int = PUBLIC, synced: bool = True) -> None:
    """Replace a file in one step; on any failure the old file stands and nothing is left behind.

    One that can be made again need not be `synced`: a power cut may lose it.
    Raises WalletError CANNOT_WRITE with the system's reason (full disk, no permission, ...).
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        _write(temporary, data, mode, synced)
        temporary.replace(path)
        if synced:
            _sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise _cannot_write(path, error) from error


def write_output(path: Path, data: bytes, overwrite: bool) -> None:
    """Write a file that somebody asked for; raises WalletError FILE_EXISTS or CANNOT_WRITE."""
    check_output(path, overwrite, data)
    write_atomically(path, data)


def check_output(path: Path, overwrite: bool, data: bytes | None = None) -> None:
    """Refuse to put another file in the place of one that is there, unless told to.

    One that holds `data` already is no other file. Raises WalletError FILE_EXISTS.
    """
    if path.exists() and not overwrite and (data is None or read_file(path) != data):
        raise WalletError(
            Refusal.FILE_EXISTS,
            f"{path} exists and is another file; choose another name, or add --overwrite",
        )


def make_private_folder(path: Path) -> None:
    """Create a folder that only its owner may enter; one that exists is left as it is."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_write(path, error) from error


def read_file(path: Path, limit: int = 32_000_000) -> bytes:
    """Read a whole file of at most `limit` bytes.

    Raises WalletError BAD_FILE if it cannot be read or is longer.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise WalletError(Refusal.BAD_FILE, f"cannot read {path}: {reason.lower()}") from error
    if len(data) > limit:
        raise WalletError(Refusal.BAD_FILE, f"{path} is larger than {limit:,} bytes")
    return data


def read_secret_file(path: Path, warn: Callable[[str], None]) -> bytes:
    """Read a small file with a secret; warns if people other than its owner may read it too.

    It is not refused: container platforms hand secrets out in such files.
    """
    data = read_file(path, limit=4_096)
    if os.name == "posix" and path.stat().st_mode & 0o077:
        warn(f"others can read {path}, which holds a secret: run `chmod 600` on it")
    return data


def _write(path: Path, data: bytes, mode: int, synced: bool) -> None:
    # O_EXCL: another program's file of this name is never overwritten or followed.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        if synced:
            stream.flush()
            os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _cannot_write(path: Path, error: OSError) -> WalletError:
    reason = (error.strerror or str(error)).lower()
    return WalletError(
        Refusal.CANNOT_WRITE, f"cannot write {path}: {reason}; make room or choose another place"
    )
