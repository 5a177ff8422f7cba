"""Messages about blocks and transactions: what there is, what is wanted, the things themselves."""

from dataclasses import dataclass
from functools import cached_property
from struct import Struct
from typing import ClassVar, NamedTuple, Self

from ccxx_core.block import HEADER_SIZE, Block, BlockHeader, decode_block
from ccxx_core.encoding import encode_compact_size, read_compact_size, read_slice
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import BlockHash
from ccxx_core.transaction import Transaction, decode_transaction
from ccxx_node.p2p.messages.connection import PROTOCOL_VERSION
from ccxx_node.p2p.messages.fields import UINT32, EmptyMessage, read_hash, read_list, read_struct

MSG_TX = 1
MSG_BLOCK = 2
MSG_FILTERED_BLOCK = 3
MSG_CMPCT_BLOCK = 4
MSG_WITNESS_FLAG = 1 << 30
MSG_WITNESS_TX = MSG_TX | MSG_WITNESS_FLAG
MSG_WITNESS_BLOCK = MSG_BLOCK | MSG_WITNESS_FLAG

MAX_INVENTORY = 50_000
MAX_HEADERS = 2000
MAX_LOCATOR = 101
# A block has at most 1,000,000 bytes without witness, and no transaction has fewer than 60.
MAX_TRANSACTIONS = 1_000_000 // 60
NO_STOP = BlockHash(bytes(32))

_INVENTORY = Struct("<I32s")
_FEERATE = Struct("<q")


class InventoryItem(NamedTuple):
    """Something that can be asked for: its kind (``MSG_…``, flags included) and its hash."""

    kind: int
    hash: bytes

    def encode(self) -> bytes:
        """Write the 36 bytes."""
        return _INVENTORY.pack(self.kind, self.hash)

    @classmethod
    def read(cls, data: bytes, offset: int) -> tuple[Self, int]:
        """Read the 36 bytes; raises DecodeError."""
        fields, offset = read_struct(_INVENTORY, data, offset)
        return cls(*fields), offset


@dataclass(frozen=True, slots=True)
class _Inventory:
    """A list of things that can be asked for."""

    items: tuple[InventoryItem, ...]

    def encode(self) -> bytes:
        """Write the payload."""
        count = encode_compact_size(len(self.items))
        return count + b"".join([_INVENTORY.pack(*item) for item in self.items])

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Read the payload; raises DecodeError."""
        return cls(read_list(InventoryItem.read, payload, 0, MAX_INVENTORY)[0])


@dataclass(frozen=True, slots=True)
class Inv(_Inventory):
    """What a peer has to offer, at most 50,000 items."""

    command: ClassVar[str] = "inv"


@dataclass(frozen=True, slots=True)
class GetData(_Inventory):
    """What a peer wants to be sent, at most 50,000 items."""

    command: ClassVar[str] = "getdata"


@dataclass(frozen=True, slots=True)
class NotFound(_Inventory):
    """What was asked for and is not there."""

    command: ClassVar[str] = "notfound"


@dataclass(frozen=True, slots=True)
class _Question:
    """A locator: hashes of a chain from its tip back, ever further apart, and where to stop.

    ``stop`` of zeros means as far as one message reaches. ``version`` is of no use to anybody.
    """

    locator: tuple[BlockHash, ...]
    stop: BlockHash = NO_STOP
    version: int = PROTOCOL_VERSION

    def encode(self) -> bytes:
        """Write the payload."""
        count = encode_compact_size(len(self.locator))
        return b"".join((UINT32.pack(self.version), count, *self.locator, self.stop))

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Read the payload; raises DecodeError."""
        (version,), offset = read_struct(UINT32, payload, 0)
        locator, offset = read_list(_read_block_hash, payload, offset, MAX_LOCATOR)
        stop, _ = _read_block_hash(payload, offset)
        return cls(locator, stop, version)


@dataclass(frozen=True, slots=True)
class GetHeaders(_Question):
    """A question for the headers behind a locator."""

    command: ClassVar[str] = "getheaders"


@dataclass(frozen=True, slots=True)
class GetBlocks(_Question):
    """A question for the inventory of blocks behind a locator."""

    command: ClassVar[str] = "getblocks"


