"""How fast the explorer indexes blocks of certificates, and how many bytes one takes.

Blocks come as bytes, as from a node: of batches, of single certificates, and of payments to one
address. One JSON line a result; the limit is how fast the same blocks are read and judged by a
registry in memory, in the same run. PostgreSQL is measured where it is installed.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from certificate_chain import CertificateChain
from index_of_certificates import fill, index_size

from ccxx_cert.registry import MemoryRegistry, apply_block
from ccxx_cert.state import BlockChanges, ObservedBlock
from ccxx_core.block import Block
from ccxx_core.network import REGTEST
from ccxx_explorer.database.rows import NewBlock
from ccxx_explorer.database.store import Database
from ccxx_regtest.postgresql import PostgresServer, why_not

CASES: dict[str, tuple[str, int]] = {
    "batch": ("certificate", 40_000),
    "single": ("certificate", 10_000),
    "payments": ("tx", 20_000),
}


def blocks_of(chain: CertificateChain, case: str, count: int) -> Iterator[NewBlock]:
    """Give the blocks of a case."""
    match case:
        case "batch":
            return chain.batches(count)
        case "single":
            return chain.singles(count)
        case _:
            return chain.payments(count)


def decoded(blocks: Iterable[tuple[int, bytes, int]]) -> Iterator[NewBlock]:
    """Read blocks from their bytes."""
    for height, raw, median_time_past in blocks:
        block = Block.decode(raw)
        yield NewBlock(height, block.hash, block, median_time_past)


def judged(chain: CertificateChain, stored: Iterable[tuple[int, bytes, int]]) -> float:
    """Give the seconds that reading and judging alone take."""
    registry = MemoryRegistry()
    for new in chain.start():
        registry.apply(judge(registry, chain, new).changes)
    start = time.perf_counter()
    for new in decoded(stored):
        registry.apply(judge(registry, chain, new).changes)
    return time.perf_counter() - start


def judge(registry: MemoryRegistry, chain: CertificateChain, new: NewBlock) -> BlockChanges:
    """Judge one block."""
    transactions, block_time = new.block.transactions, new.block.header.time
    block = ObservedBlock(new.height, new.hash, block_time, new.median_time_past, transactions)
    return apply_block(registry, chain.anchor, block)


def measure(kind: str, case: str, count: int, place: Path | str) -> None:
    """Print one case on one kind of database as one JSON line."""
    chain = CertificateChain(10 * count)
    stored = [
        (new.height, new.block.encode(), new.median_time_past)
        for new in blocks_of(chain, case, count)
    ]
    bare = judged(chain, stored)
    database = Database.open(place, REGTEST, chain.anchor)
    database.connect_blocks(chain.start())
    before = index_size(database)
    start = time.perf_counter()
    fill(database, decoded(stored))
    elapsed = time.perf_counter() - start
    unit = CASES[case][0]
    result = {
        "bench": "index",
        "case": f"{kind}_{case}",
        "workers": 1,
        "value": round(count / elapsed),
        "unit": f"{unit}/s",
        "blocks": round(len(stored) / elapsed, 1),
        "bytes": round((index_size(database) - before) / count),
        "limit": round(count / bare),
        "ratio": round(bare / elapsed, 3),
    }
    database.close()
    print(json.dumps(result), flush=True)


def main() -> None:
    """Measure all cases on SQLite, then on PostgreSQL."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="How many times as much.")
    scale = parser.parse_args().scale
    with tempfile.TemporaryDirectory() as folder:
        run("sqlite", lambda case: Path(folder) / f"{case}.sqlite", scale)
    reason = why_not()
    if reason is not None:
        print(json.dumps({"bench": "index", "case": "postgresql", "skipped": reason}))
        return
    with PostgresServer() as server:
        run("postgresql", lambda _: server.new_database(), scale)


def run(kind: str, place_of: Callable[[str], Path | str], scale: float) -> None:
    """Measure all cases on one kind of database."""
    for case, (_, count) in CASES.items():
        measure(kind, case, round(count * scale), place_of(case))


if __name__ == "__main__":
    main()
