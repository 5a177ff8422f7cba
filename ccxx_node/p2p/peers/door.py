"""All that peer logic asks of the node it belongs to, and how an operator wants it to behave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ccxx_core.block import Block, BlockHeader
from ccxx_core.transaction import Transaction
from ccxx_node.chainstate.block_entry import BlockEntry
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.consensus.params import ConsensusParams
from ccxx_node.mempool.accept import Acceptor
from ccxx_node.mempool.entry import Entry
from ccxx_node.p2p.messages import NetAddress, TimedAddress
from ccxx_node.p2p.peers.peer import Peer, Services

# Peers that we choose ourselves.
MAX_OUTBOUND = 8


@dataclass(frozen=True, slots=True)
class PeerOptions:
    """What an operator may choose; ``minimum_work`` is that of a chain worth downloading."""

    services: Services = Services.NETWORK | Services.WITNESS | Services.NETWORK_LIMITED
    user_agent: str = "/CCXX/"
    minimum_work: int = 0
    ban_score: int = 100
    relay_transactions: bool = True
    whitelist_relay: bool = True
    whitelist_force_relay: bool = True
    send_rejects: bool = True
    fee_filter: bool = True
    max_orphans: int = 100
    extra_compact_transactions: int = 100
    is_listening: bool = True
    is_pruned: bool = False
    max_outbound: int = MAX_OUTBOUND


class Door(Protocol):
    """The node as its peers' logic sees it."""

    params: ConsensusParams
    chain: Chainstate
    acceptor: Acceptor

    def now(self) -> int:
        """Return unix time, or the time set for tests."""

    def monotonic(self) -> float:
        """Return seconds of a clock that only runs forward and no test sets."""

    def is_initial_download(self) -> bool:
        """Whether the chain is still far from today; once over it stays over."""

    def is_importing(self) -> bool:
        """Whether blocks are read from files: peers' blocks and headers are ignored meanwhile."""

    def submit_headers(self, headers: Sequence[BlockHeader]) -> list[BlockEntry]:
        """Add headers, parents before children; raises `ConsensusError` for the first refused."""

    def submit_block(self, block: Block) -> None:
        """Add a block to the chain; raises `ConsensusError` if it is refused.

        The node calls `PeerLogic.chain_changed` before this returns.
        """

    def submit_transaction(self, tx: Transaction) -> Entry:
        """Put a transaction into the pool; raises `ConsensusError` or `PolicyError`.

        The node does not call `PeerLogic.transaction_accepted` for these.
        """


class AddressStore(Protocol):
    """The addresses of other nodes, as peer logic uses them."""

    def add(self, addresses: Sequence[TimedAddress], source: NetAddress, penalty: int) -> None:
        """Take in what a peer told; each counts as seen ``penalty`` seconds earlier."""

    def sample(self) -> Sequence[TimedAddress]:
        """Return some of the known addresses at random, at most 1000 (for getaddr)."""

    def mark_good(self, address: NetAddress, services: int, now: int) -> None:
        """Note that a node we connected to answered with its version."""

    def mark_connected(self, address: NetAddress, now: int) -> None:
        """Note that an outbound connection to a well-behaved node just ended."""

    def own_address(self, peer: Peer) -> NetAddress | None:
        """Return the routable address where this peer could reach us, None if there is none."""

    def is_reachable(self, address: NetAddress) -> bool:
        """Whether we would connect to an address of this kind at all."""

    def is_routable(self, address: NetAddress) -> bool:
        """Whether an address is one of the public network."""


class Quota(Protocol):
    """How much we may still send today (``-maxuploadtarget``)."""

    def is_used_up(self, *, historical: bool) -> bool:
        """Whether (for old blocks: nearly) all that may be sent in a day has been."""
