"""Where a peer is: an address of 16 bytes and a port, as text and as what can be said about it.

IPv4 is the mapped range of IPv6, an onion name of version 2 the range of OnionCat. Source: BIP 155
tells of both; the ranges that cannot be routed are those of the RFCs named beside them.
"""

from __future__ import annotations

import base64
import ipaddress
from dataclasses import dataclass

from ccxx_core.errors import DecodeError

IPV4_PREFIX = bytes(10) + b"\xff\xff"
ONION_PREFIX = bytes.fromhex("fd87d87eeb43")
_MAX_PORT = 65535

_UNROUTABLE = tuple(
    ipaddress.ip_network(text)
    for text in (
        *("0.0.0.0/8", "127.0.0.0/8", "255.255.255.255/32", "::/128", "::1/128"),
        # Private and shared use: RFC 1918, 6598, 4193.
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"),
        # Link-local and autoconfiguration: RFC 3927, 4862.
        *("169.254.0.0/16", "fe80::/64"),
        # Benchmarks, documentation, ORCHID: RFC 2544, 5737, 3849, 4843.
        *("198.18.0.0/15", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"),
        *("2001:db8::/32", "2001:10::/28"),
    )
)
_SIX_TO_FOUR = ipaddress.ip_network("2002::/16")
_TEREDO = ipaddress.ip_network("2001::/32")
# One provider gives whole /36 networks to everybody who asks.
_TUNNELS = ipaddress.ip_network("2001:470::/32")

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True, order=True)
class Endpoint:
    """An address of 16 bytes in network order, and a port."""

    ip: bytes
    port: int

    def __str__(self) -> str:
        host = format_host(self.ip)
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    @property
    def is_onion(self) -> bool:
        """Whether it is a name in the Tor network."""
        return self.ip.startswith(ONION_PREFIX)

    @property
    def network(self) -> str:
        """Return ``ipv4``, ``ipv6``, ``onion``, or ``local`` for what cannot be routed."""
        if self.is_onion:
            return "onion"
        if not is_routable(self.ip):
            return "local"
        return "ipv4" if self.ip.startswith(IPV4_PREFIX) else "ipv6"


def as_ip(ip: bytes) -> IPAddress:
    """Return the address as the standard library has it, a mapped one as IPv4."""
    address = ipaddress.IPv6Address(ip)
    return address.ipv4_mapped or address


def ip_bytes(address: IPAddress) -> bytes:
    """Return the 16 bytes of an address."""
    return IPV4_PREFIX + address.packed if address.version == 4 else address.packed


def format_host(ip: bytes) -> str:
    """Print an address without its port; onion names have no brackets and no colon."""
    if ip.startswith(ONION_PREFIX):
        return base64.b32encode(ip[len(ONION_PREFIX) :]).decode().lower() + ".onion"
    return str(as_ip(ip))


def parse_host(text: str) -> bytes:
    """Return the 16 bytes of an address in figures or of an onion name; raises DecodeError."""
    if text.endswith(".onion"):
        return ONION_PREFIX + _onion_bytes(text.removesuffix(".onion"))
    try:
        return ip_bytes(ipaddress.ip_address(text.strip("[]").partition("%")[0]))
    except ValueError:
        raise DecodeError(f"{text!r} is no address in figures") from None


def _onion_bytes(name: str) -> bytes:
    try:
        key = base64.b32decode(name.upper())
    except ValueError:
        raise DecodeError(f"{name!r} is no onion name") from None
    if len(key) != 16 - len(ONION_PREFIX):
        raise DecodeError(f"onion name of {len(key)} bytes, wanted 10")
    return key


def split_host(text: str, default_port: int) -> tuple[str, int]:
    """Split ``host``, ``host:port`` or ``[v6]:port``; raises DecodeError for a wrong port."""
    host, colon, port = text.rpartition(":")
    is_bare_ipv6 = ":" in host and not (host.startswith("[") and host.endswith("]"))
    if not colon or text.endswith("]") or is_bare_ipv6:
        return text.strip("[]"), default_port
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) <= _MAX_PORT):
        raise DecodeError(f"port {port!r}, wanted 1 to {_MAX_PORT}")
    return host.strip("[]"), int(port)


def parse_endpoint(text: str, default_port: int) -> Endpoint:
    """Return where a text in figures points to; raises DecodeError for names of other kinds."""
    host, port = split_host(text, default_port)
    return Endpoint(parse_host(host), port)


def is_routable(ip: bytes) -> bool:
    """Tell whether an address may be reached from anywhere."""
    if ip.startswith(ONION_PREFIX):
        return True
    address = as_ip(ip)
    return not any(
        address in network for network in _UNROUTABLE if network.version == address.version
    )


def group_of(ip: bytes) -> bytes:
    """Return what addresses have in common that one person can easily have many of."""
    if ip.startswith(ONION_PREFIX):
        return b"onion" + bytes([ip[len(ONION_PREFIX)] >> 4])
    if not is_routable(ip):
        return b"local"
    address = as_ip(ip)
    if isinstance(address, ipaddress.IPv6Address):
        if address in _SIX_TO_FOUR:
            return b"ipv4" + ip[2:4]
        if address in _TEREDO:
            return b"ipv4" + bytes(byte ^ 0xFF for byte in ip[12:14])
        if address in _TUNNELS:
            return b"ipv6" + ip[:4] + bytes([ip[4] >> 4])
        return b"ipv6" + ip[:4]
    return b"ipv4" + ip[12:14]


def is_local(ip: bytes) -> bool:
    """Tell whether an address is this machine's own, or none at all."""
    return as_ip(ip).is_loopback or as_ip(ip).is_unspecified
