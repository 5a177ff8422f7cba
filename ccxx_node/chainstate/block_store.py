"""Blocks (blk?????.dat) and what they spent (rev?????.dat), appended in the order of arrival."""

from collections.abc import Collection, Iterator
from pathlib import Path

from ccxx_core.block import Block
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import BlockHash, sha256d
from ccxx_node.chainstate.coin_codec import decode_undo, encode_undo
from ccxx_node.chainstate.record_files import MAX_FILE_BYTES, FilePosition, RecordFiles
from ccxx_node.consensus.block import check_commitments
from ccxx_node.consensus.coins import BlockUndo
from ccxx_node.consensus.errors import ConsensusError

_CHECKSUM_SIZE = 32
_UNDO_FILES_A_BLOCK_FILE = 8


class BlockStore:
    """The raw files below ``<network folder>/blocks``; the block index knows what is where."""

    def __init__(self, folder: Path, magic: bytes, file_bytes: int = MAX_FILE_BYTES) -> None:
        """Open the folder, made if missing; ``magic`` are the network's 4 bytes."""
        self._blocks = RecordFiles(
            folder, "blk", magic, remedy="-reindex", max_file_bytes=file_bytes
        )
        # Small, so that what pruned blocks spent can go soon after them.
        self._undos = RecordFiles(
            folder,
            "rev",
            magic,
            remedy="-reindex-chainstate",
            max_file_bytes=file_bytes // _UNDO_FILES_A_BLOCK_FILE,
        )

    def append_block(self, block: Block) -> FilePosition:
        """Write a block; raises StorageError and leaves nothing behind if the disk refuses."""
        return self._blocks.append(block.encode())

    def read_raw_block(self, position: FilePosition) -> bytes:
        """Read a block as it was written; raises CorruptionError."""
        return self._blocks.read(position)

    def read_block(self, position: FilePosition, block_hash: BlockHash) -> Block:
        """Read a block and see that it is the one, to the last byte; raises CorruptionError."""
        try:
            block = Block.decode(self._blocks.read(position))
            # A changed byte must not become a changed coin, nor a verdict about the block.
            if block.hash == block_hash:
                check_commitments(block)
                return block
        except (DecodeError, ConsensusError) as error:
            raise self._blocks.corrupted(position.file) from error
        raise self._blocks.corrupted(position.file)

    def append_undo(self, block_hash: BlockHash, undo: BlockUndo) -> FilePosition:
        """Write what a block spent, with a checksum over it and the block's hash."""
        data = encode_undo(undo)
        return self._undos.append(data + sha256d(block_hash + data))

    def read_undo(self, position: FilePosition, block_hash: BlockHash) -> BlockUndo:
        """Read what a block spent; raises CorruptionError."""
        record = self._undos.read(position)
        data, checksum = record[:-_CHECKSUM_SIZE], record[-_CHECKSUM_SIZE:]
        if sha256d(block_hash + data) != checksum:
            raise self._undos.corrupted(position.file)
        try:
            return decode_undo(data)
        except DecodeError as error:
            raise self._undos.corrupted(position.file) from error

    def check_files(self, block_ends: dict[int, int], undo_ends: dict[int, int]) -> None:
        """See that no file is missing or cut short, given the end of the last record in each."""
        self._blocks.check_reaches(block_ends)
        self._undos.check_reaches(undo_ends)

    def scan_blocks(self, ends: dict[int, int]) -> Iterator[tuple[FilePosition, bytes]]:
        """Give what stands behind the known end of each file, in the order of arrival.

        Then cuts off a last write that was cut short, so that the next block follows the last.
        """
        end = 0
        for file in self._blocks.numbers():
            end = ends.get(file, 0)
            for position, raw in self._blocks.scan(file, end):
                end = position.end
                yield position, raw
        self._blocks.cut_tail(end)

    @property
    def appended(self) -> int:
        """The bytes written since the start."""
        return self._blocks.appended + self._undos.appended

    def size(self) -> int:
        """Give the bytes that all files take."""
        return sum(self._blocks.sizes().values()) + sum(self._undos.sizes().values())

    def full_block_files(self) -> dict[int, int]:
        """Give the size of each file of blocks that is written to no more."""
        sizes = self._blocks.sizes()
        return {file: size for file, size in sizes.items() if file < self._blocks.last}

    def full_undo_files(self) -> dict[int, int]:
        """Give the same for what blocks spent."""
        sizes = self._undos.sizes()
        return {file: size for file, size in sizes.items() if file < self._undos.last}

    def remove(self, block_files: Collection[int], undo_files: Collection[int]) -> None:
        """Delete files that the index points into no more; raises StorageError."""
        self._blocks.remove(block_files)
        self._undos.remove(undo_files)

    def sync(self) -> None:
        """Return when all that was appended is on the disk."""
        self._blocks.sync()
        self._undos.sync()

    def close(self) -> None:
        """Close all files."""
        self._blocks.close()
        self._undos.close()
