"""How fast a block is connected whose transactions the memory pool has checked before.

As in ``bench_connect``, but the scripts are known to be valid. One JSON line a result; ``cold`` is
the rate of a like block in the same run of which nothing is known.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from bench_connect import BLOCKS, build_spending, connect, raw_rate_of
from signed_blocks import CASES, PARAMS, build_owners

from ccxx_core.block import Block
from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.chainstate.rules import Rules

SIZE = 2000
ROUNDS = 3


def connect_rate(chainstate: Chainstate, rules: Rules, case: str, seed: str, warm: bool) -> float:
    """Connect some blocks of the case; gives transactions a second."""
    groups = [build_owners(case, f"{seed} {k}", SIZE) for k in range(BLOCKS)]
    blocks = build_spending(chainstate, groups)
    if warm:
        flags = rules.context_after(chainstate.tip).flags
        for raw in blocks:
            for tx in Block.decode(raw).transactions:
                rules.valid_scripts.add(tx.wtxid, flags)
    return SIZE * BLOCKS / connect(chainstate, blocks)


def measure(case: str) -> None:
    """Print the best warm and the best cold rate of some rounds as one JSON line."""
    with TemporaryDirectory() as folder:
        rules = Rules(PARAMS)
        with Chainstate.open(Path(folder), PARAMS, rules=rules) as chainstate:
            warm = [
                connect_rate(chainstate, rules, case, f"warm {i}", warm=True) for i in range(ROUNDS)
            ]
            cold = [
                connect_rate(chainstate, rules, case, f"cold {i}", warm=False)
                for i in range(ROUNDS)
            ]
    owners = build_owners(case, "limit", 4)
    limit = raw_rate_of(1) * len(owners) / sum(len(owner.keys) for owner in owners)
    result = {
        "bench": "connect-warm",
        "case": case,
        "workers": 1,
        "value": round(max(warm)),
        "unit": "tx/s",
        "limit": round(limit),
        "ratio": round(max(warm) / limit, 3),
        "cold": round(max(cold)),
    }
    print(json.dumps(result), flush=True)


def main() -> None:
    """Measure every case."""
    for case in CASES:
        measure(case)


if __name__ == "__main__":
    main()
