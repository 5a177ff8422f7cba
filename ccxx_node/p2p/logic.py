"""Peer logic: messages come in, actions go out; the sockets are someone else's job.

How the shell uses it: `connected` when a connection stands, `receive` for every message, `tick` ten
times a second and soon after `chain_changed` or `transaction_accepted`. While a peer `has_requests`
and is not ``send_paused``, `serve` comes before its next message, so that answers keep their order.
All actions returned are done in order.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from ccxx_core.hashes import Txid
from ccxx_node.events import Event
from ccxx_node.p2p.actions import Action
from ccxx_node.p2p.door import AddressStore, Door, PeerOptions, Quota
from ccxx_node.p2p.messages import Message
from ccxx_node.p2p.peer import Peer


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
        self.peers: dict[int, Peer] = {}
        self.wants_extra_peer = False
        """Whether the tip seems stale: one more outbound connection than usual is welcome."""

    def connected(self, peer: Peer) -> list[Action]:
        """Take in a new connection; we speak first if we made it."""
        raise NotImplementedError

    def disconnected(self, peer_id: int) -> None:
        """Forget a connection that is closed, whoever closed it."""
        raise NotImplementedError

    def receive(self, peer_id: int, message: Message) -> list[Action]:
        """Answer a message."""
        raise NotImplementedError

    def receive_malformed(self, peer_id: int, command: str) -> list[Action]:
        """Answer a message of a known command whose payload could not be read."""
        raise NotImplementedError

    def has_requests(self, peer_id: int) -> bool:
        """Whether something that the peer asked for has not been sent yet."""
        raise NotImplementedError

    def serve(self, peer_id: int) -> list[Action]:
        """Send the next part of what a peer asked for: transactions, and at most one block."""
        raise NotImplementedError

    def tick(self) -> list[Action]:
        """Do what is due: announcements, downloads, pings, timeouts."""
        raise NotImplementedError

    def chain_changed(self, events: Sequence[Event]) -> None:
        """Note what changed in the chain, whoever caused it; `tick` should follow soon."""
        raise NotImplementedError

    def transaction_accepted(self, txid: Txid) -> None:
        """Note a transaction that did not come from a peer; `tick` should follow soon."""
        raise NotImplementedError

    def ask_ping(self) -> None:
        """Ping every peer at the next tick."""
        raise NotImplementedError
