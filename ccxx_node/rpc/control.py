"""Methods about the program itself: help, stop, clock, log."""

from __future__ import annotations

from ccxx_core.block import MAX_HEADER_TIME
from ccxx_node.rpc.arguments import as_integer, as_list, as_text
from ccxx_node.rpc.errors import Code, RpcFault, misuse
from ccxx_node.rpc.log_categories import is_category, switch, switched
from ccxx_node.rpc.registry import Registry
from ccxx_node.rpc.services import NodeServices
from ccxx_node.rpc.wire import Json

METHODS = Registry()


@METHODS.method("Control")
def stop(node: NodeServices, wait: Json = None) -> str:  # noqa: ARG001
    """Shut the node down."""
    node.request_stop()
    return "CounosX server stopping"


@METHODS.method("Control")
def uptime(node: NodeServices) -> int:
    """Return for how many seconds the node has run."""
    return node.now() - node.started_at


@METHODS.method("Control")
def getnodehealth(node: NodeServices) -> dict[str, Json]:
    """Return whether the node is ready, and if not why: it answers while the node starts, too.

    Reasons: `starting`, `stopping`, `importing` (-loadblock), `initial-download`, `behind` (blocks
    of known headers are missing), `stale-tip` (no block for 24 times the usual), `no-peers`,
    `disk-low`. `tip_age` is in seconds, `disk_free` in bytes.
    """
    return node.health().shape


@METHODS.method("Control")
def getmemoryinfo(node: NodeServices, mode: Json = "stats") -> dict[str, Json]:  # noqa: ARG001
    """Return how much memory is kept from being swapped out: this node has no keys, so none."""
    name = "stats" if mode is None else as_text(mode)
    if name == "mallocinfo":
        raise misuse("mallocinfo is only available when compiled with glibc 2.10+")
    if name != "stats":
        raise misuse(f"unknown mode {name}")
    names = ("used", "free", "total", "locked", "chunks_used", "chunks_free")
    return {"locked": dict.fromkeys(names, 0)}


@METHODS.method("Hidden", is_hidden=True)
def setmocktime(node: NodeServices, timestamp: Json) -> None:
    """Set the clock to a unix time, for tests; 0 lets it run again."""
    if node.network.chain != "regtest":
        raise RpcFault(Code.MISC_ERROR, "setmocktime for regression testing (-regtest mode) only")
    seconds = as_integer(timestamp)
    if not 0 <= seconds <= MAX_HEADER_TIME:
        raise misuse(f"Timestamp must be from 0 to {MAX_HEADER_TIME}")
    node.mock_time = seconds


@METHODS.method("Hidden", is_hidden=True)
def syncwithvalidationinterfacequeue(node: NodeServices) -> None:
    """Return when all that followed from earlier calls is done: here that is always so."""


@METHODS.method("Control")
def logging(node: NodeServices, include: Json = None, exclude: Json = None) -> dict[str, bool]:  # noqa: ARG001
    """Switch detail in the log on or off by category; returns what is on."""
    for names, on in ((include, True), (exclude, False)):
        for value in as_list(names) if names is not None else ():
            name = as_text(value)
            if not is_category(name):
                raise misuse(f"unknown logging category {name}")
            switch(name, on=on)
    return switched()


_ECHOED = tuple(f"arg{number}" for number in range(10))


@METHODS.method("Hidden", is_hidden=True, names=_ECHOED)
def echo(node: NodeServices, *args: Json) -> list[Json]:  # noqa: ARG001
    """Return the parameters as they came, for tests of clients."""
    return list(args)


@METHODS.method("Hidden", is_hidden=True, names=_ECHOED)
def echojson(node: NodeServices, *args: Json) -> list[Json]:  # noqa: ARG001
    """Return the parameters as they came, for tests of clients."""
    return list(args)
