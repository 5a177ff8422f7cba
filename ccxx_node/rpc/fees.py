"""Methods that estimate fees: this node keeps no statistics, and says so as the family does."""

from __future__ import annotations

from collections.abc import Mapping

from ccxx_node.rpc.arguments import as_integer, as_number, as_text
from ccxx_node.rpc.errors import Code, RpcFault, misuse
from ccxx_node.rpc.registry import Registry
from ccxx_node.rpc.services import NodeServices
from ccxx_node.rpc.wire import Json, Real

METHODS = Registry()

_MAX_TARGET = 1008
# How fast old blocks are forgotten, and how many blocks are one step.
_HORIZONS = (("short", 0.962, 1), ("medium", 0.9952, 2), ("long", 0.99931, 24))
_PERIODS = {"short": 12, "medium": 24, "long": 42}
_EMPTY_RANGE: Mapping[str, Json] = {
    "startrange": 0,
    "endrange": Real(1e99),
    "withintarget": 0,
    "totalconfirmed": 0,
    "inmempool": 0,
    "leftmempool": 0,
}
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


@METHODS.method("Hidden", is_hidden=True)
def estimaterawfee(
    node: NodeServices,  # noqa: ARG001
    conf_target: Json,
    threshold: Json = None,
) -> dict[str, Json]:
    """Return what is behind an estimate, for short, medium and long horizons: nothing so far."""
    _check_target(conf_target)
    if threshold is not None and not 0 <= as_number(threshold) <= 1:
        raise misuse("Invalid threshold")
    target = as_integer(conf_target)
    return {
        name: {
            "decay": Real(decay),
            "scale": scale,
            "fail": _EMPTY_RANGE,
            "errors": ["Insufficient data or no feerate found which meets threshold"],
        }
        for name, decay, scale in _HORIZONS
        if target <= scale * _PERIODS[name]
    }


@METHODS.method("Hidden", is_hidden=True, names=("nblocks",))
def estimatefee(node: NodeServices, *args: Json) -> None:  # noqa: ARG001
    """Removed: use estimatesmartfee."""
    raise RpcFault(
        Code.METHOD_DEPRECATED,
        "estimatefee was removed in v0.17.\nClients should use estimatesmartfee.",
    )
