"""Methods about peers and the network: what this node is, and whom it talks to."""

from __future__ import annotations

import time

from ccxx_node.rpc.registry import Registry
from ccxx_node.rpc.services import NodeServices
from ccxx_node.rpc.wire import Amount, Json

METHODS = Registry()

# The reference's number for these rules: clients compare it to know what a node can do.
VERSION_NUMBER = 170200
PROTOCOL_VERSION = 70015
# Network, bloom off, witness, network limited.
SERVICES = 0x409


@METHODS.method("Network")
def getnetworkinfo(node: NodeServices) -> dict[str, Json]:
    """Return versions, services and relay fees of this node."""
    policy = node.acceptor.policy
    return {
        "version": VERSION_NUMBER,
        "subversion": node.user_agent,
        "protocolversion": PROTOCOL_VERSION,
        "localservices": f"{SERVICES:016x}",
        "localrelay": True,
        "timeoffset": 0,
        "networkactive": True,
        "connections": 0,
        "networks": [
            _network(name, reachable=name != "onion") for name in ("ipv4", "ipv6", "onion")
        ],
        "relayfee": Amount(policy.min_relay_fee),
        "incrementalfee": Amount(policy.incremental_fee),
        "localaddresses": [],
        "warnings": "",
    }


def _network(name: str, *, reachable: bool) -> dict[str, Json]:
    return {
        "name": name,
        "limited": not reachable,
        "reachable": reachable,
        "proxy": "",
        "proxy_randomize_credentials": False,
    }


@METHODS.method("Network")
def getpeerinfo(node: NodeServices) -> list[Json]:  # noqa: ARG001
    """Return what is known about each connected peer."""
    return []


@METHODS.method("Network")
def getconnectioncount(node: NodeServices) -> int:  # noqa: ARG001
    """Return the number of connected peers."""
    return 0


@METHODS.method("Network")
def getnettotals(node: NodeServices) -> dict[str, Json]:  # noqa: ARG001
    """Return bytes sent and received, and the clock in milliseconds."""
    return {
        "totalbytesrecv": 0,
        "totalbytessent": 0,
        "timemillis": int(time.time() * 1000),
        "uploadtarget": {
            "timeframe": 86400,
            "target": 0,
            "target_reached": False,
            "serve_historical_blocks": True,
            "bytes_left_in_cycle": 0,
            "time_left_in_cycle": 0,
        },
    }


@METHODS.method("Network")
def ping(node: NodeServices) -> None:
    """Measure how long peers take to answer; `getpeerinfo` shows it."""


@METHODS.method("Network")
def getaddednodeinfo(node: NodeServices, name: Json = None) -> list[Json]:  # noqa: ARG001
    """Return the peers that `addnode` added."""
    return []


@METHODS.method("Network")
def listbanned(node: NodeServices) -> list[Json]:  # noqa: ARG001
    """Return the addresses that are not talked to."""
    return []
