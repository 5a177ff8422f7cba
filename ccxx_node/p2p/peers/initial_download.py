"""Whether the chain is still far from today; once it is not, that stays so until the next start."""

from __future__ import annotations

from ccxx_node.chainstate.block_entry import BlockEntry

DEFAULT_MAX_TIP_AGE = 24 * 60 * 60


class InitialDownload:
    """Over as soon as the tip has enough work and is young enough (``-maxtipage``, seconds)."""

    def __init__(self, minimum_work: int = 0, max_tip_age: int = DEFAULT_MAX_TIP_AGE) -> None:
        self._minimum_work = minimum_work
        self._max_tip_age = max_tip_age
        self._is_over = False

    def is_active(self, tip: BlockEntry, now: int) -> bool:
        """Look at the tip; `now` is unix time."""
        if not self._is_over:
            has_work = tip.chain_work >= self._minimum_work
            self._is_over = has_work and tip.time >= now - self._max_tip_age
        return not self._is_over