@dataclass(frozen=True, slots=True)
class Headers:
    """Headers in the order of the chain, at most 2000."""

    command: ClassVar[str] = "headers"
    headers: tuple[BlockHeader, ...]

    def encode(self) -> bytes:
        """Write the payload; a count of no transactions stands behind each header."""
        count = encode_compact_size(len(self.headers))
        return count + b"".join([header.encode() + b"\0" for header in self.headers])

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Read the payload; raises DecodeError. The counts of transactions are ignored."""
        return cls(read_list(_read_header, payload, 0, MAX_HEADERS)[0])


@dataclass(frozen=True)
class BlockMessage:
    """A block as its bytes: what lies on disk is sent without being read."""

    command: ClassVar[str] = "block"
    raw: bytes

    @classmethod
    def of(cls, block: Block, *, with_witness: bool = True) -> Self:
        """Make the message; a peer that does not know witnesses gets none."""
        message = cls(block.raw if with_witness else _without_witness(block))
        if with_witness:
            message.__dict__["block"] = block
        return message

    @cached_property
    def block(self) -> Block:
        """The block that the bytes are; raises DecodeError unless they were read before."""
        return Block.decode(self.raw)

    def encode(self) -> bytes:
        """Write the payload."""
        return self.raw

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Read the payload; raises DecodeError, also for more transactions than a block can have.

        Those could be 400,000 of nothing, and take a hundred times their bytes in memory.
        """
        count, _ = read_compact_size(payload, HEADER_SIZE)
        if count > MAX_TRANSACTIONS:
            raise DecodeError(f"block of {count} transactions, at most {MAX_TRANSACTIONS}")
        block, end = decode_block(payload, 0)
        message = cls(payload[:end])
        message.__dict__["block"] = block
        return message


@dataclass(frozen=True)
class TxMessage:
    """A transaction as its bytes."""

    command: ClassVar[str] = "tx"
    raw: bytes

    @classmethod
    def of(cls, tx: Transaction, *, with_witness: bool = True) -> Self:
        """Make the message; a peer that does not know witnesses gets none."""
        message = cls(tx.encode() if with_witness else tx.base)
        if with_witness:
            message.__dict__["tx"] = tx
        return message

    @cached_property
    def tx(self) -> Transaction:
        """The transaction that the bytes are; raises DecodeError unless they were read before."""
        return Transaction.decode(self.raw)

    def encode(self) -> bytes:
        """Write the payload."""
        return self.raw

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Read the payload; raises DecodeError."""
        tx, end = decode_transaction(payload, 0)
        message = cls(payload[:end])
        message.__dict__["tx"] = tx
        return message


@dataclass(frozen=True, slots=True)
class MempoolRequest(EmptyMessage):
    """A question for the inventory of the mempool (BIP 35)."""

    command: ClassVar[str] = "mempool"


@dataclass(frozen=True, slots=True)
class SendHeaders(EmptyMessage):
    """A wish to have blocks announced by their headers (BIP 130)."""

    command: ClassVar[str] = "sendheaders"


@dataclass(frozen=True, slots=True)
class FeeFilter:
    """The least feerate of announced transactions, in satoshis per 1000 vbytes (BIP 133).

    Signed, as the wire has it; what is no amount of money is the logic's to ignore.
    """

    command: ClassVar[str] = "feefilter"
    feerate: int

    def encode(self) -> bytes:
        """Write the payload."""
        return _FEERATE.pack(self.feerate)

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Read the payload; raises DecodeError."""
        return cls(*read_struct(_FEERATE, payload, 0)[0])


def _read_block_hash(data: bytes, offset: int) -> tuple[BlockHash, int]:
    value, offset = read_hash(data, offset)
    return BlockHash(value), offset


def _read_header(data: bytes, offset: int) -> tuple[BlockHeader, int]:
    raw, offset = read_slice(data, offset, HEADER_SIZE)
    _, offset = read_compact_size(data, offset)
    return BlockHeader.decode(raw), offset


def _without_witness(block: Block) -> bytes:
    count = encode_compact_size(len(block.transactions))
    return b"".join((block.header.raw, count, *(tx.base for tx in block.transactions)))
