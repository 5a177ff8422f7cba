"""How fast coins are flushed to and read from a database of three million.

One JSON line a result; the limit is the bare database in the same run: the same bytes put in
batches and read by key, without coins and without the dict in front of it.
"""

import argparse
import json
import random
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from ccxx_core.hashes import BlockHash, Txid, sha256
from ccxx_core.transaction import OutPoint
from ccxx_node.chainstate.coin_codec import encode_coin
from ccxx_node.chainstate.coin_store import CoinStore
from ccxx_node.chainstate.kvstore import open_store
from ccxx_node.consensus.coins import Coin

BATCH = 250_000
READS = 50_000
CACHE_BYTES = 450 << 20


def outpoint_of(number: int) -> OutPoint:
    """Give the outpoint of the coin with this number; two follow each other in a transaction."""
    return OutPoint(Txid(sha256(b"%d" % (number // 2))), number % 2)


def coin_of(number: int) -> Coin:
    """Give a coin with a P2PKH-sized script of its own."""
    return Coin(number, number.to_bytes(25, "little"), number >> 8, False)


def batches(count: int) -> Iterator[range]:
    """Cut the coin numbers into flushes."""
    for start in range(0, count, BATCH):
        yield range(start, min(start + BATCH, count))


def report(case: str, value: float, limit: float) -> None:
    """Print one result."""
    line = {"bench": "coins", "case": case, "workers": 1, "value": round(value), "unit": "coin/s"}
    print(json.dumps(line | {"limit": round(limit), "ratio": round(value / limit, 2)}))


def write_coins(folder: Path, count: int) -> float:
    """Connect and flush all coins; gives coins a second of the flushes alone."""
    store, seconds = CoinStore(folder, CACHE_BYTES), 0.0
    for number, batch in enumerate(batches(count)):
        block_hash = BlockHash(number.to_bytes(32, "little"))
        store.connect({outpoint_of(i): coin_of(i) for i in batch}, block_hash)
        start = time.perf_counter()
        store.flush()
        seconds += time.perf_counter() - start
    store.close()
    return count / seconds


def write_raw(folder: Path, count: int) -> float:
    """Put the same bytes without coins; gives pairs a second."""
    store, seconds = open_store(folder, "", CACHE_BYTES // 4), 0.0
    for batch in batches(count):
        pairs = [
            (b"c" + txid + vout.to_bytes(4, "big"), encode_coin(coin_of(i)))
            for i, (txid, vout) in ((i, outpoint_of(i)) for i in batch)
        ]
        start = time.perf_counter()
        store.write_batch(pairs)
        seconds += time.perf_counter() - start
    store.close()
    return count / seconds


def read_coins(folder: Path, wanted: list[OutPoint]) -> float:
    """Read coins that are not in the cache; gives coins a second."""
    store = CoinStore(folder, CACHE_BYTES)
    start = time.perf_counter()
    found = [store.get_coin(outpoint) for outpoint in wanted]
    seconds = time.perf_counter() - start
    assert None not in found
    store.close()
    return len(wanted) / seconds


def read_raw(folder: Path, wanted: list[OutPoint]) -> float:
    """Read the same bytes; gives pairs a second."""
    keys = [b"c" + txid + vout.to_bytes(4, "big") for txid, vout in wanted]
    store = open_store(folder, "", CACHE_BYTES // 4)
    start = time.perf_counter()
    found = [store.get(key) for key in keys]
    seconds = time.perf_counter() - start
    assert None not in found
    store.close()
    return len(wanted) / seconds


def main() -> None:
    """Measure flushes, then reads in random order."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--coins", type=int, default=3_000_000)
    count = parser.parse_args().coins
    wanted = [outpoint_of(i) for i in random.Random(1).sample(range(count), min(READS, count))]
    with TemporaryDirectory() as folder:
        coins, raw = Path(folder, "coins"), Path(folder, "raw")
        written = write_coins(coins, count)
        report("flush", written, write_raw(raw, count))
        read = read_coins(coins, wanted)
        report("random-read", read, read_raw(raw, wanted))


if __name__ == "__main__":
    main()
