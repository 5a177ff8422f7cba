"""The next block as the chain and the pool have it now."""

from __future__ import annotations

from dataclasses import replace

from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.consensus.deployments import DeploymentCache, block_version, is_segwit_active
from ccxx_node.consensus.header import next_bits
from ccxx_node.consensus.params import MINIMUM_SPACING_HEIGHT, MINIMUM_SPACING_SECONDS
from ccxx_node.consensus.subsidy import block_subsidy
from ccxx_node.mempool.next_block import BlockAfter
from ccxx_node.mempool.pool import Mempool
from ccxx_node.mining.selection import BlockLimits, Selection
from ccxx_node.mining.template import BlockTemplate


def make_template(
    chain: Chainstate, pool: Mempool, limits: BlockLimits, now: int, cache: DeploymentCache
) -> BlockTemplate:
    """Return the best paid block on top of the tip; `now` is unix time."""
    tip, params = chain.tip, chain.params
    height = tip.height + 1
    min_time = tip.median_time_past + 1
    if height > MINIMUM_SPACING_HEIGHT:
        min_time = max(min_time, tip.time + MINIMUM_SPACING_SECONDS)
    time = max(min_time, now)
    parent_gap = tip.time - tip.parent.time if tip.parent is not None else 0
    rules = BlockAfter(tip, chain, params)
    is_segwit = is_segwit_active(tip, params, cache)
    limits = replace(limits, with_witness=limits.with_witness and is_segwit)
    return BlockTemplate(
        height=height,
        prev_hash=tip.hash,
        version=block_version(tip, params, cache),
        bits=next_bits(tip, time, params),
        time=time,
        min_time=min_time,
        subsidy=block_subsidy(height, parent_gap, params, lambda: True),
        entries=tuple(Selection(pool, limits, rules.is_final).run()),
        is_segwit=is_segwit,
        knows_segwit=params.knows_segwit,
    )
