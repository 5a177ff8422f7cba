"""Messages of compact block relay (BIP 152); what they stand for is in ``compact_blocks``.

Positions in a block are absolute here and differences on the wire.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from struct import Struct
from typing import ClassVar, NamedTuple, Self

from ccxx_core.block import HEADER_SIZE, BlockHeader
from ccxx_core.encoding import encode_compact_size, read_compact_size, read_slice
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import BlockHash
from ccxx_core.transaction import Transaction, decode_transaction
from ccxx_node.p2p.messages.fields import UINT64, read_hash, read_list, read_struct, read_uint64

SHORT_ID_SIZE = 6
MAX_POSITION = 0xFFFF
_ANNOUNCE = Struct("<BQ")


@dataclass(frozen=True, slots=True)
class SendCompact:
    """A wish for compact blocks: unasked (high bandwidth) or not, and by which version.

    Version 1 names transactions by txid, version 2 by wtxid and carries witnesses.
    """

    command: ClassVar[str] = "sendcmpct"
    high_bandwidth: bool
    version: int

    def encode(self) -> bytes:
        """Write the payload."""
        return _ANNOUNCE.pack(self.high_bandwidth, self.version)

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Read the payload; raises DecodeError."""
        (high_bandwidth, version), _ = read_struct(_ANNOUNCE, payload, 0)
        return cls(bool(high_bandwidth), version)


class PrefilledTransaction(NamedTuple):
    """A transaction that is sent along, and its position in the block."""

    position: int
    tx: Transaction


@dataclass(frozen=True, slots=True)
class CompactBlock:
    """A header, the nonce of the short ids (48 bits each), and transactions sent along.

    ``prefilled`` ascends by position. Whether the parts make a block is not checked here.
    """

    command: ClassVar[str] = "cmpctblock"
    header: BlockHeader
    nonce: int
    short_ids: tuple[int, ...]
    prefilled: tuple[PrefilledTransaction, ...]

    def encode(self) -> bytes:
        """Write the payload, with the witnesses that its transactions have."""
        short_ids = [short_id.to_bytes(SHORT_ID_SIZE, "little") for short_id in self.short_ids]
        steps = _differences([position for position, _ in self.prefilled])
        prefilled = [
            encode_compact_size(step) + one.tx.encode()
            for step, one in zip(steps, self.prefilled, strict=True)
        ]
        return b"".join(
            (
                self.header.encode(),
                UINT64.pack(self.nonce),
                encode_compact_size(len(short_ids)),
                *short_ids,
                encode_compact_size(len(prefilled)),
                *prefilled,
            )
        )

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Read the payload; raises DecodeError, also for more transactions than 16 bits count."""
        raw, offset = read_slice(payload, 0, HEADER_SIZE)
        nonce, offset = read_uint64(payload, offset)
        short_ids, offset = read_list(_read_short_id, payload, offset, MAX_POSITION)
        steps, offset = read_list(_read_prefilled, payload, offset, MAX_POSITION)
        if len(short_ids) + len(steps) > MAX_POSITION:
            raise DecodeError(f"compact block of more than {MAX_POSITION} transactions")
        positions = _positions([step for step, _ in steps])
        prefilled = map(PrefilledTransaction, positions, [tx for _, tx in steps])
        return cls(BlockHeader.decode(raw), nonce, short_ids, tuple(prefilled))

    def without_witness(self) -> Self:
        """Give the same for a peer that does not know witnesses; short ids stay as they are."""
        return replace(
            self,
            prefilled=tuple(
                PrefilledTransaction(position, strip_witness(tx)) for position, tx in self.prefilled
            ),
        )


@dataclass(frozen=True, slots=True)
class GetBlockTransactions:
    """A question for transactions of a block, by their ascending positions."""

    command: ClassVar[str] = "getblocktxn"
    block_hash: BlockHash
    positions: tuple[int, ...]

    def encode(self) -> bytes:
        """Write the payload."""
        steps = map(encode_compact_size, _differences(self.positions))
        return self.block_hash + encode_compact_size(len(self.positions)) + b"".join(steps)

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Read the payload; raises DecodeError, also for a position over 16 bits."""
        block_hash, offset = read_hash(payload, 0)
        steps, offset = read_list(_read_step, payload, offset, MAX_POSITION + 1)
        return cls(BlockHash(block_hash), tuple(_positions(steps)))


@dataclass(frozen=True, slots=True)
class BlockTransactions:
    """The answer: the transactions in the order of the question."""

    command: ClassVar[str] = "blocktxn"
    block_hash: BlockHash
    transactions: tuple[Transaction, ...]

    def encode(self) -> bytes:
        """Write the payload, with the witnesses that its transactions have."""
        count = encode_compact_size(len(self.transactions))
        return self.block_hash + count + b"".join([tx.encode() for tx in self.transactions])

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Read the payload; raises DecodeError."""
        block_hash, offset = read_hash(payload, 0)
        transactions, _ = read_list(decode_transaction, payload, offset, MAX_POSITION)
        return cls(BlockHash(block_hash), transactions)

    def without_witness(self) -> Self:
        """Give the same for a peer that does not know witnesses."""
        return replace(self, transactions=tuple(map(strip_witness, self.transactions)))


def strip_witness(tx: Transaction) -> Transaction:
    """Give the transaction as nodes before BIP 144 know it; its txid stays."""
    if not tx.has_witness:
        return tx
    inputs = tuple([tx_input._replace(witness=()) for tx_input in tx.inputs])
    return Transaction(tx.version, inputs, tx.outputs, tx.locktime)


def _read_short_id(data: bytes, offset: int) -> tuple[int, int]:
    raw, offset = read_slice(data, offset, SHORT_ID_SIZE)
    return int.from_bytes(raw, "little"), offset


def _read_step(data: bytes, offset: int) -> tuple[int, int]:
    step, offset = read_compact_size(data, offset)
    if step > MAX_POSITION:
        raise DecodeError(f"position {step}, at most {MAX_POSITION}")
    return step, offset


def _read_prefilled(data: bytes, offset: int) -> tuple[tuple[int, Transaction], int]:
    step, offset = _read_step(data, offset)
    tx, offset = decode_transaction(data, offset)
    return (step, tx), offset


def _positions(steps: Sequence[int]) -> list[int]:
    positions, position = [], -1
    for step in steps:
        position += step + 1
        if position > MAX_POSITION:
            raise DecodeError(f"position {position}, at most {MAX_POSITION}")
        positions.append(position)
    return positions


def _differences(positions: Sequence[int]) -> list[int]:
    """Undo ``_positions``: how many stand between each and the one before it."""
    before = [-1, *positions]
    return [position - last - 1 for last, position in zip(before, positions, strict=False)]
