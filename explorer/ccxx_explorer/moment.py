"""All that a page depends on besides its question: while that is the same, so is the page."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from ccxx_core.hashes import BlockHash
from ccxx_explorer.indexer import NodeState
from ccxx_explorer.site import Site


@dataclass(frozen=True, slots=True)
class Moment:
    """The state of everything that pages are made from.

    The tip's hash stands for the whole index. `pool` is the number of the pool's state, whether it
    is stale, and what the node says of its count and size; `definitions` that of the folder of type
    definitions; `fits_anchor` whether the trust anchor is one of this chain.
    """

    tip: BlockHash | None
    fits_anchor: bool
    node: NodeState
    pool: tuple[int, bool, int, int]
    definitions: int


def moment_of(site: Site, connection: Connection) -> Moment:
    """Tell in which state everything is, as the connection sees the index."""
    tip, pool = site.tip_or_none(connection), site.pool()
    return Moment(
        tip=tip.hash if tip is not None else None,
        fits_anchor=site.fits_anchor(connection),
        node=site.node_state(),
        pool=(pool.sequence, pool.is_stale, pool.count, pool.size),
        definitions=site.definitions_version(),
    )


def current_moment(site: Site) -> Moment:
    """Tell in which state everything is now."""
    with site.database.read() as connection:
        return moment_of(site, connection)
