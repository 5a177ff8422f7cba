"""Soft forks by version bits (BIP 9): their state, what blocks signal, which rules they bring."""

from enum import StrEnum

from ccxx_core.hashes import BlockHash
from ccxx_node.consensus import flags as f
from ccxx_node.consensus.header import LOWEST_VERSION, ChainEntry
from ccxx_node.consensus.params import ConsensusParams, Deployment

_TOP_MASK = 0xE0000000


class DeploymentState(StrEnum):
    """Where a soft fork stands, by its RPC name."""

    DEFINED = "defined"
    STARTED = "started"
    LOCKED_IN = "locked_in"
    ACTIVE = "active"
    FAILED = "failed"


# States by deployment and last block of a period: they never change, so they are kept.
DeploymentCache = dict[tuple[str, BlockHash], DeploymentState]


def deployment_state(
    parent: ChainEntry, deployment: Deployment, params: ConsensusParams, cache: DeploymentCache
) -> DeploymentState:
    """Give the state that holds for the block after ``parent``."""
    start_time = deployment.start_time
    if start_time is None:
        return DeploymentState.ACTIVE
    window = params.signal_window
    pending: list[ChainEntry] = []
    entry = parent.ancestor(parent.height - (parent.height + 1) % window)
    state = DeploymentState.DEFINED
    while entry is not None:
        known = cache.get((deployment.name, entry.hash))
        if known is not None:
            state = known
            break
        if entry.median_time_past < start_time:
            break
        pending.append(entry)
        entry = entry.ancestor(entry.height - window)
    for entry in reversed(pending):
        state = _next_state(state, entry, deployment, params)
        cache[deployment.name, entry.hash] = state
    return state


def _next_state(
    state: DeploymentState, last: ChainEntry, deployment: Deployment, params: ConsensusParams
) -> DeploymentState:
    """Give the state after the period that ends with ``last``, whose time is past the start."""
    is_open = state in (DeploymentState.DEFINED, DeploymentState.STARTED)
    timeout = deployment.timeout
    if is_open and timeout is not None and last.median_time_past >= timeout:
        return DeploymentState.FAILED
    if state is DeploymentState.DEFINED:
        return DeploymentState.STARTED
    if state is DeploymentState.FAILED:
        return state
    if state is DeploymentState.STARTED:
        locks_in = count_signals(last, deployment, params.signal_window) >= params.signal_threshold
        return DeploymentState.LOCKED_IN if locks_in else state
    return DeploymentState.ACTIVE


def count_signals(last: ChainEntry, deployment: Deployment, blocks: int) -> int:
    """Count the blocks that signal, among the last so many up to ``last``."""
    count = 0
    entry: ChainEntry | None = last
    for _ in range(blocks):
        if entry is None:
            break
        is_signal = entry.version & _TOP_MASK == LOWEST_VERSION
        count += is_signal and entry.version >> deployment.bit & 1
        entry = entry.parent
    return count


def state_since(
    parent: ChainEntry, deployment: Deployment, params: ConsensusParams, cache: DeploymentCache
) -> int:
    """Give the height from which the state of the block after ``parent`` has held."""
    state = deployment_state(parent, deployment, params, cache)
    if deployment.start_time is None or state is DeploymentState.DEFINED:
        return 0
    window = params.signal_window
    period = parent.ancestor(parent.height - (parent.height + 1) % window)
    while period is not None:
        before = period.ancestor(period.height - window)
        if before is None or deployment_state(before, deployment, params, cache) is not state:
            return period.height + 1
        period = before
    return 0


def is_csv_active(parent: ChainEntry, params: ConsensusParams, cache: DeploymentCache) -> bool:
    """Tell whether BIP 68, 112 and 113 hold for the block after ``parent``."""
    return deployment_state(parent, params.csv, params, cache) is DeploymentState.ACTIVE


def is_segwit_active(parent: ChainEntry, params: ConsensusParams, cache: DeploymentCache) -> bool:
    """Tell whether BIP 141, 143 and 147 hold for the block after ``parent``: only tests say no."""
    return deployment_state(parent, params.segwit, params, cache) is DeploymentState.ACTIVE


def block_version(parent: ChainEntry, params: ConsensusParams, cache: DeploymentCache) -> int:
    """Give the version for a new block: the bits of every soft fork that is under way."""
    version = LOWEST_VERSION
    under_way = (DeploymentState.STARTED, DeploymentState.LOCKED_IN)
    for deployment in params.deployments:
        if deployment_state(parent, deployment, params, cache) in under_way:
            version |= 1 << deployment.bit
    return version


def script_flags(height: int, is_csv: bool, params: ConsensusParams, is_segwit: bool = True) -> int:
    """Give the script flags that hold in a block: P2SH always, segwit and NULLDUMMY nearly so."""
    flags = f.P2SH
    if is_segwit:
        flags |= f.WITNESS | f.NULLDUMMY
    if height >= params.bip66_height:
        flags |= f.DERSIG
    if height >= params.bip65_height:
        flags |= f.CHECKLOCKTIMEVERIFY
    if is_csv:
        flags |= f.CHECKSEQUENCEVERIFY
    return flags
