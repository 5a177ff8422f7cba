"""Connecting a block to the coins: everything that depends on what its inputs spend."""

from ccxx_core.amount import MAX_MONEY
from ccxx_core.block import Block
from ccxx_core.network import NETWORKS
from ccxx_core.transaction import OutPoint, Transaction
from ccxx_node.consensus.coins import (
    BlockUndo,
    Coin,
    CoinChanges,
    apply_transaction,
    get_coins,
)
from ccxx_node.consensus.context import BlockContext
from ccxx_node.consensus.errors import ConsensusError, Reject, UntrustedMinerError
from ccxx_node.consensus.params import (
    MAX_BLOCK_SIGOPS_COST,
    MINIMUM_SPACING_HEIGHT,
    MINIMUM_SPACING_SECONDS,
    TRUSTED_MINERS_HEIGHT,
)
from ccxx_node.consensus.sigcheck import ScriptChecks
from ccxx_node.consensus.subsidy import (
    NO_ADDRESS,
    EveryMiner,
    MinerPolicy,
    block_subsidy,
    miner_address,
)
from ccxx_node.consensus.transaction import (
    check_inputs,
    has_relative_locks,
    sequence_locks,
    sigop_cost,
)

_EVERY_MINER = EveryMiner()


def connect_block(
    block: Block,
    context: BlockContext,
    coins: CoinChanges,
    scripts: ScriptChecks | None,
    miners: MinerPolicy = _EVERY_MINER,
) -> BlockUndo:
    """Check a block against the coins and apply it to them; gives what takes it back.

    The block must have passed ``check_block`` and ``check_block_context``. ``scripts`` is None
    where they are known to be valid. Raises ConsensusError; ``coins`` is then to be thrown away.
    The genesis block is never connected: its output cannot be spent.
    """
    try:
        if context.params.enforce_bip30:
            _check_no_overwrite(block, coins)
        fees, spent = _connect_transactions(block, context, coins, scripts)
        _check_coinbase(block, context, fees, miners)
        _check_spacing(block, context)
    finally:
        # A script that fails in an earlier input is the reason, whatever failed after it.
        if scripts is not None:
            scripts.finish()
    return BlockUndo(tuple(spent))


def _check_no_overwrite(block: Block, coins: CoinChanges) -> None:
    # BIP 30: a transaction with the id of an older one would replace coins that are still unspent.
    get_coin = coins.get_coin
    for tx in block.transactions:
        txid = tx.txid
        for position in range(len(tx.outputs)):
            if get_coin(OutPoint(txid, position)) is not None:
                raise ConsensusError(Reject.OVERWRITES_COIN)


def _connect_transactions(
    block: Block, context: BlockContext, coins: CoinChanges, scripts: ScriptChecks | None
) -> tuple[int, list[tuple[Coin, ...]]]:
    """Check and apply all transactions in order; gives the fees and the coins spent by each."""
    coinbase, *transactions = block.transactions
    height, flags, is_csv = context.height, context.flags, context.is_csv
    maturity = context.params.coinbase_maturity(height)
    # What a coinbase costs by itself, ``check_block`` has refused already if it is too much.
    sigops, fees = sigop_cost(coinbase, (), flags), 0
    apply_transaction(coinbase, height, coins)
    spent = []
    for tx in transactions:
        tx_coins = get_coins(tx, coins)
        if tx_coins is None:
            raise ConsensusError(Reject.MISSING_INPUTS)
        fees += check_inputs(tx, tx_coins, height, maturity)
        if fees > MAX_MONEY:
            raise ConsensusError(Reject.TOTAL_FEE_RANGE)
        if is_csv:
            check_sequence_locks(tx, tx_coins, context)
        sigops += sigop_cost(tx, tx_coins, flags)
        if sigops > MAX_BLOCK_SIGOPS_COST:
            raise ConsensusError(Reject.TOO_MANY_SIGOPS)
        if scripts is not None:
            scripts.add(tx, tx_coins)
        apply_transaction(tx, height, coins)
        spent.append(tuple(tx_coins))
    return fees, spent


def check_sequence_locks(tx: Transaction, coins: list[Coin], context: BlockContext) -> None:
    """Check that every input is old enough for its relative lock (BIP 68)."""
    if has_relative_locks(tx) and not holds_sequence_locks(
        tx, [coin.height for coin in coins], context
    ):
        raise ConsensusError(Reject.NOT_FINAL)


def holds_sequence_locks(tx: Transaction, coin_heights: list[int], context: BlockContext) -> bool:
    """Tell whether relative locks let a transaction into the block of this context."""
    last_height, last_time = sequence_locks(tx, coin_heights, context.median_time_at)
    return last_height < context.height and last_time < context.parent_median_time


def _check_coinbase(block: Block, context: BlockContext, fees: int, miners: MinerPolicy) -> None:
    params, height = context.params, context.height
    coinbase = block.transactions[0]
    miner = miner_address(coinbase, NETWORKS[params.chain])
    subsidy = block_subsidy(
        height, context.parent_gap, params, lambda: miners.may_be_rewarded(miner, height)
    )
    if sum(output.value for output in coinbase.outputs) > fees + subsidy:
        raise ConsensusError(Reject.COINBASE_AMOUNT)
    # A coinbase that pays no address has no miner to distrust.
    is_asked = height > TRUSTED_MINERS_HEIGHT and miner != NO_ADDRESS
    if is_asked and not miners.may_mine(miner, height):
        raise UntrustedMinerError(Reject.COINBASE_AMOUNT)


def _check_spacing(block: Block, context: BlockContext) -> None:
    gap = block.header.time - context.parent_time
    if context.height > MINIMUM_SPACING_HEIGHT and gap < MINIMUM_SPACING_SECONDS:
        raise ConsensusError(Reject.TOO_SOON)
