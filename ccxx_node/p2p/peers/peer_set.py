"""The connected peers, and what every part of the logic needs to answer and to judge them."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ccxx_core.hashes import BlockHash
from ccxx_node.chainstate.block_entry import BlockEntry
from ccxx_node.consensus.deployments import DeploymentCache, is_segwit_active
from ccxx_node.p2p.messages import (
    MAX_REJECT_REASON,
    MSG_WITNESS_FLAG,
    NO_STOP,
    GetData,
    GetHeaders,
    Inv,
    InventoryItem,
    Message,
    Reject,
)
from ccxx_node.p2p.peers.actions import Action, Ban, Disconnect, Send
from ccxx_node.p2p.peers.door import AddressStore, Door, PeerOptions, Quota
from ccxx_node.p2p.peers.peer import Peer, Services

_log = logging.getLogger("ccxx.net")

# Codes from here on are the node's own and never leave it.
_FIRST_INTERNAL_CODE = 0x100


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything outside of peer logic that it works with."""

    door: Door
    addresses: AddressStore
    quota: Quota
    options: PeerOptions
    rng: random.Random


class PeerSet:
    """Peers by id, and the actions that have not been handed out yet."""

    def __init__(self, around: Surroundings) -> None:
        self.door = around.door
        self.addresses = around.addresses
        self.quota = around.quota
        self.options = around.options
        self.rng = around.rng
        self.peers: dict[int, Peer] = {}
        self._actions: list[Action] = []
        self._doomed: list[Peer] = []
        self._deployments: DeploymentCache = {}

    def __iter__(self) -> Iterator[Peer]:
        return iter(self.peers.values())

    def __len__(self) -> int:
        return len(self.peers)

    def get(self, peer_id: int) -> Peer | None:
        """Return a peer, None if its connection is gone."""
        return self.peers.get(peer_id)

    def ready(self) -> list[Peer]:
        """Return the peers with whom everything may be talked about."""
        return [peer for peer in self if peer.is_ready and not peer.is_leaving]

    # What segwit means for them: only tests know a time without it

    @property
    def knows_witness(self) -> bool:
        """Whether we offer witnesses, so ask for them and prefer compact blocks of version 2."""
        return bool(self.options.services & Services.WITNESS)

    def needs_witness(self, parent: BlockEntry) -> bool:
        """Whether the block after an entry is of no use without witnesses."""
        return is_segwit_active(parent, self.door.params, self._deployments)

    def may_fetch_block(self, peer: Peer, entry: BlockEntry) -> bool:
        """Whether a peer can give us all of a block."""
        return peer.has_witness or entry.parent is None or not self.needs_witness(entry.parent)

    def witness_flag(self, peer: Peer) -> int:
        """Give the flag of inventory that asks a peer for witnesses, if it has them."""
        return MSG_WITNESS_FLAG if self.knows_witness and peer.has_witness else 0

    # What goes out

    def send(self, peer: Peer, message: Message) -> None:
        """Send a message, unless the connection is about to be closed."""
        if not peer.is_leaving:
            self._actions.append(Send(peer.id, message))

    def send_inventory(self, peer: Peer, items: Sequence[InventoryItem]) -> None:
        """Announce something."""
        if items:
            self.send(peer, Inv(tuple(items)))

    def request(self, peer: Peer, items: Sequence[InventoryItem]) -> None:
        """Ask for something."""
        if items:
            self.send(peer, GetData(tuple(items)))

    def request_headers(
        self, peer: Peer, locator: Sequence[BlockHash], stop: BlockHash = NO_STOP
    ) -> None:
        """Ask for the headers behind a locator, up to one or as many as a message holds."""
        self.send(peer, GetHeaders(tuple(locator), stop))

    def reject(self, peer: Peer, reject: Reject) -> None:
        """Say why something was refused, if that can be said and is wished."""
        if self.options.send_rejects and 0 < reject.code < _FIRST_INTERNAL_CODE:
            reason = reject.reason[:MAX_REJECT_REASON]
            self.send(peer, Reject(reject.rejected, reject.code, reason, reject.hash))

    def take_actions(self) -> list[Action]:
        """Hand out what has to be done, those who misbehaved too much last."""
        doomed, self._doomed = self._doomed, []
        for peer in doomed:
            self._punish(peer)
        actions, self._actions = self._actions, []
        return actions

    # Who has to leave

    def disconnect(self, peer: Peer, reason: str) -> None:
        """Close a connection; short words that were said last still go out."""
        if not peer.is_leaving:
            peer.disconnect_reason = reason
            _log.debug("disconnecting peer=%d reason=%s", peer.id, reason)
            self._actions.append(Disconnect(peer.id, reason))

    def misbehaved(self, peer: Peer, points: int, reason: str) -> None:
        """Count points against a peer; who reaches the limit is banned, with few exceptions."""
        if points == 0:
            return
        before, limit = peer.misbehavior, self.options.ban_score
        peer.misbehavior += points
        is_too_much = before < limit <= peer.misbehavior
        # One line for the operator, however often it happened before.
        _log.log(
            logging.INFO if is_too_much else logging.DEBUG,
            "peer misbehaved id=%d addr=%s points=%d total=%d reason=%s",
            peer.id,
            peer.address,
            points,
            peer.misbehavior,
            reason,
        )
        if is_too_much:
            self._doomed.append(peer)

    def _punish(self, peer: Peer) -> None:
        if peer.permissions.whitelisted or peer.permissions.manual:
            _log.warning(
                "peer spared id=%d addr=%s score=%d", peer.id, peer.address, peer.misbehavior
            )
        elif not peer.is_leaving:
            peer.disconnect_reason = "misbehaved"
            _log.debug("disconnecting peer=%d reason=misbehaved", peer.id)
            self._actions.append(Ban(peer.id, "misbehaved"))

    # Chance

    def after(self, now: float, mean: float) -> float:
        """Give a time after `now` as of an event that comes every `mean` seconds by chance."""
        return now + self.rng.expovariate(1 / mean)

    def nonce(self) -> int:
        """Give a number of 64 bits that is not zero."""
        return self.rng.getrandbits(64) or 1
