"""What is connected can be taken back: any way to a tip ends with the coins of a fresh import."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from ccxx_core.block import Block, BlockHeader
from ccxx_core.hashes import sha256d
from ccxx_core.merkle import merkle_root
from ccxx_core.script import build_script, p2sh_script, p2wsh_script, push_data
from ccxx_core.transaction import NULL_OUTPOINT, OutPoint, Transaction, TxInput, TxOutput
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.chainstate.storage import ChainstateOptions
from ccxx_node.chainstate.utxo_stats import UtxoStats
from ccxx_node.consensus.block import WITNESS_COMMITMENT_PREFIX
from ccxx_node.consensus.genesis import genesis_block
from ccxx_node.consensus.params import REGTEST
from ccxx_node.events import BlockConnected
from ccxx_node.mining.miner import mine

NOW = 1_700_868_523
ANYONE = b"\x51"
# Scripts that anyone can spend, and with what; one is the longest that can be, one is empty.
KEYS_TO: dict[bytes, tuple[bytes, tuple[bytes, ...]]] = {
    ANYONE: (b"", ()),
    b"": (ANYONE, ()),
    b"\x61" * 200 + ANYONE: (b"", ()),
    p2sh_script(ANYONE): (push_data(ANYONE), ()),
    p2wsh_script(ANYONE): (b"", (ANYONE,)),
    p2sh_script(p2wsh_script(ANYONE)): (push_data(p2wsh_script(ANYONE)), (ANYONE,)),
}
# These must never become coins.
UNSPENDABLE = (b"\x6a", b"\x6a\x04data", bytes(10_001))
SCRIPTS = st.sampled_from((*KEYS_TO, *UNSPENDABLE))
PARAMS = REGTEST.with_test_overrides(maturity=1)
GENESIS = genesis_block(PARAMS).header
# Every block is written at once, some are, or none; the cache holds little or all.
OPTIONS = st.builds(
    ChainstateOptions,
    cache_bytes=st.sampled_from([0, 10 << 20]),
    flush_blocks=st.sampled_from([1, 3, 1000]),
)
SETTINGS = settings(max_examples=20, deadline=None)


class Owned(NamedTuple):
    """An output that can be spent, and how."""

    outpoint: OutPoint
    value: int
    script: bytes

    @property
    def spend(self) -> TxInput:
        """Return the input that spends it."""
        script_sig, witness = KEYS_TO[self.script]
        return TxInput(self.outpoint, script_sig, 0xFFFFFFFF, witness)


@dataclass(frozen=True)
class Grown:
    """A block with the outputs that can be spent after it."""

    block: Block
    spendable: tuple[Owned, ...]


def owned(tx: Transaction) -> list[Owned]:
    """Return the outputs of a transaction that can be spent."""
    outputs = enumerate(tx.outputs)
    return [Owned(OutPoint(tx.txid, n), *out) for n, out in outputs if out[1] in KEYS_TO]


def spending(data: st.DataObject, spendable: list[Owned]) -> Transaction:
    """Spend some outputs, which leave the list, into new ones, which join it."""
    count = data.draw(st.integers(1, min(3, len(spendable))), "inputs")
    picked = [spendable.pop(data.draw(st.integers(0, len(spendable) - 1))) for _ in range(count)]
    scripts = data.draw(st.lists(SCRIPTS, min_size=1, max_size=4), "outputs")
    value = sum(each.value for each in picked) // len(scripts)
    inputs = tuple(each.spend for each in picked)
    tx = Transaction(2, inputs, tuple(TxOutput(value, script) for script in scripts))
    tx = distinct(tx, spendable)
    spendable += owned(tx)
    return tx


def distinct(tx: Transaction, spendable: Iterable[Owned]) -> Transaction:
    """Give a transaction another id if coins of an equal one are unspent (BIP 30)."""
    unspent = {each.outpoint.txid for each in spendable}
    while tx.txid in unspent:
        tx = replace(tx, version=tx.version + 1)
    return tx


def coinbase_of(data: st.DataObject, parent: BlockHeader, others: list[Transaction]) -> Transaction:
    """Pay a little to anyone, and commit to the witnesses.

    Without the parent's hash in it, the same coinbase may come twice in a chain (BIP 30): the
    second is valid once all coins of the first are spent.
    """
    tag = data.draw(st.binary(min_size=4, max_size=4), "tag")
    unlock = build_script(parent.hash, tag) if data.draw(st.booleans(), "unique") else b"\x51\x51"
    scripts = data.draw(st.lists(SCRIPTS, min_size=1, max_size=2), "rewards")
    value = data.draw(st.sampled_from((0, 1, 50_000)), "reward")
    committed = sha256d(merkle_root([bytes(32), *(tx.wtxid for tx in others)]) + bytes(32))
    outputs = [TxOutput(value, script) for script in scripts]
    outputs.append(TxOutput(0, WITNESS_COMMITMENT_PREFIX + committed))
    return Transaction(
        1, (TxInput(NULL_OUTPOINT, unlock, 0xFFFFFFFF, (bytes(32),)),), tuple(outputs)
    )


def grow(data: st.DataObject, parent: BlockHeader, before: tuple[Owned, ...]) -> Grown:
    """Mine a block with up to four transactions, which may spend each other."""
    spendable = list(before)
    transactions = []
    for _ in range(data.draw(st.integers(0, 4), "transactions")):
        if spendable:
            transactions.append(spending(data, spendable))
    coinbase = distinct(coinbase_of(data, parent, transactions), (*before, *spendable))
    everything = (coinbase, *transactions)
    root = merkle_root([tx.txid for tx in everything])
    header = BlockHeader(0x20000000, parent.hash, root, parent.time + 150, 0x207FFFFF, 0)
    block = mine(Block(header, everything), tries=10_000)
    assert block is not None
    return Grown(block, (*spendable, *owned(coinbase)))


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
    spendable: tuple[Owned, ...] = ()
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
