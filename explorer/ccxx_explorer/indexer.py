"""Keep the index at the node's tip: many blocks a transaction while far behind, one at the tip.

The loop never ends because of the node: while it does not answer, the state says since when, and
the next round asks again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from ccxx_core.hashes import BlockHash
from ccxx_explorer.database.rows import NewBlock
from ccxx_explorer.database.store import Database
from ccxx_explorer.language import N_
from ccxx_explorer.pending import PendingPool
from ccxx_node.client.follow import BlockConnected, BlockDisconnected, ChainEvent, catch_up
from ccxx_node.client.rpc import NodeClient, NodeError, RpcError, check_network

_LOG = logging.getLogger(__name__)
_BATCH_BLOCKS = 500
_BATCH_WEIGHT = 8_000_000
# A batch is also written after this long, so that progress is never lost or hidden.
_BATCH_SECONDS = 2.0
_REST_SECONDS = 5.0
_NOT_ASKED = N_("not asked yet")
_NODE_SILENT = N_("the node does not answer")
_STUCK = N_("new blocks cannot be written to the index")
_WORDS = {True: "answers", False: "is gone"}


@dataclass(frozen=True, slots=True)
class NodeState:
    """Whether the node answers, its tip, what is wrong if anything, and since when it is so.

    `problem` is an English sentence, which is said in the reader's language where it is shown.
    """

    online: bool
    since: int
    height: int | None = None
    problem: str | None = None


class Indexer:
    """Applies a node's chain to the index; it is what `catch_up` asks for what is known."""

    def __init__(self, database: Database, report: Callable[[int], None] | None = None) -> None:
        self._database = database
        self._report = report
        self._waiting: list[NewBlock] = []
        self._weight = 0
        self._written = time.monotonic()
        self._tip: tuple[int, BlockHash] | None = None
        # What the index holds is asked at first, and again whenever it could not be written.
        self._is_tip_known = False

    def tip(self) -> tuple[int, BlockHash] | None:
        """Return the last block applied, written or about to be."""
        if not self._is_tip_known:
            self._tip = self._database.tip()
            self._is_tip_known = True
        return self._tip

    def hash_at(self, height: int) -> BlockHash | None:
        """Return the hash of an applied block."""
        for new in self._waiting:
            if new.height == height:
                return new.hash
        return self._database.hash_at(height)

    def run(self, events: Iterable[ChainEvent], stop: threading.Event) -> None:
        """Apply events until they end or `stop` is set; what was applied is then written."""
        try:
            for event in events:
                self._apply(event)
                if stop.is_set():
                    break
        finally:
            self._write()

    def _apply(self, event: ChainEvent) -> None:
        match event:
            case BlockConnected():
                self._connect(event)
            case BlockDisconnected():
                self._write()
                self._is_tip_known = False
                self._database.disconnect_tip(event.hash)
                _LOG.info("block disconnected height=%d", event.height)

    def _connect(self, event: BlockConnected) -> None:
        self._waiting.append(
            NewBlock(event.height, event.hash, event.block, event.median_time_past)
        )
        self._weight += event.block.weight
        self._tip, self._is_tip_known = (event.height, event.hash), True
        late = time.monotonic() - self._written > _BATCH_SECONDS
        if late or len(self._waiting) >= _BATCH_BLOCKS or self._weight >= _BATCH_WEIGHT:
            self._write()

    def _write(self) -> None:
        waiting, self._waiting, self._weight = self._waiting, [], 0
        if waiting:
            is_known, self._is_tip_known = self._is_tip_known, False
            self._database.connect_blocks(waiting)
            self._is_tip_known = is_known
            if self._report is not None:
                self._report(waiting[-1].height)
            _LOG.info("blocks connected height=%d count=%d", waiting[-1].height, len(waiting))
        self._written = time.monotonic()


class Follower:
    """Keeps the index at the node's tip beside the web server, and knows how the node is.

    Where the index is only read it asks the node how it is, and leaves writing to another process.
    """

    def __init__(
        self, indexer: Indexer, database: Database, client: NodeClient, *, reads_pool: bool = True
    ) -> None:
        self._indexer = indexer
        self._database = database
        self._client = client
        self._reads_pool = reads_pool
        self.pending = PendingPool(database)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="indexer", daemon=True)
        self.state = NodeState(online=False, since=int(time.time()), problem=_NOT_ASKED)

    def start(self) -> None:
        """Begin to follow in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End after the block at hand, and wait for it."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._round()
            except (NodeError, RpcError) as error:
                self.pending.lose()
                self._note(online=False, problem=_NODE_SILENT, detail=error)
            except SQLAlchemyError as error:
                # One line: the database is away or full, and is asked again.
                self.pending.lose()
                self._note(online=self.state.online, problem=_STUCK, detail=error)
                self._stop.wait(_REST_SECONDS)
            except Exception as error:
                # A full disk or a locked file may pass; a bug must not end the web server.
                _LOG.exception("indexing failed")
                self.pending.lose()
                self._note(online=self.state.online, problem=_STUCK, detail=error)
                self._stop.wait(_REST_SECONDS)
            self._stop.wait(1.0)

    def _round(self) -> None:
        check_network(self._client, self._database.network)
        height = self._client.block_count()
        if self._database.is_writer:
            self._note(online=True, height=height, problem=self._problem())
            self._indexer.run(catch_up(self._client, self._indexer), self._stop)
        self._note(online=True, height=height)
        if self._reads_pool:
            self.pending.refresh(self._client)

    def _problem(self) -> str | None:
        """Keep saying that the index is stuck until a round has gone well."""
        return _STUCK if self.state.problem == _STUCK else None

    def _note(
        self,
        *,
        online: bool,
        height: int | None = None,
        problem: str | None = None,
        detail: Exception | None = None,
    ) -> None:
        before = self.state
        changed = online != before.online or problem != before.problem
        if changed:
            # Visitors see the problem; where the node is and why is for the log alone.
            known = {"problem": problem, "detail": detail}
            words = [f"{name}={value}" for name, value in known.items() if value is not None]
            _LOG.warning("node %s", " ".join([_WORDS[online], *words]))
        since = int(time.time()) if changed else before.since
        height = before.height if height is None else height
        self.state = NodeState(online=online, since=since, height=height, problem=problem)
