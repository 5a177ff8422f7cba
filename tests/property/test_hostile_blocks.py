"""Blocks of any bytes end in DecodeError or in a reject reason, never in another exception."""

from contextlib import suppress
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from ccxx_core.block import Block
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import Txid
from ccxx_core.merkle import merkle_root
from ccxx_core.script import multisig_script, p2sh_script, p2wsh_script, push_data
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_node.consensus.block import check_block, check_block_context
from ccxx_node.consensus.coins import Coin, CoinChanges
from ccxx_node.consensus.context import BlockContext
from ccxx_node.consensus.deployments import script_flags
from ccxx_node.consensus.errors import ConsensusError
from ccxx_node.consensus.genesis import genesis_block
from ccxx_node.consensus.inputs import connect_block
from ccxx_node.consensus.params import REGTEST
from ccxx_node.consensus.sigcheck import InlineVerifier, ScriptChecks

GENESIS = genesis_block(REGTEST)
KEYS = [bytes([2]) + bytes([i] * 32) for i in range(3)]
SCRIPT = multisig_script(2, KEYS)
SCRIPTS = [b"\x51", p2sh_script(SCRIPT), p2wsh_script(SCRIPT), p2sh_script(p2wsh_script(SCRIPT))]
SIGNATURE = bytes.fromhex("3006020101020101" + "01")
CONTEXT = BlockContext(
    params=REGTEST,
    height=6000,
    parent_time=0,
    parent_gap=150,
    parent_median_time=0,
    is_csv=True,
    flags=script_flags(6000, True, REGTEST),
    median_time_at=lambda height: height,
)


class SomeCoin:
    """A view in which every outpoint has a coin, of a kind that its position chooses."""

    def get_coin(self, outpoint: OutPoint) -> Coin | None:
        if outpoint.txid == GENESIS.transactions[0].txid:
            return None
        return Coin(1000, SCRIPTS[outpoint.vout % len(SCRIPTS)], 10, False)


def spend(vout: int) -> Transaction:
    outpoint = OutPoint(Txid(bytes([vout + 1] * 32)), vout)
    stack = (b"", SIGNATURE, SIGNATURE, SCRIPT)
    script_sig = b"".join(map(push_data, stack)) if vout == 1 else b""
    witness = stack if vout >= 2 else ()
    spends = TxInput(outpoint, script_sig, 5, witness)
    return Transaction(2, (spends,), (TxOutput(900, p2sh_script(SCRIPT)),))


BLOCK = replace(GENESIS, transactions=(*GENESIS.transactions, *map(spend, range(4))))
RAW = BLOCK.encode()


def judge(raw: bytes) -> None:
    """Take a block as far as it goes; its Merkle root is put right, so that it goes further."""
    block = Block.decode(raw)
    root = merkle_root([tx.txid for tx in block.transactions])
    block = replace(block, header=replace(block.header, merkle_root=root))
    check_block(block, REGTEST, is_proposal=True)
    try:
        check_block_context(block, CONTEXT)
    finally:
        # Also what is refused for its witnesses is connected here, to go further.
        coins = CoinChanges(SomeCoin())
        connect_block(block, CONTEXT, coins, ScriptChecks(CONTEXT.flags, InlineVerifier()))


@settings(max_examples=500, deadline=None)
@given(
    changes=st.lists(
        st.tuples(st.integers(80, len(RAW) - 1), st.integers(0, 3), st.binary(max_size=3)),
        max_size=4,
    )
)
def test_changed_block_is_judged_or_does_not_decode(changes: list[tuple[int, int, bytes]]) -> None:
    raw = RAW
    for offset, removed, added in changes:
        raw = raw[:offset] + added + raw[offset + removed :]

    with suppress(DecodeError, ConsensusError):
        judge(raw)


@given(raw=st.binary(max_size=300))
def test_rubbish_is_judged_or_does_not_decode(raw: bytes) -> None:
    with suppress(DecodeError, ConsensusError):
        judge(GENESIS.header.encode() + raw)
