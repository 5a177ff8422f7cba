"""Rules of a single transaction: its own form, when it may be mined, and what it may spend."""

from collections.abc import Callable, Sequence

from ccxx_core.amount import COIN, MAX_MONEY
from ccxx_core.opcodes import Op
from ccxx_core.script import count_sigops, is_p2sh, witness_program
from ccxx_core.transaction import (
    NULL_OUTPOINT,
    SEQUENCE_FINAL,
    WITNESS_SCALE_FACTOR,
    Transaction,
)
from ccxx_node.consensus import flags as f
from ccxx_node.consensus.checker import (
    LOCKTIME_THRESHOLD,
    SEQUENCE_DISABLED,
    SEQUENCE_IS_TIME,
    SEQUENCE_MASK,
)
from ccxx_node.consensus.coins import Coin
from ccxx_node.consensus.errors import ConsensusError, Reject
from ccxx_node.consensus.params import MAX_BLOCK_WEIGHT
from ccxx_node.consensus.script_machine import pushed_range

_PUSHDATA1 = int(Op.OP_PUSHDATA1)
_LAST_CONSTANT = int(Op.OP_16)

# Relative times count in units of 512 seconds (BIP 68).
SEQUENCE_TIME_SHIFT = 9


def check_transaction(tx: Transaction) -> None:
    """Check all that can be known from the transaction alone."""
    if not tx.inputs:
        raise ConsensusError(Reject.NO_INPUTS)
    if not tx.outputs:
        raise ConsensusError(Reject.NO_OUTPUTS)
    if len(tx.base) * WITNESS_SCALE_FACTOR > MAX_BLOCK_WEIGHT:
        raise ConsensusError(Reject.TX_OVERSIZE)
    _check_output_values(tx)
    count = len(tx.inputs)
    if count > 1 and len({tx_input.prevout for tx_input in tx.inputs}) != count:
        raise ConsensusError(Reject.DUPLICATE_INPUT)
    if tx.is_coinbase:
        if not 2 <= len(tx.inputs[0].script_sig) <= 100:
            raise ConsensusError(Reject.COINBASE_LENGTH)
    elif NULL_OUTPOINT in [tx_input.prevout for tx_input in tx.inputs]:
        raise ConsensusError(Reject.NULL_PREVOUT)


def _check_output_values(tx: Transaction) -> None:
    total = 0
    for value, _ in tx.outputs:
        if value < 0:
            raise ConsensusError(Reject.NEGATIVE_OUTPUT)
        if value > MAX_MONEY:
            raise ConsensusError(Reject.OUTPUT_TOO_LARGE)
        total += value
        if total > MAX_MONEY:
            raise ConsensusError(Reject.OUTPUT_TOTAL_TOO_LARGE)


def is_final(tx: Transaction, height: int, time: int) -> bool:
    """Tell whether the lock time lets a transaction into a block of this height.

    ``time`` is the median time of the block's past (BIP 113), or before that rule its own time.
    """
    if tx.locktime == 0:
        return True
    if tx.locktime < (height if tx.locktime < LOCKTIME_THRESHOLD else time):
        return True
    return all(tx_input.sequence == SEQUENCE_FINAL for tx_input in tx.inputs)


def has_relative_locks(tx: Transaction) -> bool:
    """Tell whether an input could be locked until some time after its coin was made (BIP 68)."""
    # The version is compared unsigned: a negative one is large.
    if tx.version & 0xFFFFFFFF < 2:
        return False
    return any([not sequence & SEQUENCE_DISABLED for _, _, sequence, _ in tx.inputs])


