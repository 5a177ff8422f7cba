"""Which branch is the active one: the most work without a broken rule, the first seen of equals."""

import gc
import logging
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf

from ccxx_core.block import Block
from ccxx_core.hashes import format_hash
from ccxx_node.chainstate.active_chain import ActiveChain, Candidates
from ccxx_node.chainstate.block_entry import BlockEntry
from ccxx_node.chainstate.chain_events import ChainEvents
from ccxx_node.chainstate.errors import ChainError
from ccxx_node.chainstate.storage import Storage
from ccxx_node.chainstate.tip import Tip
from ccxx_node.consensus.errors import ConsensusError, UntrustedMinerError

_log = logging.getLogger(__name__)
# Nobody may ask for them: then only the last so many are kept.
_MAX_REFUSALS = 100


class Branches:
    """Follows complete branches, remembers failed ones, and moves the tip to the best."""

    def __init__(self, storage: Storage, chain: ActiveChain, tip: Tip) -> None:
        self._storage = storage
        self._index = storage.index
        self._chain = chain
        self._tip = tip
        self._candidates = Candidates()
        # The end with the most work of a branch that breaks a rule.
        self.best_failed = self._find_best_failed()
        self._refusals: deque[tuple[BlockEntry, ConsensusError]] = deque(maxlen=_MAX_REFUSALS)

    def start(self) -> None:
        """Move from where the stored coins are to the best branch; raises StorageError.

        A crash may have stopped a move half-way, also one away from a block that failed.
        """
        self._candidates.rebuild(self._index, self._chain.tip)
        self.activate()

    def disconnect_to(self, entry: BlockEntry) -> None:
        """Move the tip back to an ancestor of it; `start` decides where to go from there."""
        with _collector_paused():
            while self._chain.tip is not entry:
                self._tip.disconnect()

    def link(self, entry: BlockEntry) -> None:
        """Note that a block is stored: it and stored descendants may now form a whole branch."""
        if entry.parent is not None and not entry.parent.is_linked:
            return
        pending = [entry]
        while pending:
            each = pending.pop(0)
            before = each.parent.chain_tx_count if each.parent is not None else 0
            each.chain_tx_count = before + each.tx_count
            each.sequence = self._index.take_next_sequence()
            self._index.touch(each)
            self._candidates.offer(each, self._chain.tip)
            pending.extend(child for child in each.children if child.block_position is not None)

    @property
    def is_settled(self) -> bool:
        """Whether the tip is the best there is: false in the middle of a way that takes turns."""
        tip = self._chain.tip
        return not tip.is_failed and self._candidates.best() in (None, tip)

    def activate(
        self,
        fresh: BlockEntry | None = None,
        block: Block | None = None,
        seconds: float | None = None,
    ) -> ChainEvents:
        """Move the tip to the best branch whose rules hold.

        ``block`` is that of ``fresh``, so that it need not be read back. Raises ConsensusError if
        ``fresh`` itself breaks a rule (the tip is then where it was), StorageError for the disk.
        With ``seconds`` a way that takes longer is left in the middle, to be gone on with.
        """
        deadline = inf if seconds is None else time.monotonic() + seconds
        before = self._chain.tip
        failure: ConsensusError | None = None
        with _collector_paused():
            while not self.is_settled:
                failed, error = self._move(fresh, block, deadline)
                if failed is fresh and error is not None:
                    failure = error
                if time.monotonic() >= deadline:
                    break
        self._candidates.prune(self._chain.tip)
        if failure is not None:
            raise failure
        return self._events(before, fresh, block)

    def fail(self, entry: BlockEntry) -> None:
        """Remember that a block broke a rule, and that its descendants build on it."""
        entry.failed = True
        self._index.touch(entry)
        self._candidates.remove(entry)
        self._note_failed(entry)
        for descendant in self._index.descendants(entry):
            descendant.failed_parent = True
            self._index.touch(descendant)
            self._candidates.remove(descendant)
            self._note_failed(descendant)

    def invalidate(self, entry: BlockEntry, seconds: float | None = None) -> ChainEvents:
        """Treat a block as if it broke a rule, and move to the best branch without it."""
        parent = entry.parent if entry in self._chain else None
        if parent is not None and self._has_pruned(self._chain.tip, parent):
            raise ChainError("blocks above it were pruned, so it cannot be taken back")
        self.fail(entry)
        self._candidates.rebuild(self._index, self._chain.tip)
        return self.activate(seconds=seconds)

    def reconsider(self, entry: BlockEntry, seconds: float | None = None) -> ChainEvents:
        """Forget every failure among a block, its ancestors and its descendants."""
        family = [entry, *self._index.descendants(entry)]
        ancestor = entry.parent
        while ancestor is not None and ancestor.is_failed:
            family.append(ancestor)
            ancestor = ancestor.parent
        for each in family:
            each.failed = each.failed_parent = False
            self._index.touch(each)
        self.best_failed = self._find_best_failed()
        self._candidates.rebuild(self._index, self._chain.tip)
        return self.activate(seconds=seconds)

    def prefer(self, entry: BlockEntry, seconds: float | None = None) -> ChainEvents:
        """Treat a block as if it had come before all others of equal work."""
        if entry.chain_work >= self._chain.tip.chain_work:
            entry.sequence = self._index.take_first_sequence()
            self._index.touch(entry)
            self._candidates.offer(entry, self._chain.tip)
        return self.activate(seconds=seconds)

    def take_refusals(self) -> list[tuple[BlockEntry, ConsensusError]]:
        """Hand out the stored blocks that could not be connected since the last time, and why."""
        refusals = list(self._refusals)
        self._refusals.clear()
        return refusals

    def _move(
        self, fresh: BlockEntry | None, block: Block | None, deadline: float
    ) -> tuple[BlockEntry | None, ConsensusError | None]:
        """Go towards the best tip as far as rules and time allow; gives who breaks a rule."""
        if self._chain.tip.is_failed:
            self._leave_failed(deadline)
            return None, None
        best = self._candidates.best()
        assert best is not None
        if not self._is_reachable(best):
            return None, None
        return self._move_to(best, fresh, block, deadline)

    def _leave_failed(self, deadline: float) -> None:
        """Take back blocks that count as failed, then see which branches could follow."""
        while self._chain.tip.is_failed:
            self._tip.disconnect()
            if not self._chain.tip.is_failed:
                self._candidates.rebuild(self._index, self._chain.tip)
            elif time.monotonic() >= deadline:
                break

    def _move_to(
        self, best: BlockEntry, fresh: BlockEntry | None, block: Block | None, deadline: float
    ) -> tuple[BlockEntry | None, ConsensusError | None]:
        """Go towards the end of one branch."""
        fork = self._chain.fork_with(best)
        while self._chain.tip is not fork:
            self._tip.disconnect()
            if time.monotonic() >= deadline:
                return None, None
        for height in range(fork.height + 1, best.height + 1):
            entry = best.ancestor(height)
            assert entry is not None
            is_fresh = entry is fresh and block is not None
            try:
                self._tip.connect(entry, block if is_fresh and block else self._read(entry))
            except ConsensusError as error:
                self._refuse(entry, error)
                return entry, error
            if time.monotonic() >= deadline:
                break
        return None, None

    def _find_best_failed(self) -> BlockEntry | None:
        failed = (entry for entry in self._index if entry.is_failed)
        return max(failed, key=lambda entry: entry.chain_work, default=None)

    def _note_failed(self, entry: BlockEntry) -> None:
        if self.best_failed is None or entry.chain_work > self.best_failed.chain_work:
            self.best_failed = entry

    def _is_reachable(self, best: BlockEntry) -> bool:
        """Tell whether no block on the way is pruned; the branch waits for it if one is."""
        fork = self._chain.fork_with(best)
        if not self._has_pruned(self._chain.tip, fork) and not self._has_pruned(best, fork):
            return True
        _log.error(
            "reorganisation refused height=%d hash=%s fork=%d reason=blocks on the way were pruned",
            best.height,
            format_hash(best.hash),
            fork.height,
        )
        entry: BlockEntry | None = best
        while entry is not None and entry is not fork:
            self._candidates.remove(entry)
            entry = entry.parent
        return False

    @staticmethod
    def _has_pruned(end: BlockEntry, fork: BlockEntry) -> bool:
        entry = end
        while entry is not fork:
            if entry.is_pruned:
                return True
            assert entry.parent is not None
            entry = entry.parent
        return False

    def _read(self, entry: BlockEntry) -> Block:
        return self._storage.read_block(entry)

    def _refuse(self, entry: BlockEntry, error: ConsensusError) -> None:
        self._refusals.append((entry, error))
        _log.warning(
            "block refused height=%d hash=%s reason=%s",
            entry.height,
            format_hash(entry.hash),
            error,
        )
        if isinstance(error, UntrustedMinerError):
            # Known only from outside the chain: not tried again now, but with its next child.
            self._candidates.remove(entry)
            for descendant in self._index.descendants(entry):
                self._candidates.remove(descendant)
        else:
            self.fail(entry)

    def _events(
        self, before: BlockEntry, fresh: BlockEntry | None, block: Block | None
    ) -> ChainEvents:
        def read(entry: BlockEntry) -> Block:
            return block if entry is fresh and block is not None else self._read(entry)

        return ChainEvents(before, self._chain.tip, read)


@contextmanager
def _collector_paused() -> Iterator[None]:
    # Connecting makes many objects and no cycles: the collector would only look at them in vain.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
