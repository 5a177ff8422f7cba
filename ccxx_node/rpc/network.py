"""Methods about the network as a whole: what this node is, what it sent, what is switched on."""

from __future__ import annotations

import time

from ccxx_node.p2p.addresses.address_book import KnownAddress
from ccxx_node.p2p.addresses.endpoints import format_host
from ccxx_node.p2p.messages import PROTOCOL_VERSION
from ccxx_node.p2p.sockets.upload_quota import CYCLE_SECONDS
from ccxx_node.rpc.arguments import as_flag, as_integer
from ccxx_node.rpc.errors import Code, RpcFault, misuse
from ccxx_node.rpc.registry import Registry
from ccxx_node.rpc.services import NodeServices
from ccxx_node.rpc.wire import Amount, Json

METHODS = Registry()

# The reference's number for these rules: clients compare it to know what a node can do.
VERSION_NUMBER = 170200
# An address that the operator named counts more than one that was found.
_SCORE_OF_NAMED = 4
_MAX_ADDRESSES = 2500


@METHODS.method("Network")
def getnetworkinfo(node: NodeServices) -> dict[str, Json]:
    """Return versions, services, networks and relay fees of this node."""
    policy, peers = node.acceptor.policy, node.peers
    return {
        "version": VERSION_NUMBER,
        "subversion": node.user_agent,
        "protocolversion": PROTOCOL_VERSION,
        "localservices": f"{peers.peer_options.services:016x}",
        "localrelay": peers.peer_options.relay_transactions,
        "timeoffset": peers.time_offset,
        "networkactive": peers.is_active,
        "connections": len(peers.peers),
        "networks": [_network(node, name) for name in ("ipv4", "ipv6", "onion")],
        "relayfee": Amount(policy.min_relay_fee),
        "incrementalfee": Amount(policy.incremental_fee),
        "localaddresses": [
            {"address": format_host(own.ip), "port": own.port, "score": _SCORE_OF_NAMED}
            for own in peers.options.own_addresses
        ],
        "warnings": node.warnings,
    }


def _network(node: NodeServices, name: str) -> dict[str, Json]:
    dialing = node.peers.options.dialing
    proxy = dialing.proxies.for_network(name)
    is_limited = name in dialing.unreachable
    return {
        "name": name,
        "limited": is_limited,
        "reachable": not is_limited,
        "proxy": "" if proxy is None else str(proxy),
        "proxy_randomize_credentials": proxy is not None and dialing.proxies.randomizes,
    }


@METHODS.method("Network")
def getconnectioncount(node: NodeServices) -> int:
    """Return the number of connected peers."""
    return len(node.peers.peers)


@METHODS.method("Network")
def getnettotals(node: NodeServices) -> dict[str, Json]:
    """Return bytes sent and received, the clock in milliseconds, and what may still be sent."""
    totals, quota = node.peers.totals, node.peers.quota
    return {
        "totalbytesrecv": totals.received,
        "totalbytessent": totals.sent,
        "timemillis": int(time.time() * 1000),
        "uploadtarget": {
            "timeframe": CYCLE_SECONDS,
            "target": quota.target,
            "target_reached": quota.is_used_up(historical=False),
            "serve_historical_blocks": not quota.is_used_up(historical=True),
            "bytes_left_in_cycle": quota.bytes_left(),
            "time_left_in_cycle": quota.seconds_left(),
        },
    }


@METHODS.method("Network")
def setnetworkactive(node: NodeServices, state: Json) -> bool:
    """Switch all connections off, or let there be some again; returns what is now."""
    if state is None:
        raise RpcFault(Code.MISC_ERROR, "JSON value is not a boolean as expected")
    node.peers.set_active(as_flag(state, default=True))
    return node.peers.is_active


@METHODS.method("Network")
def getnodeaddresses(node: NodeServices, count: Json = 1) -> list[Json]:
    """Return addresses of other nodes, some that are known and at random."""
    wanted = 1 if count is None else as_integer(count)
    if wanted <= 0:
        raise misuse("Address count out of range")
    return [_address(known) for known in node.peers.known_addresses(min(wanted, _MAX_ADDRESSES))]


def _address(known: KnownAddress) -> dict[str, Json]:
    return {
        "time": known.seen_at,
        "services": known.services,
        "address": format_host(known.endpoint.ip),
        "port": known.endpoint.port,
    }
