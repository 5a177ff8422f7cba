"""What is connected can be taken back: any way to a tip ends with the coins of a fresh import."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from ccxx_core.block import Block, BlockHeader
from ccxx_core.merkle import merkle_root
from ccxx_core.script import build_script
from ccxx_core.transaction import NULL_OUTPOINT, OutPoint, Transaction, TxInput, TxOutput
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.chainstate.storage import ChainstateOptions
from ccxx_node.chainstate.utxo_stats import UtxoStats
from ccxx_node.consensus.genesis import genesis_block
from ccxx_node.consensus.params import REGTEST
from ccxx_node.events import BlockConnected
from ccxx_node.mining.miner import mine

NOW = 1_700_868_523
ANYONE = b"\x51"
PARAMS = REGTEST.with_test_overrides(maturity=1)
GENESIS = genesis_block(PARAMS).header
# Every block is written at once, some are, or none; the cache holds little or all.
OPTIONS = st.builds(
    ChainstateOptions,
    cache_bytes=st.sampled_from([0, 10 << 20]),
    flush_blocks=st.sampled_from([1, 3, 1000]),
)
SETTINGS = settings(max_examples=20, deadline=None)


@dataclass(frozen=True)
class Grown:
    """A block with the outputs that can be spent after it."""

    block: Block
    spendable: tuple[OutPoint, ...]


def spending(data: st.DataObject, spendable: list[OutPoint]) -> Transaction:
    """Spend some outputs, which leave the list, into new ones, which join it."""
    count = data.draw(st.integers(1, min(3, len(spendable))), "inputs")
    picked = [spendable.pop(data.draw(st.integers(0, len(spendable) - 1))) for _ in range(count)]
    outputs = data.draw(st.integers(1, 3), "outputs")
    # The last is unspendable: it must never become a coin.
    scripts = (*(ANYONE,) * outputs, b"\x6a")
    tx = Transaction(
        2, tuple(map(TxInput, picked)), tuple(TxOutput(0, script) for script in scripts)
    )
    spendable += [OutPoint(tx.txid, position) for position in range(outputs)]
    return tx


def grow(data: st.DataObject, parent: BlockHeader, before: tuple[OutPoint, ...]) -> Grown:
    """Mine a block with up to four transactions, which may spend each other."""
    spendable = list(before)
    transactions = []
    for _ in range(data.draw(st.integers(0, 4), "transactions")):
        if spendable:
            transactions.append(spending(data, spendable))
    tag = data.draw(st.binary(min_size=4, max_size=4), "tag")
    coinbase = Transaction(
        1,
        (TxInput(NULL_OUTPOINT, build_script(parent.hash, tag)),),
        (TxOutput(0, ANYONE), TxOutput(0, ANYONE)),
    )
    everything = (coinbase, *transactions)
    root = merkle_root([tx.txid for tx in everything])
    header = BlockHeader(0x20000000, parent.hash, root, parent.time + 150, 0x207FFFFF, 0)
    block = mine(Block(header, everything), tries=10_000)
    assert block is not None
    new = tuple(OutPoint(coinbase.txid, position) for position in range(2))
    return Grown(block, (*spendable, *new))


@contextmanager
def opened(options: ChainstateOptions) -> Iterator[Chainstate]:
    with (
        TemporaryDirectory() as folder,
        Chainstate.open(Path(folder), PARAMS, options) as chainstate,
    ):
        yield chainstate


def facts(chainstate: Chainstate) -> UtxoStats:
    return replace(chainstate.utxo_stats(), disk_size=0)


def fresh_import(blocks: list[Block]) -> UtxoStats:
    with opened(ChainstateOptions()) as chainstate:
        for block in blocks:
            chainstate.accept_block(block, NOW)
        return facts(chainstate)


@SETTINGS
@given(data=st.data(), length=st.integers(1, 8), options=OPTIONS)
def test_disconnecting_to_any_height_equals_a_fresh_import_to_it(
    data: st.DataObject, length: int, options: ChainstateOptions
) -> None:
    blocks: list[Block] = []
    spendable: tuple[OutPoint, ...] = ()
    for _ in range(length):
        grown = grow(data, blocks[-1].header if blocks else GENESIS, spendable)
        blocks.append(grown.block)
        spendable = grown.spendable
    fresh = [fresh_import(blocks[:height]) for height in range(length + 1)]

    with opened(options) as chainstate:
        for block in blocks:
            chainstate.accept_block(block, NOW)
        for height in reversed(range(length)):
            chainstate.invalidate_block(blocks[height].hash)
            assert facts(chainstate) == fresh[height]
        height = data.draw(st.integers(1, length), "height")
        chainstate.reconsider_block(blocks[height - 1].hash)

        assert facts(chainstate) == fresh[length]


@SETTINGS
@given(data=st.data(), size=st.integers(2, 12), options=OPTIONS)
def test_any_reorganisation_equals_a_fresh_import_of_the_branch_it_ends_on(
    data: st.DataObject, size: int, options: ChainstateOptions
) -> None:
    tree = [grow(data, GENESIS, ())]
    for _ in range(size - 1):
        # A parent among the last few: several branches race.
        parent = tree[data.draw(st.integers(max(0, len(tree) - 3), len(tree) - 1), "parent")]
        tree.append(grow(data, parent.block.header, parent.spendable))
    blocks = {grown.block.hash: grown.block for grown in tree}
    arrivals = data.draw(st.permutations(list(blocks.values())), "arrivals")

    connected: list[Block] = []
    with opened(options) as chainstate:
        for block in blocks.values():
            chainstate.accept_header(block.header, NOW)
        for block in arrivals:
            for event in chainstate.accept_block(block, NOW):
                if isinstance(event, BlockConnected):
                    connected.append(event.block)
                else:
                    assert connected.pop() == event.block
        after, tip = facts(chainstate), chainstate.tip
        highest = max(entry.height for entry in (chainstate.best_header, tip))

    assert after == fresh_import(connected)
    assert connected[-1].hash == tip.hash
    assert tip.height == highest
