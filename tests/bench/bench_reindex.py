"""How fast a chain is rebuilt from its block files: the recorded chain, every rule checked again.

One JSON line; the limit is the bare rate of scrypt hashes in the same run, of which every block
needs one.
"""

import json
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from ccxx_core.hashes import scrypt_hash
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.chainstate.import_file import import_blocks
from ccxx_node.chainstate.storage import ChainstateOptions
from ccxx_node.consensus.params import REGTEST

ROOT = Path(__file__).resolve().parents[2]
VECTORS = Path(os.environ.get("CCXX_VECTORS") or ROOT.parent / "shared" / "vectors")
SOURCE = VECTORS / "chain" / "chain-main.blk.gz"
NOW = 2**31
HASHES = 2000


def raw_rate() -> float:
    """Hash headers and nothing else; gives hashes a second."""
    headers = [bytes(76) + number.to_bytes(4, "little") for number in range(HASHES)]
    start = time.perf_counter()
    for header in headers:
        scrypt_hash(header)
    return HASHES / (time.perf_counter() - start)


def main() -> None:
    """Import the chain, then rebuild it."""
    if not SOURCE.exists():
        print(json.dumps({"bench": "reindex", "skipped": f"no recorded chain at {SOURCE}"}))
        return
    with TemporaryDirectory() as folder:
        with Chainstate.open(Path(folder), REGTEST) as chainstate:
            for _ in import_blocks(chainstate, SOURCE, lambda: NOW):
                pass
            height = chainstate.height
        start = time.perf_counter()
        with Chainstate.open(Path(folder), REGTEST, ChainstateOptions(reindex=True)) as chainstate:
            assert chainstate.height == height
        rate = height / (time.perf_counter() - start)
    limit = raw_rate()
    line = {"bench": "reindex", "case": "recorded-chain", "workers": 1, "value": round(rate)}
    line |= {"unit": "block/s", "limit": round(limit), "ratio": round(rate / limit, 2)}
    print(json.dumps(line))


if __name__ == "__main__":
    main()
