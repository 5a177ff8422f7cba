"""Long ways of a running node: gone in turns, waited for, changed and stopped in the middle."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from ccxx_core.block import Block
from ccxx_core.hashes import Txid
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.chainstate.errors import ChainError
from ccxx_node.config import read_config
from ccxx_node.consensus.params import ConsensusParams
from ccxx_node.events import Event
from ccxx_node.mempool.accept import Acceptor
from ccxx_node.mempool.next_block import BlockAfter
from ccxx_node.mempool.policy import Policy
from ccxx_node.mempool.pool import Mempool
from ccxx_node.node.chain_follower import ChainFollower
from ccxx_node.node.kept_pool import KeptPool

NOW = 1_700_868_523
# Anyone may spend it, and it is long enough for any pool.
ANYONE = b"\x61" * 30 + b"\x51"
LENGTH = 8

MakeBranch = Callable[..., list[Block]]
MakeBlock = Callable[..., Block]


class Listening:
    """Counts the events that it is told, and keeps the transactions."""

    def __init__(self) -> None:
        self.events = 0
        self.offered: list[Txid] = []

    def chain_changed(self, events: Sequence[Event]) -> None:
        self.events += len(events)

    def transaction_accepted(self, txid: Txid) -> None:
        self.offered.append(txid)


class Broken(Listening):
    """Has a bug that shows when it is told a second time."""

    def chain_changed(self, events: Sequence[Event]) -> None:
        if self.events:
            raise LookupError("a bug")
        super().chain_changed(events)


class Owner:
    """A node without network: a chain, a pool, and ways whose every turn is one block."""

    def __init__(self, chain: Chainstate, turn_seconds: float = 0) -> None:
        self.chain = chain
        self.acceptor = Acceptor(Mempool(), Policy(require_standard=False))
        self.peers = Listening()
        self.is_stopping = False
        self.failure: Exception | None = None
        self.settled_at: list[int] = []
        self.follower = ChainFollower(self, turn_seconds)

    def now(self) -> int:
        return NOW

    def next_block(self) -> BlockAfter:
        return BlockAfter(self.chain.tip, self.chain, self.chain.params)

    def chain_settled(self) -> None:
        self.settled_at.append(self.chain.height)

    def fail(self, error: Exception) -> None:
        self.failure = error
        self.is_stopping = True

    def invalidate(self, block: Block) -> None:
        self.follower.follow(self.chain.invalidate_block(block.hash, 0))

    def reconsider(self, block: Block) -> None:
        self.follower.follow(self.chain.reconsider_block(block.hash, 0))

    def prefer(self, block: Block) -> None:
        self.follower.follow(self.chain.precious_block(block.hash, 0))

    def accept(self, block: Block) -> None:
        self.follower.follow(self.chain.accept_block(block, NOW, 0))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "regtest"


def pay(source: Transaction) -> Transaction:
    """Spend the first output, for a fee that any pool is content with."""
    output = TxOutput(source.outputs[0].value - 1000, ANYONE)
    return Transaction(2, (TxInput(OutPoint(source.txid, 0)),), (output,))


@pytest.fixture
def main_chain(make_block: MakeBlock, params: ConsensusParams, folder: Path) -> list[Block]:
    """A chain that is on the disk, with a payment in its second block and one in its sixth."""
    with Chainstate.open(folder, params) as chain:
        blocks = [make_block(chain.genesis.header, value=10_000)]
        first = pay(blocks[0].transactions[0])
        payments = {2: [first], 6: [pay(first)]}
        for height in range(2, LENGTH + 1):
            blocks.append(make_block(blocks[-1].header, *payments.get(height, [])))
        for block in blocks:
            chain.accept_block(block, NOW)
    return blocks


@pytest.fixture
def owner(main_chain: list[Block], folder: Path, params: ConsensusParams) -> Iterator[Owner]:
    with Chainstate.open(folder, params) as chain:
        assert chain.tip.hash == main_chain[-1].hash
        yield Owner(chain)


async def others_turn() -> None:
    """Let everybody else of the event loop have one."""
    await asyncio.sleep(0)


def test_others_see_the_chain_on_its_way_and_the_caller_its_end(
    owner: Owner, main_chain: list[Block]
) -> None:
    async def run() -> list[int]:
        owner.invalidate(main_chain[0])
        waiting = asyncio.create_task(owner.follower.settled())
        seen = []
        while not waiting.done():
            seen.append(owner.chain.height)
            await others_turn()
        await waiting
        return seen

    seen = asyncio.run(run())

    assert set(seen) == set(range(LENGTH))
    assert owner.settled_at == [0]
    assert owner.peers.events == LENGTH


def test_there_is_time_for_whole_calls_between_two_turns(
    owner: Owner, main_chain: list[Block]
) -> None:
    """Each takes several rounds of the event loop."""
    patient = Owner(owner.chain, turn_seconds=0.5)

    async def run() -> int:
        patient.invalidate(main_chain[0])
        rounds = 0
        while owner.chain.height == LENGTH - 1:
            rounds += 1
            await others_turn()
        await patient.follower.settled()
        return rounds

    assert asyncio.run(run()) > 10


def test_of_two_calls_at_once_the_later_one_holds_and_both_are_answered(
    owner: Owner, main_chain: list[Block]
) -> None:
    async def run() -> tuple[int, list[None]]:
        owner.invalidate(main_chain[0])
        first = asyncio.create_task(owner.follower.settled())
        await others_turn()
        await others_turn()
        owner.reconsider(main_chain[0])
        turned_at = owner.chain.height
        return turned_at, await asyncio.gather(first, owner.follower.settled())

    turned_at, answers = asyncio.run(run())

    assert 0 < turned_at < LENGTH
    assert answers == [None, None]
    assert owner.chain.tip.hash == main_chain[-1].hash
    assert owner.settled_at == [LENGTH]


def test_block_that_comes_meanwhile_is_where_the_way_ends(
    owner: Owner, main_chain: list[Block], make_branch: MakeBranch
) -> None:
    other = make_branch(main_chain[1].header, 2, "other")

    async def run() -> None:
        owner.invalidate(main_chain[2])
        for block in other:
            owner.accept(block)
        assert not owner.chain.is_settled
        await owner.follower.settled()

    asyncio.run(run())

    assert owner.chain.tip.hash == other[-1].hash


def test_preferred_branch_is_waited_for(
    owner: Owner, main_chain: list[Block], make_branch: MakeBranch
) -> None:
    other = make_branch(owner.chain.genesis.header, LENGTH, "other")

    async def run() -> None:
        for block in other:
            owner.accept(block)
        owner.prefer(other[-1])
        assert owner.chain.tip.hash not in (main_chain[-1].hash, other[-1].hash)
        await owner.follower.settled()

    asyncio.run(run())

    assert owner.chain.tip.hash == other[-1].hash


def test_caller_who_leaves_does_not_end_the_way(owner: Owner, main_chain: list[Block]) -> None:
    async def run() -> None:
        owner.invalidate(main_chain[0])
        leaving = asyncio.create_task(owner.follower.settled())
        await others_turn()
        leaving.cancel()
        await owner.follower.settled()

    asyncio.run(run())

    assert owner.chain.height == 0


def test_stop_in_the_middle_is_said_to_the_caller_and_the_next_start_goes_on(
    owner: Owner, main_chain: list[Block], folder: Path, params: ConsensusParams
) -> None:
    async def run() -> None:
        owner.invalidate(main_chain[0])
        waiting = asyncio.create_task(owner.follower.settled())
        await others_turn()
        owner.is_stopping = True
        with pytest.raises(ChainError):
            await waiting
        await owner.follower.close()

    asyncio.run(run())
    height = owner.chain.height
    owner.chain.close()
    with Chainstate.open(folder, params) as again:
        end = again.height

    assert 0 < height < LENGTH
    assert end == 0


def test_bug_on_the_way_stops_the_node_as_the_caller_is_told(
    owner: Owner, main_chain: list[Block]
) -> None:
    owner.peers = Broken()

    async def run() -> None:
        owner.invalidate(main_chain[0])
        with pytest.raises(ChainError, match="the node stops"):
            await owner.follower.settled()

    asyncio.run(run())

    assert isinstance(owner.failure, LookupError)


def stop_on_the_way(owner: Owner, main_chain: list[Block], kept_pool: KeptPool) -> None:
    """Stop while the chain is taken back to its first block, when the sixth has been."""

    async def run() -> None:
        owner.invalidate(main_chain[1])
        while owner.chain.height > 5:
            await others_turn()
        await owner.follower.close()
        kept_pool.close(owner.follower.returning)
        owner.chain.close()

    asyncio.run(run())


def start(folder: Path, params: ConsensusParams, kept_pool: KeptPool) -> None:
    """Open the chain again, and the pool."""

    async def run() -> None:
        with Chainstate.open(folder, params) as chain:
            await kept_pool.open(chain, BlockAfter(chain.tip, chain, params), NOW)

    asyncio.run(run())


def test_what_went_back_to_the_pool_is_offered_when_the_way_is_gone(
    owner: Owner, main_chain: list[Block]
) -> None:
    early, late = (main_chain[height - 1].transactions[1] for height in (2, 6))

    async def run() -> list[Txid]:
        owner.invalidate(main_chain[1])
        while owner.chain.height > 2:
            await others_turn()
        offered_on_the_way = list(owner.peers.offered)
        await owner.follower.settled()
        return offered_on_the_way

    assert asyncio.run(run()) == []
    assert owner.peers.offered == [early.txid, late.txid]


def test_what_goes_back_to_the_pool_outlives_a_stop_on_the_way(
    owner: Owner, main_chain: list[Block], folder: Path, params: ConsensusParams
) -> None:
    """From blocks taken back before the stop, and from those that the next start takes back."""
    early, late = (main_chain[height - 1].transactions[1] for height in (2, 6))
    config = read_config([f"-datadir={folder.parent}", "-regtest"])
    again = Acceptor(Mempool(), Policy(require_standard=False))

    stop_on_the_way(owner, main_chain, KeptPool(config, owner.acceptor))
    start(folder, params, KeptPool(config, again))

    assert owner.chain.height == 5
    assert {entry.tx for entry in again.pool} == {early, late}


@pytest.mark.parametrize("delta", [0, 100_000])
def test_what_goes_back_is_judged_at_the_start_by_what_it_counts_for(
    owner: Owner,
    main_chain: list[Block],
    folder: Path,
    params: ConsensusParams,
    delta: int,
) -> None:
    late = main_chain[5].transactions[1]
    config = read_config([f"-datadir={folder.parent}", "-regtest"])
    again = Acceptor(Mempool(), Policy(require_standard=False, min_relay_fee=100_000))
    owner.acceptor.pool.prioritise(late.txid, delta)

    stop_on_the_way(owner, main_chain, KeptPool(config, owner.acceptor))
    start(folder, params, KeptPool(config, again))

    assert (late.txid in again.pool) == (delta > 0)
