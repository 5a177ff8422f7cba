"""Rules of a block that need no coins: its form, and what its height and past times demand."""

from dataclasses import replace

from ccxx_core.block import Block
from ccxx_core.hashes import format_hash, sha256d
from ccxx_core.merkle import merkle_root, merkle_root_mutated
from ccxx_core.opcodes import Op
from ccxx_core.script import push_data
from ccxx_core.transaction import WITNESS_SCALE_FACTOR
from ccxx_node.consensus.context import BlockContext
from ccxx_node.consensus.errors import ConsensusError, Reject
from ccxx_node.consensus.header import check_header
from ccxx_node.consensus.params import (
    MAX_BLOCK_SIGOPS_COST,
    MAX_BLOCK_WEIGHT,
    ConsensusParams,
)
from ccxx_node.consensus.script_numbers import encode_number
from ccxx_node.consensus.transaction import check_transaction, is_final, legacy_sigops

# OP_RETURN, a push of 36 bytes, and the four bytes that mark a witness commitment (BIP 141).
WITNESS_COMMITMENT_PREFIX = bytes.fromhex("6a24aa21a9ed")
WITNESS_COMMITMENT_SIZE = 38


def check_block(block: Block, params: ConsensusParams, is_proposal: bool = False) -> None:
    """Check all that can be known from the block alone.

    A proposal (BIP 23) is not mined yet: its work is not looked at.
    """
    if not is_proposal:
        check_header(block.header, params)
    _check_merkle_root(block)
    _check_size(block)
    if not block.transactions[0].is_coinbase:
        raise ConsensusError(Reject.NO_COINBASE, "first tx is not coinbase")
    if any(tx.is_coinbase for tx in block.transactions[1:]):
        raise ConsensusError(Reject.SECOND_COINBASE, "more than one coinbase")
    for tx in block.transactions:
        try:
            check_transaction(tx)
        except ConsensusError as error:
            where = f"Transaction check failed (tx hash {format_hash(tx.txid)}) {error.detail}"
            raise ConsensusError(error.reject, where) from None
    sigops = sum(map(legacy_sigops, block.transactions))
    if sigops * WITNESS_SCALE_FACTOR > MAX_BLOCK_SIGOPS_COST:
        raise ConsensusError(Reject.TOO_MANY_SIGOPS, "out-of-bounds SigOpCount")


def check_commitments(block: Block) -> None:
    """Check that the header commits to the transactions, and the coinbase to all witnesses.

    A block from before segwit may hold a commitment, but then no witness at all.
    """
    _check_merkle_root(block)
    if any(tx.has_witness for tx in block.transactions):
        _check_witness(block)


def _check_merkle_root(block: Block) -> None:
    root, mutated = merkle_root_mutated([tx.txid for tx in block.transactions])
    if root != block.header.merkle_root:
        raise ConsensusError(Reject.MERKLE_ROOT, "hashMerkleRoot mismatch")
    # CVE-2012-2459: the last transactions repeated give the same root.
    if mutated:
        raise ConsensusError(Reject.DUPLICATE_TRANSACTION, "duplicate transaction")


def _check_size(block: Block) -> None:
    count = len(block.transactions)
    largest = max(count, block.base_size) * WITNESS_SCALE_FACTOR
    if count == 0 or largest > MAX_BLOCK_WEIGHT:
        raise ConsensusError(Reject.BLOCK_LENGTH, "size limits failed")


def check_block_context(block: Block, context: BlockContext) -> None:
    """Check lock times, coinbase height, witnesses and weight against the block's place."""
    time = context.parent_median_time if context.is_csv else block.header.time
    if not all(is_final(tx, context.height, time) for tx in block.transactions):
        raise ConsensusError(Reject.NOT_FINAL, "non-final transaction")
    if context.height >= context.params.bip34_height:
        coinbase_script = block.transactions[0].inputs[0].script_sig
        if not coinbase_script.startswith(encode_coinbase_height(context.height)):
            raise ConsensusError(Reject.COINBASE_HEIGHT, "block height mismatch in coinbase")
    _check_witness(block, is_segwit=context.is_segwit)
    # After the witnesses: before, anyone could make the block too heavy without changing its hash.
    if block.weight > MAX_BLOCK_WEIGHT:
        raise ConsensusError(Reject.BLOCK_WEIGHT, "ContextualCheckBlock : weight limit failed")


def _check_witness(block: Block, *, is_segwit: bool = True) -> None:
    """Check that the coinbase commits to all witnesses, or that there are none (BIP 141)."""
    commitment = find_witness_commitment(block) if is_segwit else None
    if commitment is None:
        if any(tx.has_witness for tx in block.transactions):
            raise ConsensusError(
                Reject.UNEXPECTED_WITNESS, "ContextualCheckBlock : unexpected witness data found"
            )
        return
    stack = block.transactions[0].inputs[0].witness
    if len(stack) != 1 or len(stack[0]) != 32:
        raise ConsensusError(
            Reject.WITNESS_NONCE,
            "ContextualCheckBlock : invalid witness reserved value size",
        )
    if witness_commitment(block, stack[0]) != commitment:
        raise ConsensusError(
            Reject.WITNESS_COMMITMENT, "ContextualCheckBlock : witness merkle commitment mismatch"
        )


def find_witness_commitment(block: Block) -> bytes | None:
    """Give the 32 bytes that the last commitment output of the coinbase holds."""
    for _, script in reversed(block.transactions[0].outputs):
        if len(script) >= WITNESS_COMMITMENT_SIZE and script.startswith(WITNESS_COMMITMENT_PREFIX):
            return script[len(WITNESS_COMMITMENT_PREFIX) : WITNESS_COMMITMENT_SIZE]
    return None


def lacks_witness(block: Block) -> bool:
    """Tell whether a block commits to witnesses but was sent without any."""
    return find_witness_commitment(block) is not None and not block.transactions[0].has_witness


def witness_commitment(block: Block, reserved_value: bytes) -> bytes:
    """Compute what the coinbase must commit to; its own witness counts as zeros."""
    wtxids = [bytes(32), *(tx.wtxid for tx in block.transactions[1:])]
    return sha256d(merkle_root(wtxids) + reserved_value)


def with_reserved_value(block: Block) -> Block:
    """Give a submitted block the reserved value of zeros where its miner left it out."""
    if not block.transactions or find_witness_commitment(block) is None:
        return block
    coinbase, *others = block.transactions
    if coinbase.has_witness or not coinbase.inputs:
        return block
    first = coinbase.inputs[0]._replace(witness=(bytes(32),))
    return replace(
        block, transactions=(replace(coinbase, inputs=(first, *coinbase.inputs[1:])), *others)
    )


def encode_coinbase_height(height: int) -> bytes:
    """Write the push of its height that a coinbase script starts with (BIP 34)."""
    if height == 0:
        return b"\0"
    if height <= 16:
        return bytes([Op.OP_1 + height - 1])
    return push_data(encode_number(height))
