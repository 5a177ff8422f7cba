"""Which blocks a peer is thought to have, and how two nodes find where their chains part."""

from __future__ import annotations

from collections.abc import Sequence

from ccxx_core.hashes import BlockHash
from ccxx_node.chainstate.block_entry import BlockEntry
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.p2p.peers.peer import Peer

# A locator names this many blocks one by one, then ever larger steps back.
_DENSE = 10
# Blocks come every so often; a tip older than this many is not close to today.
_RECENT_BLOCKS = 20


def make_locator(entry: BlockEntry) -> list[BlockHash]:
    """Name blocks from here back to the genesis block, ever further apart."""
    hashes: list[BlockHash] = []
    each: BlockEntry | None = entry
    step = 1
    while each is not None:
        hashes.append(each.hash)
        if each.height == 0:
            break
        if len(hashes) > _DENSE:
            step *= 2
        each = each.ancestor(max(each.height - step, 0))
    return hashes


def find_common(chain: Chainstate, locator: Sequence[BlockHash]) -> BlockEntry:
    """Give the last block of the active chain that a locator's owner has."""
    for block_hash in locator:
        entry = chain.entry(block_hash)
        if entry is None:
            continue
        if chain.is_active(entry):
            return entry
        if entry.ancestor(chain.height) is chain.tip:
            return chain.tip
    return chain.genesis


def is_close_to_today(chain: Chainstate, now: int) -> bool:
    """Whether the tip is so young that new blocks are worth fetching at once."""
    return chain.tip.time > now - chain.params.spacing * _RECENT_BLOCKS


def note_known_block(chain: Chainstate, peer: Peer, block_hash: BlockHash) -> None:
    """Note that a peer has a block, and so all before it."""
    resolve_unknown(chain, peer)
    entry = chain.entry(block_hash)
    if entry is None:
        peer.headers.last_unknown = block_hash
    else:
        _raise_best(peer, entry)


def resolve_unknown(chain: Chainstate, peer: Peer) -> None:
    """See whether the block a peer announced before we knew it has become known."""
    unknown = peer.headers.last_unknown
    if unknown is None:
        return
    entry = chain.entry(unknown)
    if entry is not None:
        _raise_best(peer, entry)
        peer.headers.last_unknown = None


def has_header(peer: Peer, entry: BlockEntry) -> bool:
    """Whether a peer has announced a header, or we sent it there."""
    for known in (peer.headers.best_known, peer.headers.best_sent):
        if known is not None and known.ancestor(entry.height) is entry:
            return True
    return False


def _raise_best(peer: Peer, entry: BlockEntry) -> None:
    best = peer.headers.best_known
    if best is None or entry.chain_work >= best.chain_work:
        peer.headers.best_known = entry
