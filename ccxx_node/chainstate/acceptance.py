"""How a header or a block gets into the tree: the checks in the reference's order, then storage."""

from collections.abc import Sequence
from contextlib import closing

from ccxx_core.block import Block, BlockHeader
from ccxx_node.chainstate.block_entry import BlockEntry
from ccxx_node.chainstate.branches import Branches
from ccxx_node.chainstate.record_files import FilePosition
from ccxx_node.chainstate.rules import Rules
from ccxx_node.chainstate.storage import Storage
from ccxx_node.consensus.errors import ConsensusError, Reject
from ccxx_node.consensus.header_hashing import hashed_ahead


class Acceptance:
    """Checks what can be checked without coins, and stores what passed."""

    def __init__(self, storage: Storage, rules: Rules, branches: Branches) -> None:
        self._storage = storage
        self._index = storage.index
        self._rules = rules
        self._branches = branches

    def accept_header(self, header: BlockHeader, now: int) -> BlockEntry:
        """Add a header to the tree, or find it there; raises ConsensusError."""
        known = self._index.get(header.hash)
        if known is not None:
            if known.is_failed:
                raise ConsensusError(Reject.DUPLICATE_BLOCK)
            return known
        self._rules.check_header(header)
        parent = self._index.get(header.prev_hash)
        if parent is None:
            raise ConsensusError(Reject.UNKNOWN_PARENT)
        if parent.is_failed:
            raise ConsensusError(Reject.INVALID_PARENT)
        self._rules.check_header_context(header, parent, self._index, now)
        return self._index.add(header, parent)

    def accept_headers(self, headers: Sequence[BlockHeader], now: int) -> list[BlockEntry]:
        """Add headers in order; raises ConsensusError for the first that breaks a rule."""
        unknown = [header for header in headers if self._index.get(header.hash) is None]
        with closing(hashed_ahead(unknown, self._rules.threads)) as hashed:
            for header in hashed:
                self.accept_header(header, now)
        return [self.accept_header(header, now) for header in headers]

    def store_block(
        self, block: Block, now: int, position: FilePosition | None = None
    ) -> BlockEntry | None:
        """Check and store a block; gives its entry, None if it was stored before.

        ``position`` is where it stands, if it is in the block files already. Raises ConsensusError;
        a block whose bytes may have been changed on the way is not remembered as failed.
        """
        self._rules.check_contents(block)
        entry = self.accept_header(block.header, now)
        if entry.block_position is not None:
            return None
        if entry.parent is not None:
            self._check_context(block, entry, entry.parent)
            if not entry.parent.is_linked and self._index.has_unstored_headers():
                # The block waits for its parent, in the index too: a crash must not orphan it.
                self._index.flush()
        entry.block_position = position or self._storage.blocks.append_block(block)
        entry.is_pruned = False
        entry.tx_count = len(block.transactions)
        self._index.touch(entry)
        self._branches.link(entry)
        return entry

    def _check_context(self, block: Block, entry: BlockEntry, parent: BlockEntry) -> None:
        try:
            self._rules.check_context(block, parent)
        except ConsensusError as error:
            if not error.may_be_corrupt:
                self._branches.fail(entry)
            raise
