"""What whoever runs an explorer may set about serving it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from aiohttp import web

Subnet = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Serving:
    """How much is answered to whom.

    `rate` is in questions a second for one client, 0 for no limit, of which `burst` may come at
    once; `proxies` are believed when they say for whom they ask; `threads` questions are looked up
    at once and `waiting` may stand in line; `origin` is `https://host` as visitors write it;
    `broadcast` lets visitors send transactions, and at most `listeners` of them hear live events.
    """

    rate: float = 20.0
    burst: int = 200
    proxies: tuple[Subnet, ...] = ()
    threads: int = 2
    waiting: int = 256
    origin: str | None = None
    broadcast: bool = True
    listeners: int = 500


SERVING_DEFAULTS = Serving()
SERVING: web.AppKey[Serving] = web.AppKey("serving", Serving)
