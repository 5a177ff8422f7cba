"""What follows from blocks beside the pool: warnings about rules, and notifications."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Protocol

from ccxx_core.hashes import format_hash
from ccxx_node.chainstate.block_entry import BlockEntry
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.consensus.unknown_rules import UnknownRulesWatch

_log = logging.getLogger("ccxx.node")

_MAX_TOLD = 100
# A branch that fails a rule is cause for worry once it has so many blocks' work more.
_WORRYING_BLOCKS = 6


class Listener(Protocol):
    """Whoever is told."""

    def block(self, block_hash: str) -> None:
        """Hear of a new tip."""

    def alert(self, text: str) -> None:
        """Hear of a warning."""


class TipWatch:
    """Looks at each new tip once the first download is over, and at refused branches always."""

    def __init__(
        self,
        chain: Chainstate,
        unknown_rules: UnknownRulesWatch,
        is_initial_download: Callable[[], bool],
        listener: Listener,
    ) -> None:
        self._chain = chain
        self._unknown_rules = unknown_rules
        self._is_initial_download = is_initial_download
        self._listener = listener
        self._tip = chain.tip
        self._told: set[str] = set()
        self._surprises: list[str] = []
        self.warnings: tuple[str, ...] = ()

    def look(self) -> None:
        """See whether the tip is another one or a block failed; tell of the way and of warnings."""
        before, tip = self._tip, self._chain.tip
        self._tip = tip
        if tip is not before and not self._is_initial_download():
            for entry in _new_tips(before, tip):
                self._listener.block(format_hash(entry.hash))
            self._surprises = self._unknown_rules.look(tip).texts
        self.warnings = (*self._surprises, *self._disagreement())
        for text in self.warnings:
            # Each kind once: it stays in the answers of RPC methods as long as it holds.
            if text not in self._told and len(self._told) < _MAX_TOLD:
                self._told.add(text)
                _log.warning("warning found text=%s", text)
                self._listener.alert(f"Warning: {text}")

    def _disagreement(self) -> list[str]:
        failed, tip = self._chain.best_failed, self._chain.tip
        if failed is None:
            return []
        block_work = tip.chain_work - (tip.parent.chain_work if tip.parent else 0)
        if failed.chain_work <= tip.chain_work + _WORRYING_BLOCKS * block_work:
            return []
        return [
            "We do not appear to fully agree with our peers!"
            " You may need to upgrade, or other nodes may need to upgrade."
        ]


def _new_tips(before: BlockEntry, tip: BlockEntry) -> Iterator[BlockEntry]:
    """Give each block that led further than the tip before, and the tip in any case.

    One block may connect others that waited for it.
    """
    tips = [tip]
    while (parent := tips[-1].parent) is not None and parent.chain_work > before.chain_work:
        tips.append(parent)
    return reversed(tips)
