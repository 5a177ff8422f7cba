"""Transactions whose scripts have been found valid, so that a block need not run them again."""

from ccxx_core.hashes import Txid


class ValidScripts:
    """A bounded memory of (transaction, flags), the oldest forgotten first.

    The id with witness commits to the scripts, and through the outpoints to the coins as well, so
    the verdict holds in every chain in which the coins exist.

    Some 200 bytes each: 10 MB hold several full blocks.
    """

    def __init__(self, limit: int = 50_000) -> None:
        self._limit = limit
        # A dict keeps its keys in order of arrival.
        self._known: dict[tuple[Txid, int], None] = {}

    def __contains__(self, key: object) -> bool:
        return key in self._known

    def __len__(self) -> int:
        return len(self._known)

    def add(self, wtxid: Txid, flags: int) -> None:
        """Remember that all scripts of a transaction hold under these flags."""
        self._known[wtxid, flags] = None
        if len(self._known) > self._limit:
            del self._known[next(iter(self._known))]
