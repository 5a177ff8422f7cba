"""All that RPC methods ask of the running node; `ccxx_node.node` provides it."""

from __future__ import annotations

from typing import Protocol

from ccxx_core.block import Block
from ccxx_core.hashes import BlockHash
from ccxx_core.network import Network
from ccxx_core.transaction import Transaction
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.chainstate.errors import StorageError
from ccxx_node.chainstate.rules import Rules
from ccxx_node.consensus.params import ConsensusParams
from ccxx_node.mempool.accept import Acceptor
from ccxx_node.mempool.entry import Entry
from ccxx_node.mempool.next_block import BlockAfter
from ccxx_node.mining.template import BlockTemplate
from ccxx_node.p2p.network import PeerNetwork
from ccxx_node.rpc.call_times import CallTimes
from ccxx_node.rpc.health import HealthFacts


class NodeServices(Protocol):
    """The node as its RPC interface sees it."""

    network: Network
    params: ConsensusParams
    chain: Chainstate
    acceptor: Acceptor
    rules: Rules
    peers: PeerNetwork
    starting: str | None
    started_at: int
    mock_time: int
    user_agent: str
    calls: CallTimes

    @property
    def warnings(self) -> str:
        """What an operator should read, as one text."""

    def health(self) -> HealthFacts:
        """Return what readiness is judged by."""

    def now(self) -> int:
        """Return unix time, or the time set for tests."""

    def is_initial_download(self) -> bool:
        """Whether the chain is still far from today; once over it stays over."""

    def next_block(self) -> BlockAfter:
        """Return what holds for the block after the tip."""

    def submit_block(self, block: Block) -> None:
        """Add a block to the chain; raises `ConsensusError` if it is refused."""

    def submit_transaction(self, tx: Transaction, max_fee: int) -> Entry:
        """Put a transaction into the pool; raises `ConsensusError` or `PolicyError`."""

    def invalidate(self, block_hash: BlockHash) -> None:
        """Treat a known block as invalid from now on."""

    def reconsider(self, block_hash: BlockHash) -> None:
        """Forget that a block and its descendants were treated as invalid."""

    def prefer(self, block_hash: BlockHash) -> None:
        """Treat a block as if it had come before others of the same work."""

    async def settled(self) -> None:
        """Return when the tip is the best there is; raises `ChainError` if the node stops."""

    def template(self, *, with_witness: bool = True) -> BlockTemplate:
        """Return the next block as it would be mined now, perhaps without witness transactions."""

    async def wait_for_tip(self, timeout: float | None) -> None:
        """Return when the tip changes, the time is over, or the node stops."""

    @property
    def is_stopping(self) -> bool:
        """Whether the node shuts down."""

    def blocks_size(self) -> int:
        """Return the bytes that blocks and undo data take on the disk."""

    def save_mempool(self) -> None:
        """Write the pool to the disk."""

    def fail(self, error: StorageError) -> None:
        """Shut down because what is on the disk cannot be used."""

    def request_stop(self) -> None:
        """Begin to shut down once this call is answered."""
