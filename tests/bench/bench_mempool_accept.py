"""How fast the memory pool accepts transactions, from their bytes, with every rule and policy.

One JSON line a result; the limit is the rate of bare signature checks in the same run.
"""

import gc
import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from bench_connect import NOW, fund, raw_rate_of
from signed_blocks import CASES, PARAMS, build_owners, spend

from ccxx_core.transaction import Transaction
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.chainstate.rules import Rules
from ccxx_node.mempool.accept import Acceptor, Terms
from ccxx_node.mempool.next_block import BlockAfter
from ccxx_node.mempool.policy import Policy
from ccxx_node.mempool.pool import Mempool

SIZE = 2000
ROUNDS = 5


def accept(chainstate: Chainstate, rules: Rules, transactions: list[bytes]) -> float:
    """Put transactions into a new pool; gives the seconds it took."""
    acceptor = Acceptor(Mempool(), Policy())
    gc.collect()
    start = time.perf_counter()
    for raw in transactions:
        # The node asks anew what comes next for each transaction: the tip may have moved.
        chain = BlockAfter(chainstate.tip, chainstate, PARAMS, rules)
        acceptor.accept(Transaction.decode(raw), chain, Terms(NOW))
    return time.perf_counter() - start


def measure(case: str) -> None:
    """Print the median of some rounds as one JSON line; every round has keys of its own."""
    rounds = []
    with TemporaryDirectory() as folder:
        rules = Rules(PARAMS)
        with Chainstate.open(Path(folder), PARAMS, rules=rules) as chainstate:
            for number in range(ROUNDS):
                owners = build_owners(case, f"pool {number}", SIZE)
                txid = fund(chainstate, owners).transactions[0].txid
                transactions = [spend(txid, i, owner).encode() for i, owner in enumerate(owners)]
                rate = SIZE / accept(chainstate, rules, transactions)
                limit = raw_rate_of(1) * SIZE / sum(len(owner.keys) for owner in owners)
                rounds.append((rate / limit, rate, limit))
    ratio, rate, limit = sorted(rounds)[ROUNDS // 2]
    result = {
        "bench": "mempool-accept",
        "case": case,
        "workers": 1,
        "value": round(rate),
        "unit": "tx/s",
        "limit": round(limit),
        "ratio": round(ratio, 3),
    }
    print(json.dumps(result), flush=True)


def main() -> None:
    """Measure every case."""
    for case in CASES:
        measure(case)


if __name__ == "__main__":
    main()
