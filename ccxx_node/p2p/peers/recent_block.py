"""The newest block, kept ready to be sent: many peers want it at the same moment."""

from __future__ import annotations

from ccxx_core.block import Block
from ccxx_core.hashes import BlockHash, Txid
from ccxx_core.transaction import Transaction
from ccxx_node.p2p.messages import CompactBlock
from ccxx_node.p2p.messages.compact_blocks import make_compact


class RecentBlock:
    """One block with its compact form and its transactions by id."""

    def __init__(self) -> None:
        self.hash: BlockHash | None = None
        self.block: Block | None = None
        self._compact: CompactBlock | None = None
        self._by_txid: dict[Txid, Transaction] = {}

    def replace(self, block: Block) -> None:
        """Keep this block instead of the last."""
        self.hash, self.block = block.hash, block
        self._compact = None
        self._by_txid = {tx.txid: tx for tx in block.transactions[1:]}

    def get(self, block_hash: BlockHash) -> Block | None:
        """Return the block, if it is this one."""
        return self.block if block_hash == self.hash else None

    def compact(self, nonce: int) -> CompactBlock:
        """Return the compact form of version 2; the nonce is used when it is made."""
        assert self.block is not None
        if self._compact is None:
            self._compact = make_compact(self.block, nonce)
        return self._compact

    def transaction(self, txid: Txid) -> Transaction | None:
        """Return a transaction of the block, never its coinbase."""
        return self._by_txid.get(txid)

    def __contains__(self, txid: object) -> bool:
        return txid in self._by_txid
