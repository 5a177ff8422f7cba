"""Look at index, node and pool once a second, and tell what changed.

Every web process looks for itself, so that any number of them may serve one index.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from ccxx_explorer.database import reader
from ccxx_explorer.facts.live import LiveState, NodePulse, PoolPulse
from ccxx_explorer.facts.status import TipFacts
from ccxx_explorer.live.changes import News, changes
from ccxx_explorer.live.log import EventLog
from ccxx_explorer.site import Site
from ccxx_explorer.views.block import tip_facts

_LOG = logging.getLogger(__name__)
_SECONDS = 1.0
# Tips that were seen: how far back a reorganisation is followed.
_TRAIL = 100


class Watcher:
    """Knows how things were at its last look."""

    def __init__(self, site: Site, log: EventLog) -> None:
        self._site = site
        self._log = log
        self._trail: deque[TipFacts] = deque(maxlen=_TRAIL)
        self.state = self._state(None, readable=True)

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                # A thread of the loop's own: a flood of questions must not hide what happens.
                self._log.publish(await asyncio.to_thread(self.look))
            except Exception:
                # A bug in one look must not end the news for ever.
                _LOG.exception("look failed")
            await asyncio.sleep(_SECONDS)

    def look(self) -> list[News]:
        """Look once; returns what changed since the last look."""
        before = self.state
        try:
            with self._site.database.read() as connection:
                tip = tip_facts(reader.tip(connection))
                common = self._common_height(connection, tip)
        except SQLAlchemyError:
            if before.readable:
                _LOG.exception("index not readable")
            self.state = self._state(before.tip, readable=False)
            return changes(before, self.state)
        if tip is not None and (not self._trail or self._trail[-1] != tip):
            self._trail.append(tip)
        self.state = self._state(tip, readable=True)
        return changes(before, self.state, common)

    def _state(self, tip: TipFacts | None, *, readable: bool) -> LiveState:
        node, pool = self._site.node_facts(), self._site.pool()
        return LiveState(
            readable=readable,
            tip=tip,
            node=NodePulse(node.online, node.since, node.height),
            pool=PoolPulse(not pool.is_stale, pool.sequence, pool.count, pool.size),
            away_since=None if readable else self._site.database.away_since,
        )

    def _common_height(self, connection: Connection, tip: TipFacts | None) -> int | None:
        """Return None while the last tip still stands, else the last height that does, or -1."""
        if tip is None or not self._trail or self._stands(connection, self._trail[-1]):
            return None
        while self._trail:
            if self._stands(connection, self._trail[-1]):
                return self._trail[-1].height
            self._trail.pop()
        return -1

    @staticmethod
    def _stands(connection: Connection, seen: TipFacts) -> bool:
        block_hash = reader.hash_at(connection, seen.height)
        return block_hash is not None and block_hash[::-1].hex() == seen.hash
