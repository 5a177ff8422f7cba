"""How many files and sockets the system lets this process have, and what is left for peers."""

from __future__ import annotations

import logging
import sys

from ccxx_node.config import ConfigError

_log = logging.getLogger("ccxx.node")

# What the node needs besides connections: databases, block files, RPC, the log.
_OWN = 150
_ADDED = 8


def connections_within_limits(wanted: int) -> int:
    """Raise the limit as far as is allowed; return how many connections fit.

    Raises `ConfigError` if not even the node itself does.
    """
    available = _raise_limit(wanted + _OWN + _ADDED)
    if available < _OWN:
        raise ConfigError(
            f"Not enough file descriptors available: {available}, wanted {_OWN}."
            f" Allow more (`ulimit -n {wanted + _OWN + _ADDED}`, or LimitNOFILE= under systemd)."
        )
    fitting = max(0, min(wanted, available - _OWN - _ADDED))
    if fitting < wanted:
        _log.warning(
            "Reducing -maxconnections from %d to %d, because of system limitations.",
            wanted,
            fitting,
        )
    return fitting


def _raise_limit(needed: int) -> int:
    if sys.platform == "win32":
        return needed
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return needed
    most = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most
