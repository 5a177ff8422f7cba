"""Calling through a SOCKS5 proxy: which one for whom, and with what name and password.

A proxy is always given a name, never numbers, and by default a new password for every call: Tor
then uses another way through its network for each. Source: RFC 1928, 1929.
"""

from __future__ import annotations

import secrets
import socket
from dataclasses import dataclass

from python_socks import ProxyError, ProxyType
from python_socks.async_.asyncio import Proxy

from ccxx_node.p2p.addresses.endpoints import Endpoint

DEFAULT_PROXY_PORT = 9050
# Behind Tor the way to a node takes its time.
_TIMEOUT = 20.0
_WIDE_FORMS = 0xFEE0


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxy of each network and of names, None for none."""

    ipv4: Endpoint | None = None
    ipv6: Endpoint | None = None
    onion: Endpoint | None = None
    names: Endpoint | None = None
    randomizes: bool = True

    def for_network(self, network: str) -> Endpoint | None:
        """Return the proxy for `ipv4`, `ipv6` or `onion`; nearby addresses have none."""
        known = {"ipv4": self.ipv4, "ipv6": self.ipv6, "onion": self.onion}
        return known.get(network)


async def connect_through(
    proxy: Endpoint, host: str, port: int, *, randomizes: bool
) -> socket.socket:
    """Return a socket to a host behind the proxy; raises OSError."""
    address, _, proxy_port = str(proxy).rpartition(":")
    word = secrets.token_hex(8) if randomizes else None
    caller = Proxy(
        ProxyType.SOCKS5, address.strip("[]"), int(proxy_port), username=word, password=word
    )
    try:
        return await caller.connect(_as_name(host), port, timeout=_TIMEOUT)
    except (ProxyError, ValueError) as error:
        raise OSError(f"proxy {proxy}: {error}") from error


def _as_name(host: str) -> str:
    """Return a text that the library takes for a name and sends as the host's.

    IDNA gives the wide form of a first letter or figure its plain one back.
    """
    return chr(ord(host[0]) + _WIDE_FORMS) + host[1:] if host.isascii() else host
