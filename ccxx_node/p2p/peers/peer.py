"""All that is known about one connection; what ``getpeerinfo`` shows is a function of it.

Two clocks: times named ``…_at`` are unix seconds (tests may set that clock), all others are
seconds of a clock that only runs forward. Everything that a peer can make grow has a bound.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import IntFlag

from ccxx_core.hashes import BlockHash, Txid
from ccxx_node.chainstate.block_entry import BlockEntry
from ccxx_node.p2p.messages import InventoryItem, NetAddress, TimedAddress
from ccxx_node.p2p.messages.bloom import BloomFilter
from ccxx_node.p2p.messages.compact_blocks import PartialBlock
from ccxx_node.p2p.peers.known import RecentSet

# With a hundred bytes each this is what one peer can make us keep: some megabytes.
KNOWN_INVENTORY = 20_000
KNOWN_ADDRESSES = 5000

# Of two transactions the one with fewer ancestors is announced first, then the better fee rate.
Rank = tuple[int, float, Txid]


class Services(IntFlag):
    """What a node says that it can do (BIP 14, 111, 144, 159)."""

    NONE = 0
    NETWORK = 1
    BLOOM = 4
    WITNESS = 8
    NETWORK_LIMITED = 1024


@dataclass(frozen=True, slots=True)
class Permissions:
    """Why we are connected, and what we grant: all false for an ordinary connection."""

    whitelisted: bool = False
    manual: bool = False
    feeler: bool = False
    oneshot: bool = False


@dataclass(slots=True)
class Traffic:
    """Bytes and times of a connection, kept by the sockets; ``*other*`` are unknown commands."""

    bytes_sent: int = 0
    bytes_received: int = 0
    sent_by_command: dict[str, int] = field(default_factory=dict)
    received_by_command: dict[str, int] = field(default_factory=dict)
    last_send_at: int = 0
    last_receive_at: int = 0


@dataclass(slots=True)
class VersionFacts:
    """What the peer's version message said; version 0 until it came."""

    version: int = 0
    # Any bits: a member of `Services` would be kept for ever for each value that a peer makes up.
    services: int = 0
    user_agent: str = ""
    start_height: int = -1
    time_offset: int = 0
    address_of_us: NetAddress | None = None


@dataclass(slots=True)
class PingState:
    """The ping that is out (nonce 0: none) and the times measured, in seconds."""

    nonce: int = 0
    sent: float = 0.0
    is_asked_for: bool = False
    last_time: float | None = None
    shortest_time: float | None = None


@dataclass(slots=True, eq=False)
class BlockInFlight:
    """A block asked of a peer; with ``partial`` while a compact block is put together."""

    hash: BlockHash
    entry: BlockEntry | None
    partial: PartialBlock | None = None


@dataclass(slots=True)
class HeaderState:
    """Header synchronisation with a peer, and which blocks it is thought to have."""

    best_known: BlockEntry | None = None
    last_unknown: BlockHash | None = None
    best_sent: BlockEntry | None = None
    sync_started: bool = False
    sync_deadline: float = 0.0
    unconnecting: int = 0
    # Headers that came from this peer on branches with less work than ours, since it last brought
    # some of another.
    weak: int = 0
    last_announced_at: int = 0
    # Outbound peers have to follow our chain in time, except a few protected ones.
    chain_deadline_at: int = 0
    chain_work_wanted: BlockEntry | None = None
    chain_asked: bool = False
    is_protected: bool = False


@dataclass(slots=True)
class DownloadState:
    """Blocks on their way from a peer."""

    in_flight: dict[BlockHash, BlockInFlight] = field(default_factory=dict)
    last_common: BlockEntry | None = None
    since: float = 0.0
    stalling_since: float = 0.0
    is_preferred: bool = False


@dataclass(slots=True)
class CompactState:
    """What the peer said with sendcmpct (BIP 152)."""

    is_offered: bool = False
    wants_witness: bool = False
    announces_to: bool = False
    offers_our_version: bool = False


@dataclass(slots=True)
class RelayState:
    """Transactions and blocks to announce to a peer, and what it is known to have."""

    wants_transactions: bool = True
    fee_filter: int = 0
    bloom: BloomFilter | None = None
    known: RecentSet = field(default_factory=lambda: RecentSet(KNOWN_INVENTORY))
    transactions: dict[Txid, Rank] = field(default_factory=dict)
    blocks: list[BlockHash] = field(default_factory=list)
    new_tips: list[BlockHash] = field(default_factory=list)
    next_trickle: float = 0.0
    mempool_wanted: bool = False
    mempool_is_due: bool = False
    mempool_sent_at: int = 0
    fee_filter_sent: int = 0
    next_fee_filter: float = 0.0
    last_transaction_at: int = 0
    last_block_at: int = 0


@dataclass(slots=True)
class AddressState:
    """Addresses to pass on to a peer, and those it knows."""

    known: RecentSet = field(default_factory=lambda: RecentSet(KNOWN_ADDRESSES))
    pending: list[TimedAddress] = field(default_factory=list)
    next_send: float = 0.0
    next_own: float = 0.0
    was_asked: bool = False
    has_answered: bool = False


@dataclass(slots=True, eq=False)
class Peer:
    """One connection from its first byte to its last.

    ``address`` is what people read, for example ``127.0.0.1:10841``; ``net_address`` the same as 16
    bytes and a port. The sockets set ``send_paused`` while the peer reads too slowly.
    """

    id: int
    address: str
    net_address: NetAddress
    inbound: bool
    connected_at: int
    permissions: Permissions = Permissions()
    address_bind: str = ""
    nonce: int = 0
    send_paused: bool = False
    is_ready: bool = False
    prefers_headers: bool = False
    misbehavior: int = 0
    disconnect_reason: str = ""
    facts: VersionFacts = field(default_factory=VersionFacts)
    traffic: Traffic = field(default_factory=Traffic)
    ping: PingState = field(default_factory=PingState)
    headers: HeaderState = field(default_factory=HeaderState)
    download: DownloadState = field(default_factory=DownloadState)
    compact: CompactState = field(default_factory=CompactState)
    relay: RelayState = field(default_factory=RelayState)
    addresses: AddressState = field(default_factory=AddressState)
    requests: deque[InventoryItem] = field(default_factory=deque)
    # Orphans that this peer sent, to be tried again: a parent of theirs came.
    adoptable: deque[Txid] = field(default_factory=deque)
    continue_hash: BlockHash | None = None

    @property
    def is_leaving(self) -> bool:
        """Whether the connection is about to be closed: nothing it sends counts any more."""
        return bool(self.disconnect_reason)

    @property
    def has_work(self) -> bool:
        """Whether something that the peer asked for or brought about has not been done yet."""
        return bool(self.requests or self.adoptable or self.relay.mempool_is_due)

    @property
    def is_client(self) -> bool:
        """Whether the peer serves no blocks at all."""
        return not self.facts.services & (Services.NETWORK | Services.NETWORK_LIMITED)

    @property
    def is_limited(self) -> bool:
        """Whether the peer serves the last 288 blocks only (BIP 159)."""
        services = self.facts.services
        return bool(services & Services.NETWORK_LIMITED and not services & Services.NETWORK)

    @property
    def has_witness(self) -> bool:
        """Whether the peer can give us blocks with witnesses."""
        return bool(self.facts.services & Services.WITNESS)

    @property
    def may_be_evicted(self) -> bool:
        """Whether we chose to connect, and may choose otherwise."""
        chosen = self.permissions
        return not (self.inbound or chosen.manual or chosen.feeler or chosen.oneshot)
