"""What the rules of a block need to know of its past, gathered once a block."""

from collections.abc import Callable
from dataclasses import dataclass

from ccxx_node.consensus.deployments import (
    DeploymentCache,
    is_csv_active,
    is_segwit_active,
    script_flags,
)
from ccxx_node.consensus.header import ChainEntry
from ccxx_node.consensus.params import ConsensusParams


@dataclass(frozen=True, slots=True)
class BlockContext:
    """The place of a block: its height, the times before it, and which rules hold in it.

    ``parent_gap`` is the seconds between the parent and its own parent; ``median_time_at`` gives
    the median time past of the chain at heights up to the parent's.
    """

    params: ConsensusParams
    height: int
    parent_time: int
    parent_gap: int
    parent_median_time: int
    is_csv: bool
    flags: int
    median_time_at: Callable[[int], int]
    is_segwit: bool = True


def context_after(
    parent: ChainEntry, params: ConsensusParams, cache: DeploymentCache
) -> BlockContext:
    """Gather the context of the block that comes after ``parent``."""
    height = parent.height + 1
    is_csv = is_csv_active(parent, params, cache)
    is_segwit = is_segwit_active(parent, params, cache)

    def median_time_at(asked: int) -> int:
        entry = parent.ancestor(asked)
        if entry is None:
            raise AssertionError(f"height {asked} is not below {height}")
        return entry.median_time_past

    return BlockContext(
        params=params,
        height=height,
        parent_time=parent.time,
        parent_gap=parent.time - parent.parent.time if parent.parent is not None else 0,
        parent_median_time=parent.median_time_past,
        is_csv=is_csv,
        flags=script_flags(height, is_csv, params, is_segwit),
        median_time_at=median_time_at,
        is_segwit=is_segwit,
    )
