"""Transactions that peers announce and send: which we ask for, keep, pass on, or refuse."""

from __future__ import annotations

import logging
from collections import deque

from ccxx_core.hashes import Txid, format_hash
from ccxx_core.transaction import Transaction
from ccxx_node.consensus.errors import ConsensusError
from ccxx_node.mempool.errors import PolicyError, PolicyReject
from ccxx_node.mempool.orphans import Orphan, Orphans
from ccxx_node.mempool.policy import MAX_STANDARD_WEIGHT
from ccxx_node.p2p.messages import (
    MAX_INVENTORY,
    MSG_TX,
    InventoryItem,
    NotFound,
    Reject,
    TxMessage,
)
from ccxx_node.p2p.peers.known import RecentSet
from ccxx_node.p2p.peers.peer import Peer
from ccxx_node.p2p.peers.peer_set import PeerSet
from ccxx_node.p2p.peers.penalties import points_for
from ccxx_node.p2p.peers.recent_block import RecentBlock
from ccxx_node.p2p.transactions.announcements import TransactionAnnouncements
from ccxx_node.p2p.transactions.requests import TransactionRequests

_log = logging.getLogger("ccxx.net")

MAX_REJECTS = 50_000
# What may be in the next block is kept if it is small: each part is an object in memory.
_MAX_EXTRA_PARTS = 200
_MAX_EXTRA_SIZE = 100_000

Refusal = ConsensusError | PolicyError


