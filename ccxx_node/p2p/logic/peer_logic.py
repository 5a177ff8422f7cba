"""Peer logic: messages come in, actions go out; the sockets are someone else's job.

How the shell uses it: `connected` when a connection stands, `receive` for every message, `tick` ten
times a second and soon after `chain_changed` or `transaction_accepted`. While a peer `has_work` and
is not ``send_paused``, `work` comes before its next message, so that answers keep their order; what
is ``adoptable`` is no answer, and never waits.
All actions returned are done in order.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence

from ccxx_core.hashes import Txid
from ccxx_node.chainstate.block_entry import BlockEntry, find_fork
from ccxx_node.events import BlockConnected, Event
from ccxx_node.p2p.logic.conversation import Conversation
from ccxx_node.p2p.messages import REJECT_MALFORMED, Message, Reject
from ccxx_node.p2p.peers.actions import Action
from ccxx_node.p2p.peers.door import AddressStore, Door, PeerOptions, Quota
from ccxx_node.p2p.peers.peer import Peer
from ccxx_node.p2p.peers.peer_set import PeerSet, Surroundings

_log = logging.getLogger("ccxx.net")

# A loop that was busy for longer than this did not hear its peers: no fault of theirs.
_BUSY_SECONDS = 1.0


class PeerLogic:
    """What this node says to its peers, and what it makes of what they say."""

    def __init__(
        self,
        door: Door,
        addresses: AddressStore,
        quota: Quota,
        options: PeerOptions,
        rng: random.Random,
    ) -> None:
        self._door = door
        self._peers = PeerSet(Surroundings(door, addresses, quota, options, rng))
        self._conversation = Conversation(self._peers)
        self._tip = self._told_tip = door.chain.tip
        self._last_tick: float | None = None

    @property
    def peers(self) -> dict[int, Peer]:
        """All connections by id."""
        return self._peers.peers

    @property
    def wants_extra_peer(self) -> bool:
        """Whether the tip seems stale: one more outbound connection than usual is welcome."""
        return self._conversation.following.wants_extra_peer

    # Connections

    def connected(self, peer: Peer) -> list[Action]:
        """Take in a new connection; we speak first if we made it."""
        self._peers.peers[peer.id] = peer
        if not peer.inbound:
            self._conversation.handshake.greet(peer)
        return self._peers.take_actions()

    def disconnected(self, peer_id: int) -> None:
        """Forget a connection that is closed, whoever closed it."""
        peer = self._peers.peers.pop(peer_id, None)
        if peer is None:
            return
        if peer.is_ready and not peer.inbound and peer.misbehavior == 0:
            self._peers.addresses.mark_connected(peer.net_address, self._door.now())
        self._conversation.forget(peer)

    # Messages

    def receive(self, peer_id: int, message: Message) -> list[Action]:
        """Answer a message."""
        peer = self._peers.get(peer_id)
        if peer is None or peer.is_leaving:
            return []
        self._conversation.hear(peer, message)
        return self._after(peer)

    def receive_malformed(self, peer_id: int, command: str) -> list[Action]:
        """Answer a message of a known command whose payload could not be read."""
        peer = self._peers.get(peer_id)
        if peer is None or peer.is_leaving or command == "reject":
            return []
        if command == "version" or not self._conversation.is_too_early(peer, command):
            reason = "error parsing message"
            self._peers.reject(peer, Reject(command, REJECT_MALFORMED, reason))
        return self._after(peer)

    def receive_unknown(self, peer_id: int, command: str) -> list[Action]:
        """Ignore a command that we do not know, if it is not too early for any."""
        peer = self._peers.get(peer_id)
        if peer is None or peer.is_leaving:
            return []
        self._conversation.is_too_early(peer, command)
        return self._after(peer)

    def _after(self, peer: Peer) -> list[Action]:
        self._conversation.speak(peer, self._door.monotonic())
        return self._peers.take_actions()

    def has_work(self, peer_id: int) -> bool:
        """Whether something that a peer asked for or brought about has not been done yet."""
        peer = self._peers.get(peer_id)
        return peer is not None and peer.has_work and not peer.is_leaving

    def work(self, peer_id: int) -> list[Action]:
        """Try one orphan of a peer whose parent came, or send a part of what it asked for."""
        peer = self._peers.get(peer_id)
        if peer is not None and not peer.is_leaving:
            if peer.adoptable:
                self._conversation.transactions.adopt_next(peer)
            elif peer.relay.mempool_is_due:
                self._conversation.offers.tell_pool(peer)
            else:
                self._conversation.serving.serve(peer)
        return self._peers.take_actions()

    # Time and the chain

    def tick(self) -> list[Action]:
        """Do what is due: announcements, downloads, pings, timeouts."""
        now = self._door.monotonic()
        self._forgive_busy_time(now)
        self._conversation.following.tick(now)
        self._conversation.intake.tick()
        for peer in self._peers.ready():
            try:
                self._conversation.speak(peer, now)
            except Exception:
                # Our bug: the others must not go without because of one.
                _log.exception("peer failed id=%d", peer.id)
                self._peers.disconnect(peer, "internal error")
        return self._peers.take_actions()

    def _forgive_busy_time(self, now: float) -> None:
        before, self._last_tick = self._last_tick, now
        if before is None or now - before < _BUSY_SECONDS:
            return
        for peer in self._peers:
            peer.download.since += now - before
            peer.headers.sync_deadline += now - before
            if peer.download.stalling_since:
                peer.download.stalling_since += now - before

    def chain_changed(self, events: Sequence[Event]) -> None:
        """Note what changed in the chain, whoever caused it; `tick` should follow soon."""
        before, tip = self._tip, self._door.chain.tip
        self._tip = tip
        conversation = self._conversation
        if len(conversation.transactions.orphans):
            for event in events:
                if isinstance(event, BlockConnected):
                    conversation.transactions.orphans.remove_for_block(event.block.transactions)
        for entry in _connected(before, tip):
            conversation.intake.connected(entry)
        if tip is not before:
            conversation.transactions.chain_changed()
            conversation.following.tip_changed()
        # On a long way to a better tip there may be less work behind this one than behind the last.
        if self._door.chain.is_settled:
            before, self._told_tip = self._told_tip, tip
            if tip is not before and not self._door.is_initial_download():
                self._announce(before, tip, events)

    def _announce(self, before: BlockEntry, tip: BlockEntry, events: Sequence[Event]) -> None:
        last = events[-1] if events else None
        announcements = self._conversation.announcements
        if isinstance(last, BlockConnected) and last.block.hash == tip.hash:
            self._conversation.recent.replace(last.block)
            if tip.parent is before:
                announcements.announce_at_once(tip)
        announcements.tip_changed(before, tip)

    def transaction_accepted(self, txid: Txid) -> None:
        """Note a transaction that did not come from a peer; `tick` should follow soon."""
        self._conversation.offers.relay(txid)

    def ask_ping(self) -> None:
        """Ping every peer at the next tick."""
        for peer in self._peers:
            peer.ping.is_asked_for = True


def _connected(before: BlockEntry, tip: BlockEntry) -> list[BlockEntry]:
    fork, entries, entry = find_fork(before, tip), list[BlockEntry](), tip
    while entry is not fork:
        entries.append(entry)
        assert entry.parent is not None
        entry = entry.parent
    return entries[::-1]
