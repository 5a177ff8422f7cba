"""One known header and all that is remembered about its block."""

from struct import Struct

from ccxx_core.block import BlockHeader, work_of_bits
from ccxx_core.hashes import BlockHash
from ccxx_node.chainstate.record_files import FilePosition

MEDIAN_SPAN = 11

# Header, height, flags, number of transactions, order of arrival, block position, undo position.
_RECORD = Struct("<80sIBIqIIIIII")
_VALID, _FAILED, _FAILED_PARENT, _HAS_BLOCK, _HAS_UNDO, _PRUNED = 1, 2, 4, 8, 16, 32
_NOWHERE = FilePosition(0, 0, 0)


class BlockEntry:
    """A node of the header tree; only the chain state changes it.

    ``chain_work`` is the work of the chain up to here. ``chain_tx_count`` counts its transactions,
    and is 0 while a block on the way is missing. ``sequence`` orders branches of equal work: the
    lowest was complete first. ``fully_valid``: it has been connected once, so every rule holds.
    ``is_pruned``: the block was stored, and deleted when it was old.
    """

    __slots__ = (
        "_median_time_past",
        "bits",
        "block_position",
        "chain_tx_count",
        "chain_work",
        "children",
        "failed",
        "failed_parent",
        "fully_valid",
        "hash",
        "height",
        "is_pruned",
        "merkle_root",
        "nonce",
        "parent",
        "sequence",
        "skip",
        "time",
        "tx_count",
        "undo_position",
        "version",
    )

    def __init__(self, header: BlockHeader, parent: "BlockEntry | None") -> None:
        self.hash = header.hash
        self.version = header.version
        self.merkle_root = header.merkle_root
        self.time = header.time
        self.bits = header.bits
        self.nonce = header.nonce
        self.parent = parent
        self.height: int = 0 if parent is None else parent.height + 1
        work_before = 0 if parent is None else parent.chain_work
        self.chain_work: int = work_before + work_of_bits(header.bits)
        self.skip = _skip_of(parent)
        self.children: list[BlockEntry] = []
        self.tx_count = 0
        self.chain_tx_count = 0
        self.sequence = 0
        self.fully_valid = False
        self.failed = False
        self.failed_parent = False
        self.is_pruned = False
        self.block_position: FilePosition | None = None
        self.undo_position: FilePosition | None = None
        self._median_time_past: int | None = None

    def __repr__(self) -> str:
        return f"BlockEntry(height={self.height}, hash={self.hash[::-1].hex()})"

    @property
    def prev_hash(self) -> BlockHash:
        """The parent's hash, zeros for the genesis block."""
        return BlockHash(bytes(32)) if self.parent is None else self.parent.hash

    @property
    def header(self) -> BlockHeader:
        """The 80 bytes, put together again."""
        return BlockHeader(
            self.version, self.prev_hash, self.merkle_root, self.time, self.bits, self.nonce
        )

    @property
    def is_failed(self) -> bool:
        """Whether the block or an ancestor of it broke a rule."""
        return self.failed or self.failed_parent

    @property
    def is_linked(self) -> bool:
        """Whether the block and all its ancestors are stored."""
        return self.chain_tx_count > 0

    @property
    def median_time_past(self) -> int:
        """The middle of the last eleven block times, this one included (BIP 113)."""
        if self._median_time_past is None:
            times: list[int] = []
            entry: BlockEntry | None = self
            while entry is not None and len(times) < MEDIAN_SPAN:
                times.append(entry.time)
                entry = entry.parent
            self._median_time_past = sorted(times)[len(times) // 2]
        return self._median_time_past

    def ancestor(self, height: int) -> "BlockEntry | None":
        """Give the block of this chain at a height up to its own, in logarithmic time."""
        if not 0 <= height <= self.height:
            return None
        entry = self
        while entry.height > height:
            skip = entry.skip
            step = skip if skip is not None and skip.height >= height else entry.parent
            assert step is not None
            entry = step
        return entry

    def encode(self) -> bytes:
        """Write all that cannot be computed from the headers."""
        flags = (
            _VALID * self.fully_valid
            | _FAILED * self.failed
            | _FAILED_PARENT * self.failed_parent
            | _HAS_BLOCK * (self.block_position is not None)
            | _HAS_UNDO * (self.undo_position is not None)
            | _PRUNED * self.is_pruned
        )
        block_position = self.block_position or _NOWHERE
        undo_position = self.undo_position or _NOWHERE
        return _RECORD.pack(
            self.header.encode(),
            self.height,
            flags,
            self.tx_count,
            self.sequence,
            *block_position,
            *undo_position,
        )

    def restore(self, record: bytes) -> None:
        """Take over what ``encode`` wrote; the chain's transaction count follows the parent's."""
        _, _, flags, self.tx_count, self.sequence, *positions = _RECORD.unpack(record)
        self.fully_valid = bool(flags & _VALID)
        self.failed = bool(flags & _FAILED)
        self.failed_parent = bool(flags & _FAILED_PARENT)
        self.is_pruned = bool(flags & _PRUNED)
        if flags & _HAS_BLOCK:
            self.block_position = FilePosition(*positions[:3])
        if flags & _HAS_UNDO:
            self.undo_position = FilePosition(*positions[3:])
        linked = self.parent is None or self.parent.is_linked
        if linked and (self.block_position is not None or self.is_pruned):
            self.chain_tx_count = self.tx_count + (self.parent.chain_tx_count if self.parent else 0)


RECORD_SIZE = _RECORD.size


def height_of_record(record: bytes) -> int:
    """Read the height alone, to put records in an order in which parents come first."""
    height: int = _RECORD.unpack(record)[1]
    return height


def header_of_record(record: bytes) -> BlockHeader:
    """Read the header alone."""
    return BlockHeader.decode(record[:80])


def find_fork(one: BlockEntry, other: BlockEntry) -> BlockEntry:
    """Give the last block that two chains of one tree have in common."""
    left, right = one, other
    if left.height > right.height:
        left, right = right, left
    ancestor = right.ancestor(left.height)
    assert ancestor is not None
    right = ancestor
    while left is not right:
        # Both are at one height, so their skips are as well.
        if left.skip is not None and left.skip is not right.skip:
            assert right.skip is not None
            left, right = left.skip, right.skip
        else:
            assert left.parent is not None and right.parent is not None
            left, right = left.parent, right.parent
    return left


def _skip_of(parent: BlockEntry | None) -> BlockEntry | None:
    # A skew-binary list: two jumps of one length are followed by a jump over both.
    if parent is None or parent.skip is None:
        return parent
    second = parent.skip.skip
    if (
        second is not None
        and parent.height - parent.skip.height == parent.skip.height - second.height
    ):
        return second
    return parent