class TransactionRelay:
    """Takes transactions in; orphans wait for their parents, refused ones are not wanted again."""

    def __init__(
        self,
        peers: PeerSet,
        announcements: TransactionAnnouncements,
        requests: TransactionRequests,
        recent: RecentBlock,
    ) -> None:
        self._peers = peers
        self._announcements = announcements
        self._requests = requests
        self._recent = recent
        self._pool = peers.door.acceptor.pool
        self.orphans = Orphans(peers.rng.randrange, peers.options.max_orphans)
        self._rejects = RecentSet(MAX_REJECTS)
        # Not in the pool, but perhaps in the next block.
        self.extra: deque[Transaction] = deque(maxlen=peers.options.extra_compact_transactions)

    # Announcements

    def announced(self, peer: Peer, item: InventoryItem) -> None:
        """Queue a transaction to be asked for, if we want it."""
        peer.relay.known.add(item.hash)
        door = self._peers.door
        if not self.takes_from(peer) or door.is_importing() or door.is_initial_download():
            return
        if not self.has(item.hash):
            self._requests.add(peer, self._request_for(peer, Txid(item.hash)))

    def takes_from(self, peer: Peer) -> bool:
        """Whether we want transactions from a peer at all (``-blocksonly``)."""
        options = self._peers.options
        is_exempt = peer.permissions.whitelisted and options.whitelist_relay
        return options.relay_transactions or is_exempt

    def has(self, txid: bytes) -> bool:
        """Whether a transaction is here, was refused lately, or was just confirmed."""
        return (
            txid in self._pool
            or txid in self._rejects
            or txid in self.orphans
            or txid in self._recent
        )

    def _request_for(self, peer: Peer, txid: Txid) -> InventoryItem:
        return InventoryItem(MSG_TX | self._peers.witness_flag(peer), txid)

    def tick(self, peer: Peer, now: float) -> None:
        """Ask for what is due and still missing."""
        wanted = []
        for item in self._requests.take_due(peer, now):
            if self.has(item.hash):
                self._requests.drop(peer, item.hash)
            else:
                wanted.append(item)
        self._peers.request(peer, wanted)

    def receive_not_found(self, peer: Peer, message: NotFound) -> None:
        """Note what a peer announced and does not have any more."""
        for item in message.items[:MAX_INVENTORY]:
            self._requests.not_found(peer, item.hash)

    def chain_changed(self) -> None:
        """Give refused transactions a second chance: they may be valid on another tip."""
        self._rejects.clear()

    # Transactions

    def receive(self, peer: Peer, message: TxMessage) -> None:
        """Take in a transaction; the orphans that waited for it have turns of their own."""
        if not self.takes_from(peer):
            return
        tx = message.tx
        peer.relay.known.add(tx.txid)
        self._requests.received(peer, tx.txid)
        if self.has(tx.txid):
            self._force_relay(peer, tx, None)
            return
        try:
            self._peers.door.submit_transaction(tx)
        except (ConsensusError, PolicyError) as error:
            self._refused(peer, tx, error)
            return
        self._announcements.relay(tx.txid)
        peer.relay.last_transaction_at = self._peers.door.now()
        self._find_children(tx)

    def _refused(self, peer: Peer, tx: Transaction, error: Refusal) -> None:
        if error.reject is PolicyReject.MISSING_INPUTS:
            self._keep_orphan(peer, tx)
            return
        # In the words that the reference's tests look for.
        _log.debug(
            "%s from peer=%d was not accepted: %s (code %d)",
            format_hash(tx.txid),
            peer.id,
            error.reason,
            error.code,
        )
        self._note_refusal(tx, error)
        self._keep_extra(tx)
        self._force_relay(peer, tx, error)
        self._peers.reject(peer, Reject("tx", error.code, error.reason, tx.txid))
        self._peers.misbehaved(peer, points_for(error), f"invalid transaction: {error.reason}")

    def _note_refusal(self, tx: Transaction, error: Refusal) -> None:
        # The id says nothing of the witness: with another one, or any, it may be valid.
        if not tx.has_witness and "Witness program" not in error.reason:
            self._rejects.add(tx.txid)

    def _force_relay(self, peer: Peer, tx: Transaction, error: Refusal | None) -> None:
        """Pass on what a whitelisted peer sent even if we would not keep it, as its gateway."""
        is_gateway = peer.permissions.whitelisted and self._peers.options.whitelist_force_relay
        if is_gateway and (error is None or points_for(error) == 0):
            self._announcements.relay(tx.txid)

    # Orphans

    def _keep_orphan(self, peer: Peer, tx: Transaction) -> None:
        parents = {tx_input.prevout.txid for tx_input in tx.inputs}
        if any(parent in self._rejects for parent in parents):
            self._rejects.add(tx.txid)
            return
        # What is too large to be kept would only make us ask for a flood of parents.
        if tx.weight > MAX_STANDARD_WEIGHT:
            return
        for tx_input in tx.inputs:
            parent = tx_input.prevout.txid
            peer.relay.known.add(parent)
            if not self.has(parent):
                self._requests.add(peer, self._request_for(peer, parent))
        self.orphans.add(tx, peer.id, self._peers.door.now())
        self._keep_extra(tx)

    def _keep_extra(self, tx: Transaction) -> None:
        parts = len(tx.inputs) + len(tx.outputs) + sum(len(each.witness) for each in tx.inputs)
        if parts <= _MAX_EXTRA_PARTS and tx.size <= _MAX_EXTRA_SIZE:
            self.extra.append(tx)

    def _find_children(self, parent: Transaction) -> None:
        # In the turns of who sent them: they leave with it, and what they cost is its own time.
        for orphan in self.orphans.children_of(parent):
            sender = self._peers.get(orphan.peer)
            if sender is not None:
                sender.adoptable.append(orphan.tx.txid)

    def adopt_next(self, peer: Peer) -> None:
        """Try one orphan of a peer whose parent came: a hundred may take minutes together."""
        orphan = self.orphans.get(peer.adoptable.popleft())
        if orphan is not None and self._adopt(orphan):
            self._find_children(orphan.tx)

    def _adopt(self, orphan: Orphan) -> bool:
        """Take an orphan in; who sent an invalid one is blamed, not who sent its parent."""
        tx = orphan.tx
        try:
            self._peers.door.submit_transaction(tx)
        except (ConsensusError, PolicyError) as error:
            if error.reject is PolicyReject.MISSING_INPUTS:
                return False
            self.orphans.remove(tx.txid)
            self._note_refusal(tx, error)
            peer = self._peers.get(orphan.peer)
            if peer is not None:
                reason = f"invalid orphan {format_hash(tx.txid)}: {error.reason}"
                self._peers.misbehaved(peer, points_for(error), reason)
            return False
        self.orphans.remove(tx.txid)
        self._announcements.relay(tx.txid)
        return True
