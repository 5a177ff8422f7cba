"""The one door to the chain: headers and blocks come in, what changed goes out.

Nothing else writes to the stores. A refused header or block changes nothing but the note that it
was refused. A StorageError means that the node has to stop, with all that was stored intact.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from ccxx_core.block import Block, BlockHeader
from ccxx_core.hashes import BlockHash, Txid, format_hash
from ccxx_core.network import NETWORKS
from ccxx_core.transaction import OutPoint
from ccxx_node.chainstate.acceptance import Acceptance
from ccxx_node.chainstate.active_chain import ActiveChain
from ccxx_node.chainstate.block_entry import BlockEntry
from ccxx_node.chainstate.branches import Branches
from ccxx_node.chainstate.chain_events import ChainEvents
from ccxx_node.chainstate.chain_tips import ChainTip, find_chain_tips
from ccxx_node.chainstate.errors import ChainError
from ccxx_node.chainstate.opening import (
    StoredBlocks,
    catch_up_transactions,
    find_genesis,
    find_tip,
)
from ccxx_node.chainstate.pruning import Pruner
from ccxx_node.chainstate.rewinding import forget_witnessless_blocks
from ccxx_node.chainstate.rules import Rules
from ccxx_node.chainstate.storage import ChainstateOptions, Storage
from ccxx_node.chainstate.tip import Tip
from ccxx_node.chainstate.utxo_stats import UtxoCounter, UtxoStats
from ccxx_node.chainstate.verification import DEFAULT_DEPTH, DEFAULT_LEVEL, Verification
from ccxx_node.consensus.coins import BlockUndo, Coin, CoinChanges
from ccxx_node.consensus.errors import ConsensusError
from ccxx_node.consensus.params import ConsensusParams

_DEFAULTS = ChainstateOptions()


class Chainstate:
    """The chain of one network: header tree, blocks, unspent coins, and the tip.

    It is a view of coins (``get_coin``) for memory pool and miner. ``now`` is always the adjusted
    time in unix seconds. Not safe for threads: one event loop owns it.
    """

    def __init__(self, storage: Storage, rules: Rules, options: ChainstateOptions) -> None:
        """Use ``open`` instead."""
        self._storage = storage
        self._index = storage.index
        self._rules = rules
        self.params = rules.params
        self.genesis = find_genesis(storage, rules.params)
        self._chain = ActiveChain(find_tip(storage, self.genesis))
        tip = Tip(storage, self._chain, rules)
        self._branches = Branches(storage, self._chain, tip)
        self.connect_times = tip.times
        self._acceptance = Acceptance(storage, rules, self._branches)
        self.pruner = Pruner(storage, self._chain, options)

    @classmethod
    def open(
        cls,
        folder: Path,
        params: ConsensusParams,
        options: ChainstateOptions = _DEFAULTS,
        rules: Rules | None = None,
    ) -> Self:
        """Open or create the chain below the network's folder, for example ``<datadir>/regtest``.

        Blocks that an unclean stop left unconnected are connected. ``rules`` carries signature
        workers and the trusted-miner policy. Raises StorageError, and CorruptionError with the
        option that repairs.
        """
        storage = Storage(folder, NETWORKS[params.chain].magic, options)
        try:
            chainstate = cls(storage, rules or Rules(params), options)
            chainstate._recover(options.check_blocks)
        except BaseException:
            storage.close()
            raise
        return chainstate

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # The chain as it is

    @property
    def tip(self) -> BlockEntry:
        """The last block of the active chain."""
        return self._chain.tip

    @property
    def height(self) -> int:
        """The height of the tip."""
        return self._chain.height

    @property
    def best_header(self) -> BlockEntry:
        """The header with the most work behind it, its block known or not."""
        return self._index.best_header or self.tip

    @property
    def best_announced(self) -> BlockEntry:
        """The header with the most work, refused or not: a restart, too, leaves it what it is."""
        return max(self.best_header, self.best_failed or self.tip, key=lambda end: end.chain_work)

    @property
    def best_failed(self) -> BlockEntry | None:
        """The end with the most work of a branch that broke a rule, perhaps before the start."""
        return self._branches.best_failed

    @property
    def coin_cache(self) -> tuple[int, int]:
        """How many coins are in memory, and how many changes the database does not know yet."""
        return self._storage.coins.cached

    def entry(self, block_hash: BlockHash) -> BlockEntry | None:
        """Give what is known about a header, in the active chain or not."""
        return self._index.get(block_hash)

    def entry_at(self, height: int) -> BlockEntry | None:
        """Give the block of the active chain at a height."""
        return self._chain.at(height)

    def is_active(self, entry: BlockEntry) -> bool:
        """Whether a block is in the active chain."""
        return entry in self._chain

    def fork_with(self, entry: BlockEntry) -> BlockEntry:
        """Give the last ancestor of a block (or itself) that is in the active chain."""
        return self._chain.fork_with(entry)

    def next_entry(self, entry: BlockEntry) -> BlockEntry | None:
        """Give the block after this one in the active chain, None for the tip and for branches."""
        return self._chain.at(entry.height + 1) if entry in self._chain else None

    def chain_tips(self) -> list[ChainTip]:
        """Give the ends of all known branches, the highest first."""
        return find_chain_tips(self._index, self._chain)

    def get_coin(self, outpoint: OutPoint) -> Coin | None:
        """Give an unspent coin of the active chain."""
        return self._storage.coins.get_coin(outpoint)

    def get_block(self, block_hash: BlockHash) -> Block | None:
        """Read a block, None if it is not stored; raises CorruptionError."""
        entry = self._index.get(block_hash)
        if entry is None or entry.block_position is None:
            return None
        return self._storage.read_block(entry)

    def get_raw_block(self, block_hash: BlockHash) -> bytes | None:
        """Read a block's bytes, None if it is not stored; raises CorruptionError."""
        entry = self._index.get(block_hash)
        if entry is None or entry.block_position is None:
            return None
        return self._storage.blocks.read_raw_block(entry.block_position)

    def get_undo(self, block_hash: BlockHash) -> BlockUndo | None:
        """Read what a block spent, None if it never was connected; raises CorruptionError."""
        entry = self._index.get(block_hash)
        if entry is None or entry.undo_position is None:
            return None
        return self._storage.read_undo(entry)

    def blocks_size(self) -> int:
        """Give the bytes that blocks and undo data take on the disk."""
        return self._storage.blocks.size()

    @property
    def has_transaction_index(self) -> bool:
        """Whether ``find_transaction`` can answer."""
        return self._storage.transactions is not None

    def find_transaction(self, txid: Txid) -> tuple[BlockHash, int] | None:
        """Give the block that has a transaction and its position there, by the optional index."""
        transactions = self._storage.transactions
        return None if transactions is None else transactions.find(txid)

    def utxo_stats(self) -> UtxoStats:
        """Write everything, then count and hash all coins."""
        counter = UtxoCounter(self.tip.hash, self.height)
        for outpoint, coin in self.iterate_coins():
            counter.add(outpoint, coin)
        return counter.finish(self.coins_size())

    def coins_size(self) -> int:
        """Give the bytes that the coins take on the disk."""
        return self._storage.disk_size()

    def iterate_coins(self) -> Iterator[tuple[OutPoint, Coin]]:
        """Write everything, then give all coins by txid (as bytes) and position."""
        self.flush()
        return self._storage.coins.iterate()

    # The chain as it changes

    def accept_header(self, header: BlockHeader, now: int) -> BlockEntry:
        """Add a header to the tree, or find it there; raises ConsensusError."""
        return self._acceptance.accept_header(header, now)

    def accept_headers(self, headers: Sequence[BlockHeader], now: int) -> list[BlockEntry]:
        """Add headers to the tree, parents before children; gives the entry of each.

        Raises ConsensusError for the first that breaks a rule; those before it stay.
        """
        return self._acceptance.accept_headers(headers, now)

    def accept_block(self, block: Block, now: int, seconds: float | None = None) -> ChainEvents:
        """Check, store and if possible connect a block, and all that waited for it.

        The events are empty if it was stored before, or is not on the best chain (yet). Raises
        ConsensusError if this block breaks a rule; coins and tip are then as they were. A way to
        the best tip that takes longer than ``seconds`` is left in the middle: see ``move_on``.
        """
        entry = self._acceptance.store_block(block, now)
        if entry is None:
            return self.events_since(self.tip)
        return self._branches.activate(entry, block, seconds)

    @property
    def is_settled(self) -> bool:
        """Whether the tip is the best there is: false in the middle of a long way."""
        return self._branches.is_settled

    def move_on(self, seconds: float) -> ChainEvents:
        """Go on with a long way for some time; raises StorageError."""
        return self._branches.activate(seconds=seconds)

    def events_since(self, before: BlockEntry) -> ChainEvents:
        """Give what happened since a block was the tip."""
        return ChainEvents(before, self.tip, self._storage.read_block)

    def take_refusals(self) -> list[tuple[BlockEntry, ConsensusError]]:
        """Hand out the stored blocks that could not be connected since the last time, and why.

        Whoever sent one of them may have done so long before its branch became the best.
        """
        return self._branches.take_refusals()

    def test_block(self, block: Block, now: int, *, checks_work: bool = False) -> None:
        """Check a block on top of the tip without keeping anything; raises ConsensusError.

        The proof of work is only checked with ``checks_work``.
        """
        if block.header.prev_hash != self.tip.hash:
            raise ChainError("the block does not build on the tip")
        rules, tip = self._rules, self.tip
        rules.check_header_context(block.header, tip, self._index, now)
        rules.check_contents(block, checks_work=checks_work)
        rules.check_context(block, tip)
        rules.check_spending(block, BlockEntry(block.header, tip), CoinChanges(self._storage.coins))

    def invalidate_block(self, block_hash: BlockHash, seconds: float | None = None) -> ChainEvents:
        """Leave a block and its descendants as if it broke a rule.

        A way that takes longer than ``seconds`` is left in the middle, here and below: what was
        decided is on the disk then. Raises ChainError if the block is unknown or has to stay.
        """
        entry = self._known(block_hash)
        if entry is self.genesis:
            raise ChainError("the genesis block cannot be invalidated")
        events = self._branches.invalidate(entry, seconds)
        self.flush()
        return events

    def reconsider_block(self, block_hash: BlockHash, seconds: float | None = None) -> ChainEvents:
        """Forget that a block, its ancestors and descendants failed; raises ChainError."""
        events = self._branches.reconsider(self._known(block_hash), seconds)
        self.flush()
        return events

    def precious_block(self, block_hash: BlockHash, seconds: float | None = None) -> ChainEvents:
        """Prefer a block to others of equal work, whichever came first; raises ChainError."""
        events = self._branches.prefer(self._known(block_hash), seconds)
        self.flush()
        return events

    def prune_when_due(self) -> None:
        """Delete old blocks if they outgrew their bound; raises StorageError.

        Events that have not been looked at may need blocks: look at them before.
        """
        self.pruner.prune_when_due()

    def prune_up_to(self, height: int) -> None:
        """Delete files of blocks up to a height; ChainError in the middle of a long way."""
        if not self.is_settled:
            # The way may lead over blocks that are old already.
            raise ChainError("the chain is being reorganised: ask again in a moment")
        self.pruner.prune_up_to(height)

    def flush(self) -> None:
        """Write everything to the disk; raises StorageError."""
        self._storage.flush()

    def verify(
        self, level: int = DEFAULT_LEVEL, depth: int = DEFAULT_DEPTH
    ) -> Iterator[BlockEntry]:
        """Look again at the last blocks and give each one checked; raises CorruptionError.

        The tip must not move meanwhile.
        """
        return Verification(self._storage, self._rules, level).run(self.tip, depth)

    def close(self) -> None:
        """Write everything and close the files; closing twice is harmless."""
        try:
            self._storage.flush()
        finally:
            self._storage.close()

    def _recover(self, check_blocks: int) -> None:
        forget_witnessless_blocks(self._storage, self._chain, self._branches, self._rules)
        # Where the last run left it: the start itself may lead on from here.
        self.opened_at = self.tip
        # Before anything is built on them.
        for _ in self.verify(DEFAULT_LEVEL, check_blocks):
            pass
        self._branches.start()
        stored = StoredBlocks(self._storage, self._acceptance, self._branches, self.params)
        stored.take_in(self.genesis)
        catch_up_transactions(self._storage, self.tip)
        self.flush()

    def _known(self, block_hash: BlockHash) -> BlockEntry:
        entry = self._index.get(block_hash)
        if entry is None:
            raise ChainError(f"block {format_hash(block_hash)} is not known")
        return entry
