"""How an operator wants this node to meet others; `ccxx_node.node` makes it from the settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ccxx_node.p2p.addresses.bans import DEFAULT_BAN_SECONDS, Subnet
from ccxx_node.p2p.addresses.endpoints import Endpoint
from ccxx_node.p2p.addresses.proxy import Proxies
from ccxx_node.p2p.peers.door import MAX_OUTBOUND

MAX_ADDED = 8
MAX_FEELERS = 1
DEFAULT_MAX_CONNECTIONS = 125

# Asked for addresses when we know too few; none on test networks. There are no fixed addresses:
# those that the reference carries belong to another chain.
DNS_SEEDS = {"main": ("ccxdns.counos.org",)}


@dataclass(frozen=True, slots=True)
class Binding:
    """Where to listen; with `must_work` the node does not start without it."""

    host: str
    port: int
    whitelists: bool = False
    must_work: bool = True


@dataclass(frozen=True, slots=True)
class DialOptions:
    """Whom to call: `connect` nobody else (None: whom we like), `added` beside the others."""

    chooses: bool = False
    connect: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    seed_nodes: tuple[str, ...] = ()
    dns_seeds: tuple[str, ...] = ()
    forces_dns_seeds: bool = False
    looks_up_names: bool = True
    timeout: float = 5.0
    proxies: Proxies = field(default_factory=Proxies)
    unreachable: frozenset[str] = frozenset({"onion"})


@dataclass(frozen=True, slots=True)
class NetworkOptions:
    """Everything that the sockets must know; sizes in bytes, times in seconds.

    `folder` is where addresses and bans are kept, `magic` stands in front of every message.
    """

    folder: Path
    magic: bytes
    default_port: int
    bindings: tuple[Binding, ...] = ()
    dialing: DialOptions = field(default_factory=DialOptions)
    max_connections: int = DEFAULT_MAX_CONNECTIONS
    whitelist: tuple[Subnet, ...] = ()
    ban_seconds: int = DEFAULT_BAN_SECONDS
    max_receive_buffer: int = 5_000_000
    max_send_buffer: int = 1_000_000
    max_upload: int = 0
    own_addresses: tuple[Endpoint, ...] = ()
    discovers_own: bool = True
    is_active: bool = True

    @property
    def max_outbound(self) -> int:
        """Connections that we choose."""
        return min(MAX_OUTBOUND, self.max_connections)

    @property
    def max_inbound(self) -> int:
        """Connections that others may choose."""
        return max(0, self.max_connections - self.max_outbound - MAX_FEELERS)
