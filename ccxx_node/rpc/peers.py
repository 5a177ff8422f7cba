"""Methods about single peers: who is connected, who should be, and who must not."""

from __future__ import annotations

import time
from collections.abc import Mapping

from ccxx_core.errors import DecodeError
from ccxx_node.p2p.addresses.bans import parse_subnet
from ccxx_node.p2p.addresses.endpoints import Endpoint
from ccxx_node.p2p.peers.peer import Peer
from ccxx_node.p2p.sockets.dialing import AddedNode
from ccxx_node.rpc.arguments import as_flag, as_integer, as_text
from ccxx_node.rpc.errors import Code, RpcFault
from ccxx_node.rpc.registry import Registry
from ccxx_node.rpc.services import NodeServices
from ccxx_node.rpc.wire import Json, Real

METHODS = Registry()

_NOWHERE = bytes(16)


@METHODS.method("Network")
def getpeerinfo(node: NodeServices) -> list[Json]:
    """Return what is known about each connected peer; times are unix seconds."""
    return [_shape(peer) for peer in node.peers.peers]


def _shape(peer: Peer) -> dict[str, Json]:
    facts, traffic = peer.facts, peer.traffic
    shape: dict[str, Json] = {"id": peer.id, "addr": peer.address}
    seen = facts.address_of_us
    if seen is not None and seen.ip != _NOWHERE:
        shape["addrlocal"] = str(Endpoint(seen.ip, seen.port))
    shape |= {
        "addrbind": peer.address_bind,
        "services": f"{facts.services:016x}",
        "relaytxes": facts.version > 0 and peer.relay.wants_transactions,
        "lastsend": traffic.last_send_at,
        "lastrecv": traffic.last_receive_at,
        "bytessent": traffic.bytes_sent,
        "bytesrecv": traffic.bytes_received,
        "conntime": peer.connected_at,
        "timeoffset": facts.time_offset,
    }
    return shape | _ping(peer) | _state(peer)


def _ping(peer: Peer) -> dict[str, Json]:
    times = {
        "pingtime": peer.ping.last_time,
        "minping": peer.ping.shortest_time,
        "pingwait": time.monotonic() - peer.ping.sent if peer.ping.nonce else None,
    }
    return {name: Real(seconds) for name, seconds in times.items() if seconds is not None}


def _state(peer: Peer) -> dict[str, Json]:
    facts, best, common = peer.facts, peer.headers.best_known, peer.download.last_common
    in_flight = [block.entry for block in peer.download.in_flight.values()]
    return {
        "version": facts.version,
        "subver": facts.user_agent,
        "inbound": peer.inbound,
        "addnode": peer.permissions.manual,
        "startingheight": facts.start_height,
        "banscore": peer.misbehavior,
        "synced_headers": -1 if best is None else best.height,
        "synced_blocks": -1 if common is None else common.height,
        "inflight": [entry.height for entry in in_flight if entry is not None],
        "whitelisted": peer.permissions.whitelisted,
        "bytessent_per_msg": _sorted(peer.traffic.sent_by_command),
        "bytesrecv_per_msg": _sorted(peer.traffic.received_by_command),
    }


def _sorted(counts: Mapping[str, int]) -> dict[str, Json]:
    return {command: counts[command] for command in sorted(counts)}


@METHODS.method("Network")
def ping(node: NodeServices) -> None:
    """Measure how long peers take to answer; `getpeerinfo` shows it."""
    node.peers.ping()


@METHODS.method("Network", names=("node", "command"))
async def addnode(node: NodeServices, address: Json, command: Json) -> None:
    """Keep a connection to a node ("add"), no longer ("remove"), or try once ("onetry").

    The node is an address or a name, with its port if that is not the usual one.
    """
    text, wish = as_text(address), as_text(command)
    if wish == "onetry":
        await node.peers.call_once(text)
    elif wish == "add":
        if not node.peers.add_node(text):
            raise RpcFault(Code.CLIENT_NODE_ALREADY_ADDED, "Error: Node already added")
    elif wish == "remove":
        if not node.peers.remove_node(text):
            raise RpcFault(Code.CLIENT_NODE_NOT_ADDED, "Error: Node has not been added.")
    else:
        raise _usage("addnode")


