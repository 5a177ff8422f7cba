"""What all pages share: the index, the trust anchor, how the node is, what is not mined yet."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from ccxx_cert.identity import format_outpoint
from ccxx_cert.state import Permit
from ccxx_cert.trust import TrustAnchor
from ccxx_cert.type_definition import TypeDefinition
from ccxx_core.address import encode_address
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import BlockHash, Txid
from ccxx_core.network import Network
from ccxx_core.transaction import Transaction
from ccxx_explorer.database import holdings, reader
from ccxx_explorer.database.rows import BlockRow, Totals
from ccxx_explorer.database.store import Database
from ccxx_explorer.definitions import DefinitionFolder
from ccxx_explorer.documents import DocumentShelf
from ccxx_explorer.facts import (
    AnchorFacts,
    AsOf,
    CountFacts,
    CreditFacts,
    NodeFacts,
    StatusFacts,
    TipFacts,
)
from ccxx_explorer.indexer import NodeState
from ccxx_explorer.language import say
from ccxx_explorer.node_clients import NodeClients
from ccxx_explorer.pending import PoolSnapshot
from ccxx_explorer.problems import PageError, no_anchor, wrong_anchor
from ccxx_explorer.shelf import Shelf
from ccxx_explorer.views.block import tip_facts
from ccxx_node.client.rpc import NodeClient, NodeError, RpcError

_Answer = TypeVar("_Answer")
# So many sums are remembered.
_SUMS = 1_000


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the frame of every page shows."""

    network: str
    tip: TipFacts | None
    node: NodeFacts
    anchor_id: str | None
    problem: str | None


