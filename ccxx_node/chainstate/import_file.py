"""Reading recorded blocks back in: ``-loadblock=FILE``, plain or gzip, in two formats.

Either each block follows its length (4 bytes, little-endian), or it follows the network's magic and
its length, as in blk?????.dat files of any node of the family.
"""

import gzip
import logging
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, cast

from ccxx_core.block import Block
from ccxx_core.encoding import MAX_SIZE
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import BlockHash, format_hash, sha256d
from ccxx_core.network import NETWORKS
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.chainstate.errors import ChainError
from ccxx_node.consensus.errors import ConsensusError
from ccxx_node.events import Event

_log = logging.getLogger(__name__)
_GZIP_MAGIC = b"\x1f\x8b"
_HEADER_SIZE = 80
# Blocks whose parent comes later in the file are kept in memory, up to this many bytes.
_MAX_WAITING_BYTES = 256 << 20


class WaitingBlocks:
    """Blocks whose parent comes later, in the same file or in another, bounded in bytes."""

    def __init__(self) -> None:
        self._children: dict[bytes, list[bytes]] = {}
        self._bytes = 0

    def add(self, raw: bytes) -> bool:
        """Keep a block; False if there is no room."""
        if self._bytes + len(raw) > _MAX_WAITING_BYTES:
            return False
        self._children.setdefault(raw[4:36], []).append(raw)
        self._bytes += len(raw)
        return True

    def take(self, parent: bytes) -> list[bytes]:
        """Hand out the children of a block."""
        children = self._children.pop(parent, [])
        self._bytes -= sum(map(len, children))
        return children

    def complaint(self) -> ChainError | None:
        """Say that blocks still wait, and for which parent the first of them does."""
        if not self._children:
            return None
        count = sum(map(len, self._children.values()))
        first = format_hash(next(iter(self._children)))
        return ChainError(
            f"blocks were left out: {count}, the first for want of its parent {first}"
        )


def import_blocks(
    chainstate: Chainstate,
    path: Path,
    clock: Callable[[], int],
    waiting: WaitingBlocks | None = None,
) -> Iterator[Sequence[Event]]:
    """Accept all blocks of a file; gives the events of each block that was new.

    Parents may come after their children, with ``waiting`` in another file too. Refused blocks are
    logged and passed over. Raises ChainError at the end if there were any, or if blocks lack their
    parent and may not wait for another file; at once if the file cannot be read or does not hold
    blocks; StorageError for our own disk.
    """
    left_out = _LeftOut(path)
    kept = waiting or WaitingBlocks()
    for raw in read_block_file(path, NETWORKS[chainstate.params.chain].magic):
        pending = [raw]
        while pending:
            each = pending.pop()
            if _has_parent(chainstate, each):
                try:
                    events = _accept(chainstate, path, each, clock())
                    if events is not None:
                        yield events
                except ConsensusError as error:
                    left_out.add(each, error)
                pending.extend(kept.take(sha256d(each[:_HEADER_SIZE])))
            elif not kept.add(each):
                raise ChainError(f"{path} has too many blocks before their parents")
    left_out.check()
    if waiting is None and (complaint := kept.complaint()) is not None:
        raise complaint


def read_block_file(path: Path, magic: bytes) -> Iterator[bytes]:
    """Give the raw blocks of a file; raises ChainError if it cannot be read or is cut short."""
    try:
        with path.open("rb") as plain:
            is_gzip = plain.read(2) == _GZIP_MAGIC
            plain.seek(0)
            stream = cast(BinaryIO, gzip.GzipFile(fileobj=plain)) if is_gzip else plain
            yield from _read_stream(path, stream, magic)
    except (EOFError, zlib.error) as error:
        raise ChainError(f"{path} is not a whole gzip file: {error}") from error
    except OSError as error:
        raise ChainError(f"cannot read {path}: {error}") from error


def _read_stream(path: Path, stream: BinaryIO, magic: bytes) -> Iterator[bytes]:
    start, offset = stream.read(4), 0
    has_magic = start == magic
    while start:
        if has_magic:
            if not _skip_to_magic(stream, start, magic):
                return
            start = stream.read(4)
        length = int.from_bytes(start, "little")
        raw = stream.read(length) if len(start) == 4 and length <= MAX_SIZE else b""
        if len(raw) != length or length < _HEADER_SIZE:
            raise ChainError(
                f"{path} is no file of recorded blocks, or ends within a block, at byte {offset}"
            )
        yield raw
        offset = stream.tell()
        start = stream.read(4)


def _skip_to_magic(stream: BinaryIO, start: bytes, magic: bytes) -> bool:
    """Read on to the next magic; block files of the reference end in zeros."""
    window = start
    while window != magic:
        more = stream.read(1)
        if not more:
            return False
        window = window[1:] + more
    return True


def _has_parent(chainstate: Chainstate, raw: bytes) -> bool:
    is_genesis = sha256d(raw[:_HEADER_SIZE]) == chainstate.genesis.hash
    return is_genesis or chainstate.entry(BlockHash(raw[4:36])) is not None


def _accept(chainstate: Chainstate, path: Path, raw: bytes, now: int) -> Sequence[Event] | None:
    """Accept a block, None if it is known; raises ConsensusError, also if it was refused before."""
    known = chainstate.entry(BlockHash(sha256d(raw[:_HEADER_SIZE])))
    if known is not None and known.block_position is not None and not known.is_failed:
        return None
    try:
        return chainstate.accept_block(Block.decode(raw), now)
    except DecodeError as error:
        raise ChainError(f"{path} holds something that is no block: {error}") from error


class _LeftOut:
    """Blocks of a file that could not be taken in: how many, and which was the first."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._count = 0
        self._first = ""

    def add(self, raw: bytes, error: ConsensusError) -> None:
        hash_text = format_hash(sha256d(raw[:_HEADER_SIZE]))
        _log.warning("imported block refused hash=%s reason=%s", hash_text, error)
        self._first = self._first or f"{hash_text} ({error})"
        self._count += 1

    def check(self) -> None:
        if self._count:
            raise ChainError(
                f"blocks of {self._path} were refused: {self._count}, the first is {self._first}"
            )
