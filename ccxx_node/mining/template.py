"""Putting a block together: coinbase, witness commitment, header. Pure: the tip is an argument."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ccxx_core.block import Block, BlockHeader
from ccxx_core.hashes import BlockHash, sha256d
from ccxx_core.merkle import merkle_root
from ccxx_core.opcodes import Op
from ccxx_core.script import push_data, small_number_op
from ccxx_core.transaction import (
    NULL_OUTPOINT,
    SEQUENCE_FINAL,
    Transaction,
    TxInput,
    TxOutput,
)
from ccxx_node.consensus.script_numbers import encode_number
from ccxx_node.mempool.entry import Entry

# BIP 141: the witness of the coinbase, which the commitment is hashed with.
WITNESS_NONCE = bytes(32)
_COMMITMENT_PREFIX = bytes.fromhex("6a24aa21a9ed")


@dataclass(frozen=True, slots=True)
class BlockTemplate:
    """Everything about the next block but its coinbase script and nonce.

    Where segwit is not active yet (in tests) the commitment stands there without a witness.

    `time` is unix seconds and not below `min_time`, `subsidy` and `fees` are satoshis.
    """

    height: int
    prev_hash: BlockHash
    version: int
    bits: int
    time: int
    min_time: int
    subsidy: int
    entries: tuple[Entry, ...]
    is_segwit: bool = True
    knows_segwit: bool = True

    @property
    def fees(self) -> int:
        """What the transactions pay the miner."""
        return sum(entry.fee for entry in self.entries)

    @property
    def coinbase_value(self) -> int:
        """The most that the coinbase may pay out."""
        return self.subsidy + self.fees

    @property
    def witness_commitment(self) -> bytes:
        """The script of the output that commits to all witnesses (BIP 141)."""
        return commitment_script([entry.tx for entry in self.entries])


def commitment_script(transactions: Sequence[Transaction]) -> bytes:
    """Return the commitment to the witnesses of all transactions but the coinbase."""
    root = merkle_root([bytes(32), *(tx.wtxid for tx in transactions)])
    return _COMMITMENT_PREFIX + sha256d(root + WITNESS_NONCE)


def coinbase_script(height: int, extra_nonce: int) -> bytes:
    """Return the coinbase's input script: the height (BIP 34), then a number that varies."""
    if 0 <= height <= 16:
        start = bytes([small_number_op(height) if height else Op.OP_0])
    else:
        start = push_data(encode_number(height))
    return start + push_data(encode_number(extra_nonce))


def build_block(template: BlockTemplate, script_pubkey: bytes, extra_nonce: int) -> Block:
    """Return the block with its coinbase paying a script, and nonce 0."""
    commitment = (TxOutput(0, template.witness_commitment),) if template.knows_segwit else ()
    coinbase = Transaction(
        version=2,
        inputs=(
            TxInput(
                NULL_OUTPOINT,
                coinbase_script(template.height, extra_nonce),
                SEQUENCE_FINAL,
                (WITNESS_NONCE,) if template.is_segwit else (),
            ),
        ),
        outputs=(TxOutput(template.coinbase_value, script_pubkey), *commitment),
    )
    transactions = (coinbase, *(entry.tx for entry in template.entries))
    header = BlockHeader(
        version=template.version,
        prev_hash=template.prev_hash,
        merkle_root=merkle_root([tx.txid for tx in transactions]),
        time=template.time,
        bits=template.bits,
        nonce=0,
    )
    return Block(header, transactions)


def add_witness_nonce(block: Block) -> Block:
    """Return the block with the coinbase witness that a miner without one left out.

    That is done only where an output commits to the witnesses (BIP 141).
    """
    coinbase = block.transactions[0]
    commits = any(
        output.script_pubkey.startswith(_COMMITMENT_PREFIX) for output in coinbase.outputs
    )
    if not commits or coinbase.has_witness:
        return block
    first = coinbase.inputs[0]._replace(witness=(WITNESS_NONCE,))
    coinbase = replace(coinbase, inputs=(first, *coinbase.inputs[1:]))
    return replace(block, transactions=(coinbase, *block.transactions[1:]))
