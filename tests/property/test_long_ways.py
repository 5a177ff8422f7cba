"""A way gone in turns, with anything in between, ends where the same ways end that go at once."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from ccxx_core.block import Block, BlockHeader
from ccxx_core.script import build_script
from ccxx_core.transaction import NULL_OUTPOINT, Transaction, TxInput, TxOutput
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.consensus.errors import ConsensusError
from ccxx_node.consensus.genesis import genesis_block
from ccxx_node.consensus.params import REGTEST
from ccxx_node.events import BlockConnected, BlockDisconnected, Event
from ccxx_node.mining.miner import mine

NOW = 1_700_868_523


def branch(parent: BlockHeader, length: int, name: bytes) -> list[Block]:
    """Mine empty blocks, one on the other."""
    blocks: list[Block] = []
    for _ in range(length):
        unlock = build_script(parent.hash, name)
        coinbase = Transaction(1, (TxInput(NULL_OUTPOINT, unlock),), (TxOutput(0, b"\x51"),))
        header = BlockHeader(
            0x20000000, parent.hash, coinbase.txid, parent.time + 150, 0x207FFFFF, 0
        )
        block = mine(Block(header, (coinbase,)), tries=10_000)
        assert block is not None
        blocks.append(block)
        parent = block.header
    return blocks


FIRST = branch(genesis_block(REGTEST).header, 6, b"first")
SECOND = branch(genesis_block(REGTEST).header, 6, b"second")
THIRD = branch(FIRST[2].header, 4, b"third")
BLOCKS = [*FIRST, *SECOND, *THIRD]

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["accept", "invalidate", "reconsider", "turn", "turn"]),
        st.sampled_from(BLOCKS),
    ),
    max_size=12,
)


def take(chain: Chainstate, step: tuple[str, Block], seconds: float | None) -> Sequence[Event]:
    match step:
        case "accept", block:
            try:
                return chain.accept_block(block, NOW, seconds)
            except ConsensusError:
                return ()
        case "invalidate", block:
            return chain.invalidate_block(block.hash, seconds)
        case "reconsider", block:
            return chain.reconsider_block(block.hash, seconds)
        case _:
            return chain.move_on(0)


@settings(max_examples=20, deadline=None)
@given(known=st.permutations(BLOCKS), steps=STEPS)
def test_turns_end_where_a_way_at_once_ends(
    known: list[Block], steps: list[tuple[str, Block]]
) -> None:
    with TemporaryDirectory() as folder, ExitStack() as stack:
        turns, at_once = (
            stack.enter_context(Chainstate.open(Path(folder, name), REGTEST))
            for name in ("turns", "at once")
        )
        for chain in (turns, at_once):
            chain.accept_headers([block.header for block in BLOCKS], NOW)
            # One is left out, to come on the way.
            for block in known[:-1]:
                chain.accept_block(block, NOW)
        tip = turns.tip.hash

        for step in (*steps, ("accept", known[-1])):
            take(at_once, step, None)
            tip = follow(tip, take(turns, step, 0))
        while not turns.is_settled:
            tip = follow(tip, turns.move_on(0))

        assert tip == turns.tip.hash == at_once.tip.hash
        assert turns.utxo_stats().hash_serialized_2 == at_once.utxo_stats().hash_serialized_2


def follow(tip: bytes, events: Sequence[Event]) -> bytes:
    """Go the way that events tell, block by block."""
    for event in events:
        match event:
            case BlockConnected(block, _):
                assert block.header.prev_hash == tip
                tip = block.hash
            case BlockDisconnected(block, _):
                assert block.hash == tip
                tip = block.header.prev_hash
    return tip
