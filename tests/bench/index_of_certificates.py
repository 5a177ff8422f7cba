"""Make a large index: so many certificates, and one address with a long history.

`python tests/bench/index_of_certificates.py FILE` makes one of a million and prints how long it
took; benches that ask an index import `build`.
"""

import argparse
import json
import time
from collections.abc import Iterable
from itertools import chain as in_turn
from pathlib import Path

from certificate_chain import CertificateChain
from sqlalchemy import text

from ccxx_core.network import REGTEST
from ccxx_explorer.database.rows import NewBlock
from ccxx_explorer.database.store import Database

# As the indexer writes while it is far behind.
_WEIGHT, _BLOCKS = 8_000_000, 500


def fill(database: Database, blocks: Iterable[NewBlock]) -> None:
    """Write blocks, as many at once as the indexer would."""
    waiting: list[NewBlock] = []
    weight = 0
    for new in blocks:
        waiting.append(new)
        weight += new.block.weight
        if weight >= _WEIGHT or len(waiting) >= _BLOCKS:
            database.connect_blocks(waiting)
            waiting, weight = [], 0
    if waiting:
        database.connect_blocks(waiting)


def build(
    place: Path | str, certificates: int, busy: int = 100_000, singles: float = 0.02
) -> tuple[Database, CertificateChain]:
    """Make an index of so many certificates, a share of them single, on an empty place.

    The script `busy_script` of the chain has a history of `busy` transactions.
    """
    chain = CertificateChain(certificates)
    alone = round(certificates * singles)
    database = Database.open(place, REGTEST, chain.anchor)
    fill(
        database,
        in_turn(
            chain.start(),
            chain.batches(certificates - alone),
            chain.singles(alone),
            chain.payments(busy),
        ),
    )
    return database, chain


def index_size(database: Database) -> int:
    """Return how many bytes the index takes, what waits in a log apart."""
    query = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    if "://" in database.name:
        query = "SELECT pg_database_size(current_database())"
    with database.read() as connection:
        return int(connection.execute(text(query)).scalar() or 0)


def main() -> None:
    """Make an index and say how long it took and how large it is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("place", help="A new file, or the URL of an empty PostgreSQL database.")
    parser.add_argument("--certificates", type=int, default=1_000_000)
    parser.add_argument("--busy", type=int, default=100_000)
    options = parser.parse_args()
    start = time.perf_counter()
    database, _ = build(options.place, options.certificates, options.busy)
    size = index_size(database)
    database.close()
    facts = {
        "certificates": options.certificates,
        "seconds": round(time.perf_counter() - start),
        "bytes": size,
        "bytes_a_certificate": round(size / options.certificates),
    }
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