def sequence_locks(
    tx: Transaction, coin_heights: Sequence[int], median_time_at: Callable[[int], int]
) -> tuple[int, int]:
    """Give the last height and the last median time at which relative locks still hold (BIP 68).

    ``median_time_at`` answers for heights of the chain that the transaction's block extends; -1
    means that nothing is locked.
    """
    last_height = last_time = -1
    if not has_relative_locks(tx):
        return last_height, last_time
    for (_, _, sequence, _), coin_height in zip(tx.inputs, coin_heights, strict=True):
        if sequence & SEQUENCE_DISABLED:
            continue
        distance = sequence & SEQUENCE_MASK
        if sequence & SEQUENCE_IS_TIME:
            start = median_time_at(max(coin_height - 1, 0))
            last_time = max(last_time, start + (distance << SEQUENCE_TIME_SHIFT) - 1)
        else:
            last_height = max(last_height, coin_height + distance - 1)
    return last_height, last_time


def check_inputs(tx: Transaction, coins: Sequence[Coin], height: int, maturity: int) -> int:
    """Check what a transaction spends in a block of this height; gives its fee in satoshis."""
    total = 0
    for value, _, coin_height, is_coinbase in coins:
        if is_coinbase and height - coin_height < maturity:
            raise ConsensusError(
                Reject.IMMATURE_COINBASE,
                f"tried to spend coinbase at depth {height - coin_height}",
            )
        total += value
        if not 0 <= value <= MAX_MONEY or total > MAX_MONEY:
            raise ConsensusError(Reject.INPUT_VALUE_RANGE)
    spent = 0
    for value, _ in tx.outputs:
        spent += value
    if total < spent:
        raise ConsensusError(
            Reject.SPENDS_TOO_MUCH,
            f"value in ({_format_money(total)}) < value out ({_format_money(spent)})",
        )
    fee = total - spent
    if fee > MAX_MONEY:
        raise ConsensusError(Reject.FEE_RANGE)
    return fee


def legacy_sigops(tx: Transaction) -> int:
    """Count signature operations as before BIP 16: in input and output scripts, unexecuted."""
    # Asked by the rules of the block, of its inputs, and by the pool: counted once.
    known: int | None = tx.__dict__.get("legacy_sigops")
    if known is not None:
        return known
    count = 0
    for tx_input in tx.inputs:
        count += count_sigops(tx_input.script_sig, accurate=False)
    for _, script in tx.outputs:
        count += count_sigops(script, accurate=False)
    tx.__dict__["legacy_sigops"] = count
    return count


def sigop_cost(tx: Transaction, coins: Sequence[Coin], flags: int) -> int:
    """Count what a transaction's signature operations cost: legacy and P2SH four each, witness one.

    ``coins`` are those of its inputs, empty for a coinbase.
    """
    cost = legacy_sigops(tx) * WITNESS_SCALE_FACTOR
    for (_, script_sig, _, witness), coin in zip(tx.inputs, coins, strict=False):
        script = coin.script_pubkey
        if flags & f.P2SH and is_p2sh(script):
            script = _last_push(script_sig)
            cost += count_sigops(script, accurate=True) * WITNESS_SCALE_FACTOR
        cost += _witness_sigops(script, witness, flags)
    return cost


def _witness_sigops(script: bytes, witness: Sequence[bytes], flags: int) -> int:
    program = witness_program(script)
    if program is None or not flags & f.WITNESS or program[0] != 0:
        return 0
    if len(program[1]) == 20:
        return 1
    if len(program[1]) == 32 and witness:
        return count_sigops(witness[-1], accurate=True)
    return 0


def _last_push(script_sig: bytes) -> bytes:
    """Give what a push-only script pushes last; nothing for a number, or if it does more."""
    start, position, end = 0, 0, len(script_sig)
    while position < end:
        opcode = script_sig[position]
        if opcode < _PUSHDATA1:
            start = position + 1
            position = start + opcode
        elif opcode <= _LAST_CONSTANT:
            start, position = pushed_range(script_sig, position, opcode)
        else:
            return b""
    return script_sig[start:position] if position == end else b""


def _format_money(satoshis: int) -> str:
    """Print coins as the reference's log does: as few decimals as needed, but two."""
    coins, rest = divmod(satoshis, COIN)
    decimals = f"{rest:08d}".rstrip("0")
    return f"{coins}.{decimals:0<2}"
