"""How fast headers get into the tree, from their bytes, against the bare rate of scrypt.

One JSON line for one thread and one for all cores, which hash ahead of the checks; the limit is
always that of one thread.
"""

import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from signed_blocks import PARAMS, build_block

from ccxx_core.block import BlockHeader
from ccxx_core.hashes import scrypt_hash
from ccxx_node.chainstate.chainstate import Chainstate

HEADERS = 4000
# Headers that come in one message.
BATCH = 2000
NOW = 2**31


def build_headers() -> list[bytes]:
    """Mine a chain of headers on the genesis block."""
    prev_hash, headers = PARAMS.genesis_hash, []
    for height in range(1, HEADERS + 1):
        header = build_block(height, prev_hash).header
        prev_hash = header.hash
        headers.append(header.encode())
    return headers


def raw_rate(headers: list[bytes]) -> float:
    """Hash and nothing else, on one thread; gives hashes a second."""
    start = time.perf_counter()
    for header in headers:
        scrypt_hash(header)
    return len(headers) / (time.perf_counter() - start)


def hashed(headers: list[bytes], threads: ThreadPoolExecutor) -> Iterator[BlockHeader]:
    """Decode headers and hash a message of them at a time; scrypt runs without Python's lock."""
    for first in range(0, len(headers), BATCH):
        batch = list(map(BlockHeader.decode, headers[first : first + BATCH]))
        for _ in threads.map(lambda header: header.pow_hash, batch, chunksize=1):
            pass
        yield from batch


def rate_of(headers: list[bytes], workers: int) -> float:
    """Accept all headers into a new tree; gives headers a second."""
    with (
        TemporaryDirectory() as folder,
        Chainstate.open(Path(folder), PARAMS) as chainstate,
        ThreadPoolExecutor(workers) as threads,
    ):
        start = time.perf_counter()
        decoded = map(BlockHeader.decode, headers) if workers == 1 else hashed(headers, threads)
        for header in decoded:
            chainstate.accept_header(header, NOW)
        return len(headers) / (time.perf_counter() - start)


def main() -> None:
    """Measure with one thread and with all cores."""
    headers = build_headers()
    for workers in sorted({1, os.cpu_count() or 1}):
        limit = raw_rate(headers)
        rate = rate_of(headers, workers)
        result = {
            "bench": "headers",
            "case": "regtest",
            "workers": workers,
            "value": round(rate),
            "unit": "header/s",
            "limit": round(limit),
            "ratio": round(rate / limit, 3),
        }
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
