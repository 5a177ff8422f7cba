"""How many points a broken rule counts against who sent it, as the reference has them."""

from __future__ import annotations

from ccxx_node.consensus.errors import ConsensusError, Reject, UntrustedMinerError
from ccxx_node.mempool.errors import PolicyError, PolicyReject

_FULL = 100
_POINTS = {
    Reject.NO_INPUTS: 10,
    Reject.NO_OUTPUTS: 10,
    Reject.NULL_PREVOUT: 10,
    Reject.NOT_FINAL: 10,
    Reject.UNKNOWN_PARENT: 10,
    Reject.HIGH_HASH: 50,
    # Clocks differ, versions age and another branch may look different: nobody's fault.
    Reject.TIME_TOO_OLD: 0,
    Reject.TIME_TOO_NEW: 0,
    Reject.BAD_VERSION: 0,
    Reject.DUPLICATE_BLOCK: 0,
    Reject.IMMATURE_COINBASE: 0,
    Reject.NON_MANDATORY_SCRIPT: 0,
}
_POLICY_POINTS = {PolicyReject.COINBASE: 100, PolicyReject.SPENDS_CONFLICTING: 10}


def points_for(error: ConsensusError | PolicyError) -> int:
    """Return the points of a refusal, 0 where it is nobody's fault."""
    if isinstance(error, PolicyError):
        return _POLICY_POINTS.get(error.reject, 0)
    if isinstance(error, UntrustedMinerError):
        return 0
    return _POINTS.get(error.reject, _FULL)
