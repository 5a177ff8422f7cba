"""Who asks: the address that a connection comes from, or that a trusted proxy names."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from aiohttp import web

from ccxx_explorer.serving.settings import SERVING, Subnet

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# More hops than that nobody has; a longer list is an attempt to keep us busy.
_MOST_HOPS = 16


def client_of(request: web.Request, proxies: Iterable[Subnet]) -> Address | None:
    """Return who asks; None for whoever is on this machine and no proxy: its operator.

    A proxy is believed when it is configured, or when it comes by our Unix socket. It appends
    whom it asks for to `X-Forwarded-For`, so that is read from the end, past our own proxies.
    """
    trusted = tuple(proxies)
    peer = parse_address(request.remote or "")
    if peer is not None and not is_in(peer, trusted):
        return None if peer.is_loopback else peer
    hops = ",".join(request.headers.getall("X-Forwarded-For", ())).split(",")
    for hop in reversed(hops[-_MOST_HOPS:]):
        address = parse_address(hop.strip())
        if address is None:
            break
        if not is_in(address, trusted):
            return address
    return peer


def client_name(request: web.Request) -> str:
    """Name who asks as limits count clients; empty for the operator."""
    client = client_of(request, request.app[SERVING].proxies)
    return group_of(client) if client is not None else ""


def group_of(address: Address) -> str:
    """Name the client that limits count: an IPv6 network of 64 bits is one household."""
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((address, 64), strict=False))
    return str(address)


def parse_address(text: str) -> Address | None:
    """Read an address; an IPv4 address within IPv6 is the IPv4 address."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def is_in(address: Address, networks: Iterable[Subnet]) -> bool:
    """Tell whether an address is in one of these networks."""
    return any(address in network for network in networks)
