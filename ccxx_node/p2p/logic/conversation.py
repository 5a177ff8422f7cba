"""Who answers which message, and what a peer is told without asking; the parts are wired here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ccxx_node.p2p import messages as m
from ccxx_node.p2p.blocks.announcements import BlockAnnouncements
from ccxx_node.p2p.blocks.chain_following import ChainFollowing
from ccxx_node.p2p.blocks.compact_relay import CompactRelay
from ccxx_node.p2p.blocks.download import BlockDownload
from ccxx_node.p2p.blocks.header_sync import HeaderSync
from ccxx_node.p2p.blocks.high_bandwidth import HighBandwidth
from ccxx_node.p2p.blocks.intake import BlockIntake
from ccxx_node.p2p.blocks.serving import BlockServing
from ccxx_node.p2p.logic.address_relay import AddressRelay
from ccxx_node.p2p.logic.filtering import Filtering
from ccxx_node.p2p.logic.handshake import Handshake
from ccxx_node.p2p.logic.inventory import Inventory
from ccxx_node.p2p.logic.keepalive import Keepalive
from ccxx_node.p2p.logic.serving import Serving
from ccxx_node.p2p.peers.peer import Peer
from ccxx_node.p2p.peers.peer_set import PeerSet
from ccxx_node.p2p.peers.recent_block import RecentBlock
from ccxx_node.p2p.transactions.announcements import TransactionAnnouncements
from ccxx_node.p2p.transactions.fee_filter import FeeFilters
from ccxx_node.p2p.transactions.relay import TransactionRelay
from ccxx_node.p2p.transactions.requests import TransactionRequests

Handler = Callable[[Peer, Any], None]


class Conversation:
    """Hears what peers say and speaks to them when something is due."""

    def __init__(self, peers: PeerSet) -> None:
        self._peers = peers
        self.recent = RecentBlock()
        self.handshake = Handshake(peers)
        self.download = BlockDownload(peers)
        self.headers = HeaderSync(peers, self.download)
        self.following = ChainFollowing(peers, self.headers, self.download)
        self.high_bandwidth = HighBandwidth(peers)
        self.intake = BlockIntake(peers, self.download, self.high_bandwidth)
        self.announcements = BlockAnnouncements(peers, self.recent)
        self.offers = TransactionAnnouncements(peers, self.recent)
        self._requests = TransactionRequests(peers)
        self.transactions = TransactionRelay(peers, self.offers, self._requests, self.recent)
        self._blocks = BlockServing(peers, self.recent, self.announcements)
        self.serving = Serving(peers, self._blocks, self.offers)
        self._addresses = AddressRelay(peers)
        self._keepalive = Keepalive(peers)
        self._fee_filters = FeeFilters(peers)
        self._filtering = Filtering(peers)
        self._handlers = self._make_handlers()

    def _make_handlers(self) -> dict[type, Handler]:
        compact = CompactRelay(
            self._peers, self.headers, self.download, self.intake, self.transactions.extra
        )
        inventory = Inventory(self._peers, self.download, self.transactions)
        return {
            m.Ping: self._keepalive.answer,
            m.Pong: self._keepalive.receive_pong,
            m.Addr: self._addresses.receive,
            m.GetAddr: self._addresses.answer,
            m.Inv: inventory.receive,
            m.GetData: self.serving.receive_getdata,
            m.GetHeaders: self.serving.receive_getheaders,
            m.GetBlocks: self.serving.receive_getblocks,
            m.Headers: self.headers.receive,
            m.BlockMessage: self.intake.receive,
            m.TxMessage: self.transactions.receive,
            m.NotFound: self.transactions.receive_not_found,
            m.MempoolRequest: self.offers.receive_mempool,
            m.SendHeaders: _note_headers_wanted,
            m.FeeFilter: self._fee_filters.receive,
            m.SendCompact: self.high_bandwidth.receive,
            m.CompactBlock: compact.receive,
            m.GetBlockTransactions: self._blocks.send_transactions,
            m.BlockTransactions: compact.receive_transactions,
            m.FilterLoad: self._filtering.load,
            m.FilterAdd: self._filtering.add,
            m.FilterClear: self._filtering.clear,
        }

    def forget(self, peer: Peer) -> None:
        """Let go all that is kept for a peer that is gone."""
        self.download.forget(peer)
        self.headers.forget(peer)
        self.high_bandwidth.forget(peer)
        self.transactions.orphans.remove_from(peer.id)
        self._requests.forget(peer)
        self._addresses.forget(peer)

    # Hearing

    def hear(self, peer: Peer, message: m.Message) -> None:
        """Let the right part answer a message, if it is not too early for that."""
        if isinstance(message, m.Reject):
            return
        is_filter = isinstance(message, m.FilterLoad | m.FilterAdd)
        if is_filter and self._filtering.is_refused(peer, message.command):
            return
        if isinstance(message, m.Version):
            was_known = peer.facts.version != 0
            self.handshake.receive_version(peer, message)
            if peer.facts.version != 0 and not was_known:
                self._addresses.introduce(peer)
        elif self.is_too_early(peer, message.command):
            return
        elif isinstance(message, m.Verack):
            self.handshake.receive_verack(peer)
        elif (handler := self._handlers.get(type(message))) is not None:
            handler(peer, message)

    def is_too_early(self, peer: Peer, command: str) -> bool:
        """Whether a peer may not say this yet; each time counts a point."""
        if peer.facts.version == 0:
            self._peers.misbehaved(peer, 1, f"{command} before version")
            return True
        if not peer.is_ready and command != m.Verack.command:
            self._peers.misbehaved(peer, 1, f"{command} before verack")
            return True
        return False

    # Speaking

    def speak(self, peer: Peer, now: float) -> None:
        """Do for one peer what is due now."""
        if not peer.is_ready or peer.is_leaving:
            return
        self._keepalive.tick(peer, now)
        self._addresses.tick(peer, now)
        may_fetch = self._may_fetch(peer)
        self.headers.start(peer, now, may_fetch=may_fetch)
        self.announcements.tick(peer)
        self.offers.tick(peer, now)
        self.download.check_time(peer, now)
        self.headers.check_time(peer, now)
        self.following.check(peer)
        if peer.is_leaving:
            return
        is_useful = (
            may_fetch and not peer.is_limited
        ) or not self._peers.door.is_initial_download()
        if is_useful and not peer.is_client:
            self.download.request_next(peer, now)
        self.transactions.tick(peer, now)
        self._fee_filters.tick(peer, now)

    def _may_fetch(self, peer: Peer) -> bool:
        """Whether this is a peer we like to download from, or the best that there is."""
        if peer.download.is_preferred:
            return True
        if peer.is_client or peer.permissions.oneshot:
            return False
        return not any(other.download.is_preferred for other in self._peers)


def _note_headers_wanted(peer: Peer, _: m.SendHeaders) -> None:
    peer.prefers_headers = True
