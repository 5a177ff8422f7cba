"""Append-only files of records: magic, length, payload, one after the other, a new file when full.

Whatever stands behind the last whole record is a write that was cut short (kill -9, power loss): a
scan passes over it. Nobody may point at a record on disk before ``sync`` returned.
"""

import mmap
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from struct import Struct
from typing import BinaryIO, NamedTuple

from ccxx_node.chainstate.errors import CorruptionError, storage_error

_FRAME = Struct("<4sI")
MAX_FILE_BYTES = 128 << 20
# Files that stay open for reading: old blocks must not take every descriptor of the process.
_MAX_READERS = 16


class FilePosition(NamedTuple):
    """Where a payload stands: number of its file, offset in bytes, length in bytes."""

    file: int
    offset: int
    length: int

    @property
    def end(self) -> int:
        """The offset behind the payload."""
        return self.offset + self.length


class RecordFiles:
    """The files ``<prefix>00000.dat``, ``<prefix>00001.dat``, … of one folder."""

    def __init__(
        self,
        folder: Path,
        prefix: str,
        magic: bytes,
        *,
        remedy: str,
        max_file_bytes: int = MAX_FILE_BYTES,
    ) -> None:
        """Open the folder, made if missing; ``remedy`` is the option that rebuilds the files."""
        self._folder = folder
        self._prefix = prefix
        self._magic = magic
        self._remedy = remedy
        self._max_file_bytes = max_file_bytes
        self._readers: dict[int, BinaryIO] = {}
        self._writer: BinaryIO | None = None
        self._unsynced = False
        # Since the start, to tell whether files have grown.
        self.appended = 0
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._last = max(self.numbers(), default=0)
            self._size = self._size_of(self._last)
        except OSError as error:
            raise storage_error(folder, error) from error

    def numbers(self) -> list[int]:
        """Give the numbers of the files that exist, ascending."""
        names = self._folder.glob(f"{self._prefix}[0-9][0-9][0-9][0-9][0-9].dat")
        return sorted(int(name.stem[len(self._prefix) :]) for name in names)

    def append(self, payload: bytes) -> FilePosition:
        """Write a record behind the last one; raises StorageError, without a trace of it."""
        path = self._path(self._last)
        try:
            if self._size and self._size + _FRAME.size + len(payload) > self._max_file_bytes:
                path = self._start_next_file()
            if self._writer is None:
                self._writer = self._open_writer(path)
            self._unsynced = True
            _write_all(self._writer, _FRAME.pack(self._magic, len(payload)) + payload)
        except OSError as error:
            self._cut(self._size)
            raise storage_error(path, error) from error
        position = FilePosition(self._last, self._size + _FRAME.size, len(payload))
        self._size = position.end
        self.appended += _FRAME.size + len(payload)
        return position

    def read(self, position: FilePosition) -> bytes:
        """Read a payload; raises CorruptionError if it is not there."""
        path = self._path(position.file)
        try:
            reader = self._reader(position.file)
            reader.seek(position.offset - _FRAME.size)
            data = reader.read(_FRAME.size + position.length)
        except FileNotFoundError as error:
            raise self.corrupted(position.file) from error
        except OSError as error:
            raise storage_error(path, error) from error
        frame = _FRAME.pack(self._magic, position.length)
        if len(data) != _FRAME.size + position.length or not data.startswith(frame):
            raise self.corrupted(position.file)
        return data[_FRAME.size :]

    def check_reaches(self, ends: dict[int, int]) -> None:
        """See that files are there and not shorter than known; raises CorruptionError."""
        for file, end in ends.items():
            if self._size_of(file) < end:
                raise self.corrupted(file)

    def corrupted(self, file: int) -> CorruptionError:
        """Give the error that names a file which does not hold what it should."""
        return CorruptionError(
            f"block file {self._path(file)} is corrupted: start with {self._remedy} to rebuild it"
        )

    def scan(self, file: int, start: int = 0) -> Iterator[tuple[FilePosition, bytes]]:
        """Give every whole record of a file from an offset on, passing over what is none."""
        try:
            with self._path(file).open("rb") as stream:
                size = os.fstat(stream.fileno()).st_size
                if size <= start:
                    return
                with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
                    yield from self._records(file, data, start)
        except OSError as error:
            raise storage_error(self._path(file), error) from error

    def cut_tail(self, end: int) -> None:
        """Remove what stands behind ``end`` in the last file: a write that was cut short."""
        if end < self._size:
            self._cut(end)
            self._size = end

    def sync(self) -> None:
        """Return when everything appended is on the disk."""
        if self._writer is None or not self._unsynced:
            return
        try:
            os.fsync(self._writer.fileno())
        except OSError as error:
            raise storage_error(self._path(self._last), error) from error
        self._unsynced = False

    @property
    def last(self) -> int:
        """The number of the file that is written to."""
        return self._last

    def sizes(self) -> dict[int, int]:
        """Give the bytes that each file takes; raises StorageError."""
        try:
            return {file: self._path(file).stat().st_size for file in self.numbers()}
        except OSError as error:
            raise storage_error(self._folder, error) from error

    def remove(self, files: Iterable[int]) -> None:
        """Delete files, those that are gone already included; raises StorageError."""
        for file in files:
            reader = self._readers.pop(file, None)
            if reader is not None:
                reader.close()
            try:
                self._path(file).unlink(missing_ok=True)
            except OSError as error:
                raise storage_error(self._path(file), error) from error

    def close(self) -> None:
        """Close all files."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        for reader in self._readers.values():
            reader.close()
        self._readers.clear()

    def _records(
        self, file: int, data: mmap.mmap, start: int
    ) -> Iterator[tuple[FilePosition, bytes]]:
        at = data.find(self._magic, start)
        while at != -1 and at + _FRAME.size <= len(data):
            length = _FRAME.unpack_from(data, at)[1]
            position = FilePosition(file, at + _FRAME.size, length)
            if not self._is_whole(data, position.end):
                # Cut short, or no record at all: the next one may stand inside what it claims.
                at = data.find(self._magic, at + 1)
                continue
            yield position, data[position.offset : position.end]
            at = data.find(self._magic, position.end)

    def _is_whole(self, data: mmap.mmap, end: int) -> bool:
        # Behind a whole record stands another one, or the end, or zeros that a reference node put.
        follower = data[end : end + len(self._magic)]
        padding = bytes(len(self._magic))
        return end <= len(data) and (self._magic.startswith(follower) or follower == padding)

    def _reader(self, file: int) -> BinaryIO:
        reader = self._readers.pop(file, None) or self._path(file).open("rb")
        # The one that was read last stands last.
        self._readers[file] = reader
        if len(self._readers) > _MAX_READERS:
            self._readers.pop(next(iter(self._readers))).close()
        return reader

    def _start_next_file(self) -> Path:
        self.sync()
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self._last += 1
        self._size = 0
        path = self._path(self._last)
        self._writer = self._open_writer(path)
        return path

    def _open_writer(self, path: Path) -> BinaryIO:
        is_new = not path.exists()
        writer = path.open("ab", buffering=0)
        if is_new:
            _sync_folder(self._folder)
        return writer

    def _cut(self, end: int) -> None:
        path = self._path(self._last)
        if path.exists():
            try:
                os.truncate(path, end)
            except OSError as error:
                raise storage_error(path, error) from error

    def _size_of(self, file: int) -> int:
        path = self._path(file)
        return path.stat().st_size if path.exists() else 0

    def _path(self, file: int) -> Path:
        return self._folder / f"{self._prefix}{file:05}.dat"


def _write_all(stream: BinaryIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        # An unbuffered file may take less than it was given, for example when the disk gets full.
        view = view[stream.write(view) :]


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # other systems cannot sync a folder, and need not
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
