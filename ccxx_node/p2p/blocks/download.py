"""Which blocks are on their way from whom, what to ask for next, and who is too slow.

Blocks come from many peers at once: at most 16 from each, and none more than 1024 ahead of the last
block that we have in common with a peer, so that files on disk stay nearly in order. A peer that
alone holds the window back for two seconds has to leave.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ccxx_core.hashes import BlockHash
from ccxx_node.chainstate.block_entry import BlockEntry, find_fork
from ccxx_node.p2p.blocks.knowledge import resolve_unknown
from ccxx_node.p2p.messages import MSG_BLOCK, MSG_CMPCT_BLOCK, InventoryItem
from ccxx_node.p2p.peers.peer import BlockInFlight, Peer
from ccxx_node.p2p.peers.peer_set import PeerSet

MAX_PER_PEER = 16
WINDOW = 1024
STALL_SECONDS = 2
# A block may take so many block intervals, and half as much more for each other loaded peer.
_BASE_INTERVALS = 1.0
_INTERVALS_PER_PEER = 0.5
_STRIDE = 128


class BlockDownload:
    """The blocks in flight, by hash."""

    def __init__(self, peers: PeerSet) -> None:
        self._peers = peers
        self._chain = peers.door.chain
        self._owners: dict[BlockHash, Peer] = {}
        self._loaded: set[int] = set()

    def __len__(self) -> int:
        return len(self._owners)

    def __contains__(self, block_hash: object) -> bool:
        return block_hash in self._owners

    def owner(self, block_hash: BlockHash) -> Peer | None:
        """Return the peer that was asked for a block."""
        return self._owners.get(block_hash)

    # Blocks come and go

    def mark(self, peer: Peer, entry: BlockEntry) -> BlockInFlight:
        """Note that a block is asked of this peer, and of nobody else any more."""
        if self._owners.get(entry.hash) is peer:
            return peer.download.in_flight[entry.hash]
        self.mark_received(entry.hash)
        if not peer.download.in_flight:
            peer.download.since = self._peers.door.monotonic()
            self._loaded.add(peer.id)
        flight = BlockInFlight(entry.hash, entry)
        peer.download.in_flight[entry.hash] = flight
        self._owners[entry.hash] = peer
        return flight

    def mark_received(self, block_hash: BlockHash) -> bool:
        """Note that a block came, or will not; tells whether it was in flight."""
        peer = self._owners.pop(block_hash, None)
        if peer is None:
            return False
        download = peer.download
        if next(iter(download.in_flight)) == block_hash:
            download.since = max(download.since, self._peers.door.monotonic())
        del download.in_flight[block_hash]
        download.stalling_since = 0.0
        if not download.in_flight:
            self._loaded.discard(peer.id)
        return True

    def forget(self, peer: Peer) -> None:
        """Let others be asked for what a peer did not send."""
        for block_hash in list(peer.download.in_flight):
            self.mark_received(block_hash)

    # What to ask for

    def request(self, peer: Peer, entries: Sequence[BlockEntry]) -> None:
        """Ask a peer for blocks, with the witnesses that it has."""
        kind = MSG_BLOCK | self._peers.witness_flag(peer)
        items = [InventoryItem(kind, entry.hash) for entry in entries]
        for entry in entries:
            self.mark(peer, entry)
        self._peers.request(peer, items)

    def request_compact(self, peer: Peer, entry: BlockEntry) -> None:
        """Ask a peer for one block in compact form."""
        self.mark(peer, entry)
        self._peers.request(peer, [InventoryItem(MSG_CMPCT_BLOCK, entry.hash)])

    def request_again(self, peer: Peer, block_hash: BlockHash) -> None:
        """Ask for the whole of a block whose compact form was of no use."""
        self._peers.request(
            peer, [InventoryItem(MSG_BLOCK | self._peers.witness_flag(peer), block_hash)]
        )

    def request_directly(self, peer: Peer, last: BlockEntry) -> None:
        """Ask at once for the few blocks that lead to a header just announced."""
        missing = self._missing_below(peer, last)
        room = MAX_PER_PEER - len(peer.download.in_flight)
        wanted = missing[: max(room, 0)]
        if not wanted:
            return
        alone = len(wanted) == 1 and not self._owners
        parent = last.parent
        if alone and peer.compact.offers_our_version and parent is not None and parent.fully_valid:
            self.request_compact(peer, wanted[0])
        else:
            self.request(peer, wanted)

    def _missing_below(self, peer: Peer, last: BlockEntry) -> list[BlockEntry]:
        chain, missing = self._chain, list[BlockEntry]()
        each: BlockEntry | None = last
        while each is not None and not chain.is_active(each) and len(missing) <= MAX_PER_PEER:
            is_missing = each.block_position is None and each.hash not in self._owners
            if is_missing and self._peers.may_fetch_block(peer, each):
                missing.append(each)
            each = each.parent
        # A large reorganisation so close to today is strange: leave it to the parallel download.
        if each is None or not chain.is_active(each):
            return []
        return missing[::-1]

    def request_next(self, peer: Peer, now: float) -> None:
        """Fill a peer's share of the download."""
        room = MAX_PER_PEER - len(peer.download.in_flight)
        if room <= 0:
            return
        entries, staller = self._find_next(peer, room)
        if entries:
            self.request(peer, entries)
        elif staller is not None and not peer.download.in_flight:
            staller.download.stalling_since = staller.download.stalling_since or now

    def _find_next(self, peer: Peer, count: int) -> tuple[list[BlockEntry], Peer | None]:
        """Give blocks to ask a peer for, or else the peer that holds the window back."""
        resolve_unknown(self._chain, peer)
        best, tip = peer.headers.best_known, self._chain.tip
        least = max(tip.chain_work, self._peers.options.minimum_work)
        if best is None or best.chain_work < least:
            return [], None
        common = self._last_common(peer, best)
        if common is best:
            return [], None
        window_end = common.height + WINDOW
        found: list[BlockEntry] = []
        slowest: Peer | None = None
        for entry in _path(common, best, window_end + 1):
            if entry.is_failed or not self._peers.may_fetch_block(peer, entry):
                break
            if entry.block_position is not None or self._chain.is_active(entry):
                if entry.is_linked:
                    peer.download.last_common = entry
            elif entry.hash in self._owners:
                slowest = slowest or self._owners[entry.hash]
            elif entry.height > window_end:
                return found, slowest if not found and slowest is not peer else None
            else:
                found.append(entry)
                if len(found) == count:
                    break
        return found, None

    def _last_common(self, peer: Peer, best: BlockEntry) -> BlockEntry:
        common = peer.download.last_common
        if common is None:
            common = self._chain.entry_at(min(best.height, self._chain.height))
            assert common is not None
        # The peer may have changed its branch since.
        peer.download.last_common = find_fork(common, best)
        return peer.download.last_common

    # Who is too slow

    def check_time(self, peer: Peer, now: float) -> None:
        """Part with a peer that holds everybody up, or takes longer than a block may take."""
        download = peer.download
        if download.stalling_since and download.stalling_since < now - STALL_SECONDS:
            self._peers.disconnect(peer, "stalling block download")
        elif download.in_flight:
            others = len(self._loaded) - 1
            intervals = _BASE_INTERVALS + _INTERVALS_PER_PEER * others
            if now > download.since + self._chain.params.spacing * intervals:
                self._peers.disconnect(peer, "block download timeout")


def _path(start: BlockEntry, best: BlockEntry, highest: int) -> Iterator[BlockEntry]:
    """Give the entries behind `start` towards `best`, up to a height."""
    last = min(best.height, highest)
    height = start.height
    while height < last:
        upper = min(height + _STRIDE, last)
        entry = best.ancestor(upper)
        stretch: list[BlockEntry] = []
        while entry is not None and entry.height > height:
            stretch.append(entry)
            entry = entry.parent
        yield from reversed(stretch)
        height = upper
