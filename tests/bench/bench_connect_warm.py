"""How fast a block is connected whose transactions the memory pool has checked before.

As in ``bench_connect``, but a pool has accepted every transaction. One JSON line a result; ``cold``
is the rate of a like block in the same run of which nothing is known, ``speedup`` warm over cold.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from bench_connect import BLOCKS, NOW, build_spending, connect, raw_rate_of
from signed_blocks import CASES, PARAMS, build_owners

from ccxx_core.block import Block
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.chainstate.rules import Rules
from ccxx_node.mempool.accept import Acceptor, Terms
from ccxx_node.mempool.next_block import BlockAfter
from ccxx_node.mempool.policy import Policy
from ccxx_node.mempool.pool import Mempool

SIZE = 2000
ROUNDS = 3


def connect_rate(chainstate: Chainstate, rules: Rules, case: str, seed: str, warm: bool) -> float:
    """Connect some blocks of the case; gives transactions a second."""
    groups = [build_owners(case, f"{seed} {k}", SIZE) for k in range(BLOCKS)]
    blocks = build_spending(chainstate, groups)
    if warm:
        acceptor = Acceptor(Mempool(), Policy())
        chain = BlockAfter(chainstate.tip, chainstate, PARAMS, rules)
        for raw in blocks:
            for tx in Block.decode(raw).transactions[1:]:
                acceptor.accept(tx, chain, Terms(NOW))
    return SIZE * BLOCKS / connect(chainstate, blocks)


def measure(case: str) -> None:
    """Print the median of some rounds, each a warm block beside a cold one, as one JSON line."""
    rounds = []
    with TemporaryDirectory() as folder:
        rules = Rules(PARAMS)
        with Chainstate.open(Path(folder), PARAMS, rules=rules) as chainstate:
            for number in range(ROUNDS):
                cold = connect_rate(chainstate, rules, case, f"cold {number}", warm=False)
                warm = connect_rate(chainstate, rules, case, f"warm {number}", warm=True)
                rounds.append((warm / cold, warm, cold))
    speedup, warm, cold = sorted(rounds)[ROUNDS // 2]
    owners = build_owners(case, "limit", 4)
    limit = raw_rate_of(1) * len(owners) / sum(len(owner.keys) for owner in owners)
    result = {
        "bench": "connect-warm",
        "case": case,
        "workers": 1,
        "value": round(warm),
        "unit": "tx/s",
        "limit": round(limit),
        "ratio": round(warm / limit, 3),
        "cold": round(cold),
        "speedup": round(speedup, 2),
    }
    print(json.dumps(result), flush=True)


def main() -> None:
    """Measure every case."""
    for case in CASES:
        measure(case)


if __name__ == "__main__":
    main()
