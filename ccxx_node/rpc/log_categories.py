"""Parts of the log that can be made to say more, by the names that the family gives them.

A part is a logger; one that this node has no use for is kept all the same, so that scripts find it.
"""

from __future__ import annotations

import logging

# The reference's categories, in its order, and the logger that each turns up.
CATEGORIES = {
    "net": "ccxx.net",
    "tor": "ccxx.tor",
    "mempool": "ccxx.mempool",
    "http": "ccxx.http",
    "bench": "ccxx.bench",
    "zmq": "ccxx.zmq",
    "db": "ccxx_node.chainstate",
    "rpc": "ccxx.rpc",
    "estimatefee": "ccxx.estimatefee",
    "addrman": "ccxx.addrman",
    "selectcoins": "ccxx.selectcoins",
    "reindex": "ccxx.reindex",
    "cmpctblock": "ccxx.cmpctblock",
    "rand": "ccxx.rand",
    "prune": "ccxx.prune",
    "proxy": "ccxx.proxy",
    "mempoolrej": "ccxx.mempoolrej",
    "libevent": "aiohttp",
    "coindb": "ccxx_node.chainstate.coin_store",
    "qt": "ccxx.qt",
    "leveldb": "ccxx_node.chainstate.kvstore",
}
_ALL = frozenset({"", "1", "all"})
_NONE = frozenset({"0", "none"})


def is_category(name: str) -> bool:
    """Tell whether a name stands for a part, for all of them, or for none."""
    return name in CATEGORIES or name in _ALL or name in _NONE


def switch(name: str, *, on: bool) -> None:
    """Let a part (or all) say more or no more than usual; KeyError if there is no such part."""
    if name in _NONE:
        return
    chosen = CATEGORIES.values() if name in _ALL else [CATEGORIES[name]]
    for logger in chosen:
        logging.getLogger(logger).setLevel(logging.DEBUG if on else logging.INFO)


def switched() -> dict[str, bool]:
    """Return which parts say more."""
    return {
        name: logging.getLogger(logger).isEnabledFor(logging.DEBUG)
        for name, logger in CATEGORIES.items()
    }
