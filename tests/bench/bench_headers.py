"""How fast headers get into the tree, from their bytes, against the bare rate of scrypt.

One JSON line for one thread and one for all cores, which hash ahead of the checks; the limit is
always that of one thread. The line is the median of some rounds.
"""

import json
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from signed_blocks import PARAMS, build_block

from ccxx_core.block import BlockHeader
from ccxx_core.hashes import scrypt_hash
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.chainstate.rules import Rules

HEADERS = 4000
# Headers that come in one message.
BATCH = 2000
ROUNDS = 5
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


def rate_of(headers: list[bytes], workers: int) -> float:
    """Accept all headers into a new tree; gives headers a second."""
    with (
        TemporaryDirectory() as folder,
        Chainstate.open(Path(folder), PARAMS, rules=Rules(PARAMS, threads=workers)) as chainstate,
    ):
        start = time.perf_counter()
        for first in range(0, len(headers), BATCH):
            message = headers[first : first + BATCH]
            chainstate.accept_headers(list(map(BlockHeader.decode, message)), NOW)
        return len(headers) / (time.perf_counter() - start)


def main() -> None:
    """Measure with one thread and with all cores."""
    headers = build_headers()
    for workers in sorted({1, os.cpu_count() or 1}):
        rounds = []
        for _ in range(ROUNDS):
            limit, rate = raw_rate(headers), rate_of(headers, workers)
            rounds.append((rate / limit, rate, limit))
        ratio, rate, limit = sorted(rounds)[ROUNDS // 2]
        result = {
            "bench": "headers",
            "case": "regtest",
            "workers": workers,
            "value": round(rate),
            "unit": "header/s",
            "limit": round(limit),
            "ratio": round(ratio, 3),
        }
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
