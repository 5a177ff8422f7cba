"""Where every transaction is: the optional index behind ``-txindex``.

A transaction of a block that left the active chain stays findable until another block has it.
"""

from pathlib import Path
from struct import Struct

from ccxx_core.block import Block
from ccxx_core.hashes import BlockHash, Txid
from ccxx_node.chainstate.errors import CorruptionError
from ccxx_node.chainstate.kvstore import open_store

_BEST_BLOCK = b"B"
_TRANSACTION = b"t"
_PLACE = Struct("<32sI")
_REMEDY = "-reindex"


class TransactionIndex:
    """A database from txid to block hash and position in the block."""

    def __init__(self, folder: Path) -> None:
        """Open the database in ``folder``; raises CorruptionError or StorageError."""
        self._folder = folder
        self._store = open_store(folder, _REMEDY)
        self._pending: dict[Txid, tuple[BlockHash, int]] = {}
        best = self._store.get(_BEST_BLOCK)
        self.best_block = None if best is None else BlockHash(best)

    def find(self, txid: Txid) -> tuple[BlockHash, int] | None:
        """Give the block that has the transaction and its position there, the coinbase being 0."""
        pending = self._pending.get(txid)
        if pending is not None:
            return pending
        place = self._store.get(_TRANSACTION + txid)
        if place is None:
            return None
        if len(place) != _PLACE.size:
            raise CorruptionError(
                f"transaction index {self._folder} is corrupted: start with {_REMEDY}"
            )
        block_hash, position = _PLACE.unpack(place)
        return BlockHash(block_hash), position

    def connect(self, block_hash: BlockHash, block: Block) -> None:
        """Note the transactions of a block that became the tip."""
        for position, tx in enumerate(block.transactions):
            self._pending[tx.txid] = block_hash, position
        self.best_block = block_hash

    def flush(self) -> None:
        """Write what was noted."""
        if not self._pending:
            return
        pairs = [(_TRANSACTION + txid, _PLACE.pack(*at)) for txid, at in self._pending.items()]
        if self.best_block is not None:
            pairs.append((_BEST_BLOCK, self.best_block))
        self._store.write_batch(pairs)
        self._pending.clear()

    def close(self) -> None:
        """Close the database; what was not flushed is caught up with next time."""
        self._store.close()
