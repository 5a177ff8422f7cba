"""Reading recorded blocks back in: ``-loadblock=FILE``, plain or gzip, in two formats.

Either each block follows its length (4 bytes, little-endian), or it follows the network's magic and
its length, as in blk?????.dat files of any node of the family.
"""

import gzip
import logging
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from ccxx_core.block import Block
from ccxx_core.encoding import MAX_SIZE
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import BlockHash, format_hash, sha256d
from ccxx_core.network import NETWORKS
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.chainstate.decoding_ahead import decoded_ahead
from ccxx_node.chainstate.errors import ChainError
from ccxx_node.consensus.errors import ConsensusError, Reject
from ccxx_node.events import Event

_log = logging.getLogger(__name__)
_GZIP_MAGIC = b"\x1f\x8b"
_HEADER_SIZE = 80
# Blocks whose parent comes later in the file are kept in memory, up to this many bytes.
_MAX_WAITING_BYTES = 256 << 20


def import_blocks(
    chainstate: Chainstate, path: Path, clock: Callable[[], int]
) -> Iterator[Sequence[Event]]:
    """Accept all blocks of a file; gives the events of each block that was new.

    Parents may come after their children. Refused blocks are logged and passed over. Raises
    ChainError if the file cannot be read or does not hold blocks, StorageError for our own disk.
    """
    waiting = _Waiting()
    raws = read_block_file(path, NETWORKS[chainstate.params.chain].magic)
    # What is stored and awaited by nobody would be decoded in vain.
    needed = ((raw, raw) for raw in raws if waiting.expect(raw) or not _is_stored(chainstate, raw))
    with closing(decoded_ahead(needed, chainstate.threads)) as blocks:
        for raw, decode in blocks:
            if not _has_parent(chainstate, raw):
                if not waiting.add(raw):
                    raise ChainError(f"{path} has too many blocks before their parents")
                continue
            yield from _accept(chainstate, path, raw, decode, clock())
            for child in waiting.take_descendants(raw):
                yield from _accept(chainstate, path, child, partial(Block.decode, child), clock())
    for parent in waiting.parents:
        _log.warning("blocks without a parent in file=%s parent=%s", path, format_hash(parent))


class _Waiting:
    """Raw blocks that came before their parents, by the parent's hash."""

    def __init__(self) -> None:
        self.parents: dict[bytes, list[bytes]] = {}
        self._bytes = 0

    def add(self, raw: bytes) -> bool:
        """Keep a block; False if there is no room for it."""
        self._bytes += len(raw)
        self.parents.setdefault(raw[4:36], []).append(raw)
        return self._bytes <= _MAX_WAITING_BYTES

    def expect(self, raw: bytes) -> bool:
        """Tell whether children of a block wait for it."""
        return sha256d(raw[:_HEADER_SIZE]) in self.parents

    def take_descendants(self, raw: bytes) -> Iterator[bytes]:
        """Give all that waited for a block, for its children and so on, parents first."""
        arrived = deque([raw])
        while arrived:
            children = self.parents.pop(sha256d(arrived.popleft()[:_HEADER_SIZE]), [])
            self._bytes -= sum(map(len, children))
            arrived.extend(children)
            yield from children


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
    start = stream.read(4)
    has_magic = start == magic
    while start:
        if has_magic:
            if not _skip_to_magic(stream, start, magic):
                return
            start = stream.read(4)
        length = int.from_bytes(start, "little")
        raw = stream.read(length) if len(start) == 4 and length <= MAX_SIZE else b""
        if len(raw) != length or length < _HEADER_SIZE:
            raise ChainError(f"{path} is no file of recorded blocks, or ends within a block")
        yield raw
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


def _is_stored(chainstate: Chainstate, raw: bytes) -> bool:
    known = chainstate.entry(BlockHash(sha256d(raw[:_HEADER_SIZE])))
    return known is not None and known.block_position is not None


def _accept(
    chainstate: Chainstate, path: Path, raw: bytes, decode: Callable[[], Block], now: int
) -> Iterator[Sequence[Event]]:
    # It may stand in the file twice, or have come from a peer.
    if _is_stored(chainstate, raw):
        return
    try:
        yield chainstate.accept_block(decode(), now)
    except DecodeError as error:
        raise ChainError(f"{path} holds something that is no block: {error}") from error
    except ConsensusError as error:
        if error.reject is not Reject.DUPLICATE_BLOCK:
            hash_text = format_hash(sha256d(raw[:_HEADER_SIZE]))
            _log.warning("imported block refused hash=%s reason=%s", hash_text, error)