class Site:
    """The things that pages are made from; safe to use from many threads."""

    def __init__(
        self,
        database: Database,
        node_state: Callable[[], NodeState],
        node: NodeClients | None = None,
        definitions: DefinitionFolder | None = None,
        pool: Callable[[], PoolSnapshot] = PoolSnapshot,
    ) -> None:
        self.database = database
        self._definitions = definitions
        self.node_state = node_state
        self._node = node
        self.pool = pool
        self.documents = DocumentShelf()
        self._tips: WeakKeyDictionary[Connection, BlockRow | None] = WeakKeyDictionary()
        self._judged: tuple[BlockHash, bool] | None = None
        self._sums: Shelf[Any] = Shelf(_SUMS)

    @property
    def network(self) -> Network:
        """The network that is shown."""
        return self.database.network

    def anchor(self) -> TrustAnchor:
        """Return the trust anchor, or raise the page's error where there is none."""
        if self.database.anchor is None:
            raise no_anchor()
        return self.database.anchor

    def check_anchor(self, connection: Connection) -> None:
        """Raise the page's error where certificates cannot be judged."""
        self.anchor()
        problem = self.problem(connection)
        if problem is not None:
            raise wrong_anchor(problem)

    def problem(self, connection: Connection) -> str | None:
        """Say what is wrong with the trust anchor on this chain, None if nothing is."""
        anchor = self.database.anchor
        if anchor is None or self.fits_anchor(connection):
            return None
        return say(
            "The root coin of the trust anchor is not on this chain at block %(height)s, so no"
            " certificate can be judged.",
            height=anchor.root_height,
        )

    def fits_anchor(self, connection: Connection) -> bool:
        """Tell whether nothing is known to be wrong with the trust anchor on this chain."""
        anchor, tip = self.database.anchor, self.tip_or_none(connection)
        # Until the index has reached it, the root coin is only not read yet.
        if anchor is None or tip is None or tip.height < anchor.root_height:
            return True
        judged = self._judged
        if judged is None or judged[0] != tip.hash:
            has_coin = holdings.has_root_coin(connection, anchor.root_outpoint)
            judged = self._judged = (tip.hash, has_coin)
        return judged[1]

    def root_facts(self) -> AnchorFacts:
        """Sum up the trust anchor."""
        anchor = self.anchor()
        return AnchorFacts(
            id=anchor.anchor_id.hex(),
            root_outpoint=format_outpoint(anchor.root_outpoint),
            root_value=anchor.root_value,
            root_height=anchor.root_height,
            root_address=encode_address(anchor.root_script, self.network),
            root_key=anchor.root_key.hex(),
            system_key=anchor.system_key.hex(),
        )

    def credit(self, connection: Connection) -> CreditFacts:
        """Say where the root's credit lies."""
        return _credit_facts(self.anchor(), reader.totals(connection))

    def definition_of(self, permit: Permit) -> TypeDefinition | None:
        """Return the type definition behind a permit, None where this explorer has not got it."""
        return self._definitions.definition_of(permit) if self._definitions else None

    def definitions_with(self, text: str) -> list[TypeDefinition]:
        """Return definitions by the words of their issuer's name, one for each issuer."""
        return self._definitions.issuers_named(text) if self._definitions else []

    def definitions_version(self) -> int:
        """Number the state of the folder of type definitions: another one, another number."""
        return self._definitions.version if self._definitions else 0

    def tip(self, connection: Connection) -> BlockRow:
        """Return the tip, or raise the page's error while nothing is indexed."""
        tip = self.tip_or_none(connection)
        if tip is None:
            raise PageError(
                "index-empty",
                503,
                say("No block has been indexed yet."),
                say(
                    "The explorer is reading the chain from its node: please try again in a moment."
                ),
            )
        return tip

    def tip_or_none(self, connection: Connection) -> BlockRow | None:
        """Return the tip, asked once for a connection: it sees one state of the index."""
        if connection not in self._tips:
            self._tips[connection] = reader.tip(connection)
        return self._tips[connection]

    def sum_at_tip(
        self, connection: Connection, name: Hashable, add_up: Callable[[Connection], _Answer]
    ) -> _Answer:
        """Give a sum that takes long to add up, once for each tip."""
        tip = self.tip(connection)
        known: _Answer | None = self._sums.get((tip.hash, name))
        if known is None:
            known = add_up(connection)
            self._sums.put((tip.hash, name), known, 1)
        return known

    def node_facts(self) -> NodeFacts:
        """Say how the node is."""
        state = self.node_state()
        problem = say(state.problem) if state.problem else None
        return NodeFacts(state.online, state.since, state.height, problem)

    def as_of(self, tip: BlockRow) -> AsOf:
        """Say up to which block an answer holds, and whether the node answers."""
        return AsOf(tip.height, tip.header.time, self.node_state().online)

    def surroundings(self, connection: Connection) -> Surroundings:
        """Gather what the frame of a page shows."""
        anchor = self.database.anchor
        tip = self.tip_or_none(connection)
        return Surroundings(
            network=self.network.name,
            tip=tip_facts(tip),
            node=self.node_facts(),
            anchor_id=anchor.anchor_id.hex() if anchor else None,
            problem=self.problem(connection),
        )

    def surroundings_or_none(self) -> Surroundings | None:
        """Gather the frame even where the index cannot be read: then there is none."""
        try:
            with self.database.read() as connection:
                return self.surroundings(connection)
        except SQLAlchemyError:
            return None

    def status(self, connection: Connection) -> StatusFacts:
        """Say how this explorer is, and where the root's credit lies."""
        anchor = self.database.anchor
        tip, now = self.tip_or_none(connection), reader.totals(connection)
        return StatusFacts(
            network=self.network.name,
            problem=self.problem(connection),
            tip=tip_facts(tip),
            node=self.node_facts(),
            anchor=self.root_facts() if anchor else None,
            credit=_credit_facts(anchor, now) if anchor else None,
            counts=CountFacts(
                blocks=tip.height + 1 if tip else 0,
                transactions=now.transactions if now else 0,
                permits=now.permits if now else 0,
                certificates=now.certificates if now else 0,
                refused=now.refused if now else 0,
            ),
        )

    def pending_transaction(self, txid: Txid) -> Transaction | None:
        """Find a transaction that is in no block yet: in the pool as read, else at the node."""
        pending = self.pool().transactions.get(txid)
        if pending is not None:
            return pending.transaction
        try:
            return self.ask_node(lambda client: client.raw_transaction(txid))
        except (NodeError, RpcError, DecodeError):
            return None

    def ask_node(self, question: Callable[[NodeClient], _Answer]) -> _Answer:
        """Put a question to the node; raises `NodeError` soon while it is away, and `RpcError`."""
        if self._node is None or not self.node_state().online:
            raise NodeError("the node does not answer: try again when it is back")
        return self._node.ask(question)


def _credit_facts(anchor: TrustAnchor, now: Totals | None) -> CreditFacts:
    return CreditFacts(
        total=anchor.root_value,
        root=now.root_credit if now else 0,
        permits=now.permit_credit if now else 0,
        certificates=now.certificate_credit if now else 0,
        destroyed=now.destroyed_credit if now else 0,
    )
