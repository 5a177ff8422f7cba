"""Headers that peers bring, however they come, and how many of them may lead nowhere."""

from __future__ import annotations

from collections.abc import Sequence

from ccxx_core.block import BlockHeader
from ccxx_node.chainstate.block_entry import BlockEntry
from ccxx_node.p2p.peers.peer import Peer
from ccxx_node.p2p.peers.peer_set import PeerSet

# Headers of branches with less work than ours that one peer may make us keep.
MAX_WEAK_HEADERS = 20_000


def submit_headers(peers: PeerSet, peer: Peer, headers: Sequence[BlockHeader]) -> BlockEntry:
    """Add headers to the tree, parents before children; gives the entry of the last.

    What they add to weak branches counts against the peer, also if one behind them is refused, and
    until it adds to a branch with as much work as ours.
    Raises `ConsensusError` for the first refused.
    """
    chain = peers.door.chain
    unknown = [header.hash for header in headers if chain.entry(header.hash) is None]
    try:
        return peers.door.submit_headers(headers)[-1]
    finally:
        fresh = [entry for each in unknown if (entry := chain.entry(each)) is not None]
        if fresh and fresh[-1].chain_work >= chain.tip.chain_work:
            # Only for new ones: a header that we have would cost nothing.
            peer.headers.weak = 0
        elif fresh:
            peer.headers.weak += len(fresh)
            if weak_headers_left(peers, peer, fresh[-1]) < 0:
                peers.misbehaved(peer, 100, "too many headers of weak branches")


def weak_headers_left(peers: PeerSet, peer: Peer, last: BlockEntry) -> int:
    """Say how many more a peer may bring on the branch of an entry; less than 0 is too many."""
    chain, left = peers.door.chain, MAX_WEAK_HEADERS - peer.headers.weak
    if not peer.inbound or peer.permissions.whitelisted:
        # After a long split the better chain, too, is weaker until its last headers came.
        left += chain.height - chain.fork_with(last).height
    return left
