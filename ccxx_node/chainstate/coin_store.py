"""The unspent coins: a dict in front of the database, written in one batch with the best block.

The database always holds the coins exactly as they were after one block, and that block's hash.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from struct import Struct

from ccxx_core.errors import DecodeError
from ccxx_core.hashes import BlockHash
from ccxx_core.transaction import OutPoint
from ccxx_node.chainstate.coin_codec import decode_coin, encode_coin
from ccxx_node.chainstate.errors import CorruptionError
from ccxx_node.chainstate.kvstore import Pair, open_store
from ccxx_node.consensus.coins import Coin

REMEDY = "-reindex-chainstate"

_BEST_BLOCK = b"B"
_COIN = b"c"
# Big-endian, so that the outputs of one transaction come in their order.
_KEY = Struct(">c32sI")
_UNKNOWN = Coin(-1, b"", -1, False)
# Measured on CPython 3.11: outpoint, coin, script and their places in two dicts.
_BYTES_PER_COIN = 450


class CoinStore:
    """All unspent coins of the chain that ends at ``best_block``."""

    def __init__(self, folder: Path, cache_bytes: int) -> None:
        """Open the database in ``folder``; ``cache_bytes`` bounds the dict in front of it."""
        self._folder = folder
        self._store = open_store(folder, REMEDY, min(cache_bytes // 4, 256 << 20))
        self._max_cached = max(1000, cache_bytes * 3 // 4 // _BYTES_PER_COIN)
        # What is known: None stands for a coin that is spent.
        self._coins: dict[OutPoint, Coin | None] = {}
        # What the database does not know yet; True: the coin was never in the database.
        self._dirty: dict[OutPoint, bool] = {}
        self._stored_best: BlockHash | None = None
        best = self._store.get(_BEST_BLOCK)
        if best is not None:
            if len(best) != 32:
                raise self._corrupted()
            self._stored_best = BlockHash(best)
        self.best_block: BlockHash | None = self._stored_best

    def get_coin(self, outpoint: OutPoint) -> Coin | None:
        """Give the coin, or None if there is none or it is spent."""
        coin = self._coins.get(outpoint, _UNKNOWN)
        if coin is not _UNKNOWN:
            return coin
        data = self._store.get(_KEY.pack(_COIN, *outpoint))
        if data is None:
            return None
        coin = self._coins[outpoint] = self._decode(data)
        return coin

    def connect(self, changes: dict[OutPoint, Coin | None], best_block: BlockHash) -> None:
        """Take over what a connected block changed.

        Every coin that it spent was read through ``get_coin``, and none that it made was unspent
        before (BIP 30 and 34 see to it): so a coin not cached is not in the database.
        """
        coins, dirty = self._coins, self._dirty
        for outpoint, coin in changes.items():
            if coin is not None:
                if outpoint not in coins:
                    dirty[outpoint] = True
                else:
                    dirty.setdefault(outpoint, False)
                coins[outpoint] = coin
            elif outpoint in coins:
                if dirty.get(outpoint):
                    # Made and spent between two writes: the database never hears of it.
                    del coins[outpoint], dirty[outpoint]
                else:
                    coins[outpoint] = None
                    dirty[outpoint] = False
        self.best_block = best_block

    def disconnect(self, changes: dict[OutPoint, Coin | None], best_block: BlockHash) -> None:
        """Take over what taking back a block changed: nothing is known about the database here."""
        coins, dirty = self._coins, self._dirty
        for outpoint, coin in changes.items():
            if coin is None and dirty.get(outpoint):
                del coins[outpoint], dirty[outpoint]
            else:
                coins[outpoint] = coin
                dirty.setdefault(outpoint, False)
        self.best_block = best_block

    @property
    def cached(self) -> tuple[int, int]:
        """How many coins are in memory, and how many changes the database does not know yet."""
        return len(self._coins), len(self._dirty)

    @property
    def is_full(self) -> bool:
        """Whether the dict has outgrown its bound."""
        return len(self._coins) > self._max_cached

    def flush(self) -> None:
        """Write all changes and the best block in one batch; on failure nothing is written."""
        if self.best_block is not None and self.best_block != self._stored_best:
            spent = [outpoint for outpoint in self._dirty if self._coins[outpoint] is None]
            self._store.write_batch(self._puts(self.best_block), self._deletes(spent))
            self._stored_best = self.best_block
            for outpoint in spent:
                del self._coins[outpoint]
            self._dirty.clear()
        if not self._dirty and len(self._coins) > self._max_cached // 2:
            # Coins made lately are spent soonest: keep the younger half.
            for outpoint in list(islice(self._coins, len(self._coins) // 2)):
                del self._coins[outpoint]

    def iterate(self) -> Iterator[tuple[OutPoint, Coin]]:
        """Give all coins as last flushed, by txid (as bytes) and position, from a snapshot."""
        snapshot = self._store.snapshot()
        try:
            for key, data in snapshot.iterate(_COIN):
                _, txid, vout = _KEY.unpack(key)
                yield OutPoint(txid, vout), self._decode(data)
        finally:
            snapshot.close()

    def close(self) -> None:
        """Close the database; what was not flushed is forgotten."""
        self._store.close()

    def _puts(self, best_block: BlockHash) -> Iterator[Pair]:
        pack, coins = _KEY.pack, self._coins
        for outpoint in self._dirty:
            coin = coins[outpoint]
            if coin is not None:
                yield pack(_COIN, *outpoint), encode_coin(coin)
        yield _BEST_BLOCK, best_block

    def _deletes(self, spent: Iterable[OutPoint]) -> Iterator[bytes]:
        pack = _KEY.pack
        for txid, vout in spent:
            yield pack(_COIN, txid, vout)

    def _decode(self, data: bytes) -> Coin:
        try:
            return decode_coin(data)
        except DecodeError as error:
            raise self._corrupted() from error

    def _corrupted(self) -> CorruptionError:
        return CorruptionError(
            f"chain state {self._folder} is corrupted: start with {REMEDY} to rebuild it"
        )
