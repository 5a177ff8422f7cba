"""How long visitors wait for the explorer's heavy pages while 32 of them ask at once.

The server is the program itself, in a process of its own, on an index of many certificates and one
address with a long history; each visitor keeps a connection and asks again as soon as it has an
answer. One JSON line a page, in milliseconds; the limit is an empty page of the same web framework
in the same run, which is asked again right before each page.

Where `cached` is false nobody asks twice for the same: pages of certificates that differ, or the
same page with a parameter that means nothing. Where it is true they are few, and drawn before.

`CCXX_BENCH_CERTIFICATES` says how many certificates; `--folder` keeps the index for the next run;
`--postgresql` asks an index on PostgreSQL instead of SQLite.
"""

import argparse
import asyncio
import itertools
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

from aiohttp import web
from bench_registry import ISSUER
from certificate_chain import CertificateChain
from index_of_certificates import build
from sqlalchemy import func, select

from ccxx_cert.trust import TrustAnchor
from ccxx_core.address import encode_address
from ccxx_core.hashes import format_hash
from ccxx_core.network import REGTEST
from ccxx_explorer.database.bulk import select_in
from ccxx_explorer.database.schema import certificates, touches, transactions
from ccxx_explorer.database.store import Database
from ccxx_regtest.postgresql import PostgresServer
from ccxx_regtest.processes import Process, free_ports, program

CLIENTS = 32
SECONDS = 2.0
BUSY = 100_000
NAMES = 20_000
LIST_PAGES = 20
# So many pages are asked for again and again where they come from memory.
FEW = 20
KEPT = ("certificate", "list", "address", "home")
RANDOM = random.Random(1)
NUMBERS = itertools.count()


@dataclass(frozen=True)
class Times:
    """What the visitors of one page waited, in milliseconds, and how many pages a second came."""

    median: float
    worst: float
    rate: float


def serve_nothing(port: int) -> None:
    """Serve an empty page until this process is ended."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text="", content_type="text/html")

    app = web.Application()
    app.router.add_get("/", answer)
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None)


async def visit(port: int, paths: Iterator[str], until: float) -> list[float]:
    """Ask for one page after another over one connection; gives the seconds of each."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    waited: list[float] = []
    while (now := time.perf_counter()) < until:
        path = next(paths)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        assert status in (200, 303), f"{path}: {head[:60]!r}"
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length))
        waited.append(time.perf_counter() - now)
    writer.close()
    return waited


