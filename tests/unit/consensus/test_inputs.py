"""What connecting a block checks, rule by rule, on blocks that need no signatures."""

from dataclasses import replace

import pytest

from ccxx_core.amount import COIN
from ccxx_core.block import Block
from ccxx_core.hashes import Txid
from ccxx_core.opcodes import Op
from ccxx_core.script import p2pkh_script
from ccxx_core.transaction import NULL_OUTPOINT, OutPoint, Transaction, TxInput, TxOutput
from ccxx_node.consensus.coins import BlockUndo, Coin, CoinChanges
from ccxx_node.consensus.context import BlockContext
from ccxx_node.consensus.deployments import script_flags
from ccxx_node.consensus.errors import ConsensusError, Reject, UntrustedMinerError
from ccxx_node.consensus.genesis import genesis_block
from ccxx_node.consensus.inputs import connect_block
from ccxx_node.consensus.params import MAIN, REGTEST
from ccxx_node.consensus.sigcheck import InlineVerifier, ScriptChecks
from ccxx_node.consensus.subsidy import MinerPolicy

ANYONE = bytes([Op.OP_1])
SPENT = OutPoint(Txid(bytes([1] * 32)), 0)
OLD_COIN = Coin(COIN, ANYONE, 100, False)
HEADER = genesis_block(REGTEST).header
SPEND = Transaction(2, (TxInput(SPENT, sequence=0),), (TxOutput(COIN - 10, ANYONE),))


class Coins(dict[OutPoint, Coin]):
    def get_coin(self, outpoint: OutPoint) -> Coin | None:
        return self.get(outpoint)


class OnlyTrusted:
    """A policy that trusts one miner."""

    def __init__(self, miner: str) -> None:
        self.miner = miner

    def may_be_rewarded(self, miner: str, height: int) -> bool:
        return miner == self.miner and height >= 70_000

    def may_mine(self, miner: str, height: int) -> bool:
        return miner == self.miner and height > 70_000


def coinbase_of(value: int) -> Transaction:
    return Transaction(
        1, (TxInput(NULL_OUTPOINT, bytes(2)),), (TxOutput(value, p2pkh_script(bytes(20))),)
    )


def context_at(height: int, **changes: int | bool) -> BlockContext:
    context = BlockContext(
        params=REGTEST,
        height=height,
        parent_time=HEADER.time - 150,
        parent_gap=150,
        parent_median_time=HEADER.time - 900,
        is_csv=True,
        flags=script_flags(height, True, REGTEST),
        median_time_at=lambda asked: 1000 * asked,
    )
    return replace(context, **changes)  # type: ignore[arg-type]


def connect(
    *transactions: Transaction,
    context: BlockContext | None = None,
    coins: Coins | None = None,
    miners: MinerPolicy | None = None,
) -> BlockUndo:
    context = context or context_at(5000)
    view = CoinChanges(Coins({SPENT: OLD_COIN}) if coins is None else coins)
    scripts = ScriptChecks(context.flags, InlineVerifier())
    block = Block(HEADER, transactions)
    if miners is None:
        return connect_block(block, context, view, scripts)
    return connect_block(block, context, view, scripts, miners)


def refusal(*transactions: Transaction, **changes: object) -> Reject:
    with pytest.raises(ConsensusError) as error:
        connect(*transactions, **changes)  # type: ignore[arg-type]
    return error.value.reject


def test_block_gives_back_what_it_spent() -> None:
    assert connect(coinbase_of(0), SPEND) == BlockUndo(((OLD_COIN,),))


def test_missing_coin_is_refused() -> None:
    assert refusal(coinbase_of(0), SPEND, coins=Coins()) is Reject.MISSING_INPUTS


def test_same_coin_cannot_be_spent_twice_in_a_block() -> None:
    again = replace(SPEND, outputs=(TxOutput(1, ANYONE),))

    assert refusal(coinbase_of(0), SPEND, again) is Reject.MISSING_INPUTS


def test_coin_cannot_be_spent_before_it_is_made_in_the_same_block() -> None:
    child = replace(SPEND, inputs=(TxInput(OutPoint(SPEND.txid, 0)),))

    connect(coinbase_of(0), SPEND, child)
    assert refusal(coinbase_of(0), child, SPEND) is Reject.MISSING_INPUTS


