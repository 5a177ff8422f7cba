"""Methods that estimate fees: this node keeps no statistics, and says so as the family does."""

from __future__ import annotations

from ccxx_node.rpc.arguments import as_integer, as_text
from ccxx_node.rpc.errors import Code, RpcFault, misuse
from ccxx_node.rpc.registry import Registry
from ccxx_node.rpc.services import NodeServices
from ccxx_node.rpc.wire import Json

METHODS = Registry()

_MAX_TARGET = 1008
_MODES = ("UNSET", "ECONOMICAL", "CONSERVATIVE")


@METHODS.method("Util")
def estimatesmartfee(
    node: NodeServices,  # noqa: ARG001
    conf_target: Json,
    estimate_mode: Json = "CONSERVATIVE",
) -> dict[str, Json]:
    """Return the fee rate that confirms within so many blocks, or why there is no estimate."""
    _check_target(conf_target)
    if estimate_mode is not None and as_text(estimate_mode).upper() not in _MODES:
        raise misuse("Invalid estimate_mode parameter")
    return {"errors": ["Insufficient data or no feerate found"], "blocks": 0}


def _check_target(value: Json) -> None:
    if not 1 <= as_integer(value) <= _MAX_TARGET:
        raise misuse(f"Invalid conf_target, must be between 1 - {_MAX_TARGET}")


@METHODS.method("Hidden", is_hidden=True, names=("nblocks",))
def estimatefee(node: NodeServices, *args: Json) -> None:  # noqa: ARG001
    """Removed: use estimatesmartfee."""
    raise RpcFault(
        Code.METHOD_DEPRECATED,
        "estimatefee was removed in v0.17.\nClients should use estimatesmartfee.",
    )