async def crowd(port: int, paths: Iterator[str], seconds: float) -> Times:
    """Let all visitors ask at once."""
    start = time.perf_counter()
    until = start + seconds
    visits = await asyncio.gather(*(visit(port, paths, until) for _ in range(CLIENTS)))
    waited = sorted(each for waits in visits for each in waits)
    elapsed = time.perf_counter() - start
    return Times(
        median=1000 * waited[len(waited) // 2],
        worst=1000 * waited[len(waited) * 99 // 100],
        rate=len(waited) / elapsed,
    )


@dataclass(frozen=True)
class Ports:
    """Where the explorer and the empty page are, and what holds the explorer's index."""

    explorer: int
    empty: int
    database: str


def measure(case: str, ports: Ports, paths: Iterator[str], count: int, *, cached: bool) -> None:
    """Print one page as one JSON line."""
    asyncio.run(crowd(ports.explorer, paths, SECONDS / 4))
    bare = asyncio.run(crowd(ports.empty, itertools.repeat("/"), SECONDS / 4))
    found = asyncio.run(crowd(ports.explorer, paths, SECONDS))
    result = {
        "bench": "pages",
        "case": case,
        "database": ports.database,
        "cached": cached,
        "clients": CLIENTS,
        "certificates": count,
        "value": round(found.rate, 1),
        "unit": "page/s",
        "p50": round(found.median, 2),
        "p99": round(found.worst, 2),
        "limit": round(bare.rate, 1),
        "ratio": round(found.rate / bare.rate, 4),
        "p50_ratio": round(found.median / bare.median, 1),
        "p99_ratio": round(found.worst / bare.worst, 1),
    }
    print(json.dumps(result), flush=True)


def never_twice(paths: Sequence[str]) -> Iterator[str]:
    """Give paths in turn, each time with a parameter that nobody asked with before."""
    for path in itertools.cycle(paths):
        yield f"{path}{'&' if '?' in path else '?'}n={next(NUMBERS)}"


def anchor_of(place: Path | str, folder: Path, count: int) -> Path:
    """Give the anchor of an index of so many certificates, which is made where it is not there."""
    anchor = folder / f"{count}.anchor.json"
    if isinstance(place, str) or not place.exists() or not anchor.exists():
        database, chain = build(place, count, BUSY)
        database.close()
        anchor.write_bytes(chain.anchor.encode())
    return anchor


def paths_of(place: Path | str, anchor: Path, url: str) -> dict[str, list[str]]:
    """Choose the addresses of each page at random."""
    database = Database.open(
        place, REGTEST, TrustAnchor.decode(anchor.read_bytes()), is_writer=False
    )
    ids = _some_certificates(database)
    address, positions = _busiest(database)
    database.close()
    histories = [f"/address/{address}?below={RANDOM.randint(51, positions)}" for _ in range(NAMES)]
    words = [*ids, *(each.partition(":")[0] for each in ids)]
    RANDOM.shuffle(words)
    return {
        "certificate": [f"/certificate/{each}" for each in ids],
        "certificate_json": [f"/certificate/{each}.json" for each in ids],
        "list": _lists(url),
        "list_filtered": [f"{each}&status=valid&type=DIPLOMA" for each in _lists(url)],
        "address": [f"/address/{address}"],
        "address_history": histories,
        "home": ["/"],
        "statistics": ["/statistics"],
        "issuer": [f"/issuer/{ISSUER.hex()}"],
        "root": ["/root"],
        "search": [f"/search?q={quote(word)}" for word in words],
        # What lies in blocks alone: there is no node here to say what waits.
        "esplora_address": [f"/api/address/{address}/txs/chain"],
    }


def _lists(url: str) -> list[str]:
    """Give the first pages of the list, and some from its depth."""
    after, lists = "", ["/certificates?sort=newest"]
    for _ in range(LIST_PAGES):
        with urlopen(f"{url}/certificates.json{after}") as reply:
            after = f"?after={quote(str(json.load(reply)['after']))}"
        lists.append(f"/certificates{after}")
    with urlopen(f"{url}/status.json") as reply:
        most = json.load(reply)["counts"]["certificates"]
    return lists + [f"/certificates?after={RANDOM.randint(51, most)}" for _ in range(LIST_PAGES)]


def _some_certificates(database: Database) -> list[str]:
    with database.read() as connection:
        last = connection.execute(select(func.max(certificates.c.number))).scalar() or 0
        numbers = RANDOM.sample(range(1, last + 1), min(NAMES, last))
        query = select(transactions.c.txid, certificates.c.vout).join(
            transactions, transactions.c.number == certificates.c.transaction_number
        )
        found = select_in(connection, query, certificates.c.number, numbers)
        return [f"{format_hash(txid)}:{vout}" for txid, vout in found]


def _busiest(database: Database) -> tuple[str, int]:
    script = CertificateChain(1).busy_script
    with database.read() as connection:
        most = connection.execute(select(func.max(touches.c.position))).scalar() or 0
    return encode_address(script, REGTEST) or "", most


def run(folder: Path, count: int, place: Path | str) -> None:
    """Start both servers and measure every page."""
    anchor = anchor_of(place, folder, count)
    kind = "postgresql" if isinstance(place, str) else "sqlite"
    port, empty = free_ports(2)
    command = [program("ccxx-explorer"), "serve", "--no-index", "--rate=0", f"--port={port}"]
    command += [f"--database={place}", f"--anchor={anchor}"]
    nobody = {"CCXX_NODE": "http://nobody:nothing@127.0.0.1:1"}
    explorer = Process("ccxx-explorer", command, folder / "explorer.log", nobody)
    python = [sys.executable, __file__, "--empty", str(empty)]
    nothing = Process("empty page", python, folder / "empty.log", {})
    url = f"http://127.0.0.1:{port}"
    try:
        for process, address in ((explorer, url), (nothing, f"http://127.0.0.1:{empty}")):
            process.wait_until(lambda address=address: _answers(address))
        measure_all(Ports(port, empty, kind), paths_of(place, anchor, url), count)
    finally:
        explorer.stop()
        nothing.stop()


def measure_all(ports: Ports, cases: dict[str, list[str]], count: int) -> None:
    """Measure each page as nobody asked for it before, then those that are kept, from memory."""
    for case, paths in cases.items():
        is_program = "json" in case or case.startswith("esplora")
        # What programs are answered takes no parameters without a meaning.
        fresh = itertools.cycle(paths) if is_program else never_twice(paths)
        measure(case, ports, fresh, count, cached=False)
    for case in KEPT:
        measure(case, ports, itertools.cycle(cases[case][:FEW]), count, cached=True)


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=30) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


def main() -> None:
    """Build or find the index, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    count = int(os.environ.get("CCXX_BENCH_CERTIFICATES", "20000"))
    parser.add_argument("--certificates", type=int, default=count)
    parser.add_argument("--folder", type=Path, help="Where the index is kept, or made.")
    parser.add_argument("--empty", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--postgresql", action="store_true", help="On PostgreSQL, made anew.")
    options = parser.parse_args()
    if options.empty:
        serve_nothing(options.empty)
        return
    with ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        place = folder / f"{options.certificates}.sqlite"
        if options.postgresql:
            place = stack.enter_context(PostgresServer()).new_database()
        run(folder, options.certificates, place)


if __name__ == "__main__":
    main()