def test_unspent_transaction_may_not_be_made_again_where_bip_30_holds() -> None:
    coins = Coins({SPENT: OLD_COIN, OutPoint(coinbase_of(0).txid, 0): OLD_COIN})

    assert refusal(coinbase_of(0), coins=coins) is Reject.OVERWRITES_COIN
    connect(coinbase_of(0), coins=coins, context=context_at(5000, params=MAIN))  # type: ignore[arg-type]


def test_coinbase_may_take_subsidy_and_fees_but_no_more() -> None:
    connect(coinbase_of(3_500_000 + 10), SPEND)

    assert refusal(coinbase_of(3_500_000 + 11), SPEND) is Reject.COINBASE_AMOUNT


def test_immature_coinbase_is_refused() -> None:
    coins = Coins({SPENT: OLD_COIN._replace(is_coinbase=True)})

    assert refusal(coinbase_of(0), SPEND, coins=coins) is Reject.IMMATURE_COINBASE
    connect(coinbase_of(0), SPEND, coins=coins, context=context_at(5100))


def test_relative_locks_hold_once_csv_is_active() -> None:
    young = replace(SPEND, inputs=(TxInput(SPENT, sequence=4901),))

    assert refusal(coinbase_of(0), young) is Reject.NOT_FINAL
    connect(coinbase_of(0), young, context=context_at(5000, is_csv=False))
    connect(coinbase_of(0), young, context=context_at(5001))


def test_relative_time_lock_is_compared_with_the_median_time_of_the_parent() -> None:
    locked = replace(SPEND, inputs=(TxInput(SPENT, sequence=1 << 22 | 1),))
    opens = 99_000 + 512

    connect(coinbase_of(0), locked, context=context_at(5000, parent_median_time=opens))
    before = context_at(5000, parent_median_time=opens - 1)
    assert refusal(coinbase_of(0), locked, context=before) is Reject.NOT_FINAL


def test_signature_operations_of_spent_scripts_count() -> None:
    # A bare script costs nothing when it is spent, only when it is made.
    many = bytes([Op.OP_CHECKSIG]) * 20_001
    heavy = replace(SPEND, outputs=(TxOutput(0, many),))

    assert refusal(coinbase_of(0), heavy) is Reject.TOO_MANY_SIGOPS


def test_failing_script_is_the_reason_whatever_fails_after_it() -> None:
    coins = Coins({SPENT: OLD_COIN._replace(script_pubkey=bytes([Op.OP_0]))})
    missing = replace(SPEND, inputs=(TxInput(OutPoint(SPENT.txid, 1)),))

    assert refusal(coinbase_of(0), SPEND, missing, coins=coins) is Reject.MANDATORY_SCRIPT
    assert refusal(coinbase_of(COIN), SPEND, coins=coins) is Reject.MANDATORY_SCRIPT


def test_blocks_come_90_seconds_apart_above_height_90000() -> None:
    early = {"parent_time": HEADER.time - 89}

    connect(coinbase_of(0), context=context_at(90_000, **early))
    assert refusal(coinbase_of(0), context=context_at(90_001, **early)) is Reject.TOO_SOON
    connect(coinbase_of(0), context=context_at(90_001, parent_time=HEADER.time - 90))


def test_untrusted_miner_is_refused_above_height_70000_but_not_for_ever() -> None:
    stranger = OnlyTrusted("somebody else")

    connect(coinbase_of(0), context=context_at(70_000), miners=stranger)
    with pytest.raises(UntrustedMinerError) as error:
        connect(coinbase_of(0), context=context_at(70_001), miners=stranger)

    assert error.value.reject is Reject.COINBASE_AMOUNT


def test_miner_without_address_is_valid_but_not_rewarded() -> None:
    stranger = OnlyTrusted("somebody else")
    coinbase = replace(coinbase_of(0), outputs=(TxOutput(1, ANYONE), TxOutput(1, ANYONE)))

    connect(replace(coinbase, outputs=()), context=context_at(70_001), miners=stranger)
    rewarded = {"context": context_at(70_001), "miners": stranger}
    assert refusal(coinbase, **rewarded) is Reject.COINBASE_AMOUNT


def test_untrusted_miner_earns_only_fees_at_height_70000() -> None:
    stranger = OnlyTrusted("somebody else")
    context = context_at(70_000)

    connect(coinbase_of(10), SPEND, context=context, miners=stranger)
    rewarded = {"context": context, "miners": stranger}
    assert refusal(coinbase_of(11), SPEND, **rewarded) is Reject.COINBASE_AMOUNT