@METHODS.method("Network")
def disconnectnode(node: NodeServices, address: Json = None, nodeid: Json = None) -> None:
    """End the connection to a peer, which is named by its address or else by its number."""
    if address is not None and nodeid is None:
        was_connected = node.peers.disconnect_address(as_text(address))
    elif nodeid is not None and address in (None, ""):
        was_connected = node.peers.disconnect_id(as_integer(nodeid))
    elif address is None:
        raise _usage("disconnectnode")
    else:
        raise RpcFault(Code.INVALID_PARAMS, "Only one of address and nodeid should be provided.")
    if not was_connected:
        raise RpcFault(Code.CLIENT_NODE_NOT_CONNECTED, "Node not found in connected nodes")


@METHODS.method("Network", names=("node",))
def getaddednodeinfo(node: NodeServices, address: Json = None) -> list[Json]:
    """Return the nodes that were added, or one of them, and whether each is connected."""
    added = node.peers.added_nodes()
    if address is not None:
        added = [one for one in added if one.text == as_text(address)]
        if not added:
            raise RpcFault(Code.CLIENT_NODE_NOT_ADDED, "Error: Node has not been added.")
    return [_added(one) for one in added]


def _added(one: AddedNode) -> dict[str, Json]:
    addresses: list[Json] = []
    if one.peer is not None:
        there = Endpoint(one.peer.net_address.ip, one.peer.net_address.port)
        direction = "inbound" if one.peer.inbound else "outbound"
        addresses.append({"address": str(there), "connected": direction})
    return {"addednode": one.text, "connected": one.peer is not None, "addresses": addresses}


@METHODS.method("Network")
def setban(
    node: NodeServices, subnet: Json, command: Json, bantime: Json = None, absolute: Json = None
) -> None:
    """Refuse an address or a network ("add"), or no longer ("remove").

    The time is in seconds from now, or with `absolute` a unix time; 0 stands for the usual time.
    """
    if as_text(command) not in ("add", "remove"):
        raise _usage("setban")
    try:
        banned = parse_subnet(as_text(subnet))
    except DecodeError:
        raise RpcFault(Code.CLIENT_INVALID_IP_OR_SUBNET, "Error: Invalid IP/Subnet") from None
    if command == "add":
        if node.peers.bans.is_listed(banned, node.now()):
            raise RpcFault(Code.CLIENT_NODE_ALREADY_ADDED, "Error: IP/Subnet already banned")
        node.peers.ban(banned, _until(node, bantime, absolute))
    elif not node.peers.bans.remove(banned):
        raise RpcFault(
            Code.CLIENT_INVALID_IP_OR_SUBNET,
            "Error: Unban failed. Requested address/subnet was not previously banned.",
        )


def _until(node: NodeServices, bantime: Json, absolute: Json) -> int:
    """Return the unix time at which a ban is over, 0 for the usual time."""
    seconds = 0 if bantime is None else as_integer(bantime)
    if seconds <= 0:
        return 0
    return seconds if as_flag(absolute, default=False) else node.now() + seconds


@METHODS.method("Network")
def listbanned(node: NodeServices) -> list[Json]:
    """Return the addresses and networks that are refused."""
    return [
        {
            "address": ban.subnet,
            "banned_until": ban.until,
            "ban_created": ban.created,
            "ban_reason": str(ban.reason),
        }
        for ban in node.peers.bans.current(node.now())
    ]


@METHODS.method("Network")
def clearbanned(node: NodeServices) -> None:
    """Refuse nobody any more."""
    node.peers.bans.clear()


def _usage(name: str) -> RpcFault:
    return RpcFault(Code.MISC_ERROR, METHODS.methods[name].help)
