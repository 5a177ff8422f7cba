"""Half an hour of mixed load on one node, and one JSON line about how it fared.

Around the node under test are three other nodes; threads ask it by RPC and come as peers, a wallet
pays, blocks are mined everywhere, once a minute a longer branch of a rival replaces what was mined
meanwhile, and twice the node is killed while blocks come in. A reference gets the same blocks by
RPC and has none of the trouble. Exit 1 if memory grew, a fault was logged, or the chains differ.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from callers import Callers
from measures import MOST_GROWTH, Memory, fault_lines
from network import Nodes, first_payments, running_nodes, some_miner, state, tip
from payments import ADDRESS, Payments

from ccxx_core.amount import COIN
from ccxx_node.client.rpc import NodeError
from ccxx_regtest import faucet
from ccxx_regtest.node import RegtestNode
from ccxx_regtest.processes import RegtestError

# Both kills come early: what is compared is the memory of one process.
KILLS = (0.1, 0.2)
WARM = 0.3
TURN_SECONDS = 0.5
BLOCK_SECONDS = 3.0
SAY_AGAIN_SECONDS = 10.0
REORGANISATION_SECONDS = 60.0
PATIENCE_SECONDS = 60.0
_FIRST_AMOUNT = 29_000 * COIN


class Soak:
    """The load, in turns of half a second, from one thread; callers and visitors have their own."""

    def __init__(self, nodes: Nodes, seconds: float, rng: random.Random) -> None:
        self.counts = {"blocks": 0, "reorganisations": 0, "kills": 0, "deepest": 0}
        self._nodes = nodes
        self._seconds = seconds
        self._rng = rng
        self.payments = Payments(rng)
        self._start = time.monotonic()
        self._due: dict[str, float] = {}

    def run(self) -> None:
        """Work until the time is over."""
        kills = [share * self._seconds for share in KILLS]
        funded = first_payments(self._nodes, ADDRESS, _FIRST_AMOUNT)
        self._learn(funded, source=self._nodes.tested, first=True)
        while (now := time.monotonic() - self._start) < self._seconds:
            if kills and now >= kills[0]:
                kills.pop(0)
                self._kill()
            if self._is_due("reorganisation", REORGANISATION_SECONDS, now):
                self._reorganise()
            if self._is_due("block", BLOCK_SECONDS, now):
                self._mine(some_miner(self._nodes, self._rng), 1)
                self._wait_for_one_tip()
            if self._is_due("say again", SAY_AGAIN_SECONDS, now):
                self.payments.say_again(self._nodes.tested.client)
            self._pay(2)
            time.sleep(TURN_SECONDS)

    def settle(self) -> bool:
        """End with one more block; tells whether all come to one tip and the same coins."""
        self._mine(self._nodes.peers[0], 1)
        self._wait_for_one_tip()
        return len({state(node) for node in self._nodes.all()}) == 1

    def _is_due(self, what: str, every: float, now: float) -> bool:
        # The first time comes after one interval, so that there is something to disturb.
        if now < self._due.setdefault(what, every / 2):
            return False
        self._due[what] = now + every
        return True

    def _pay(self, count: int) -> None:
        nodes = [self._nodes.tested, *self._nodes.peers]
        for _ in range(count):
            self.payments.pay(self._rng.choice(nodes).client)

    def _mine(self, node: RegtestNode, count: int) -> None:
        self._learn(self._generate(node, count), source=node)

    def _generate(self, node: RegtestNode, count: int) -> list[str]:
        mined: list[str] = node.client.call("generatetoaddress", count, faucet.ADDRESS)
        self.counts["blocks"] += count
        return mined

    def _learn(self, mined: list[str], *, source: RegtestNode, first: bool = False) -> None:
        for block in self._nodes.tell_reference(mined, source.client):
            self.payments.confirm(block.transactions)
            if first:
                for tx in block.transactions:
                    self.payments.take(tx)

    def _reorganise(self) -> None:
        """Replace what the others mine meanwhile by a branch that is one block longer."""
        depth = self._rng.randint(1, 8)
        rival = self._nodes.rival
        rival.part_from_all()
        for _ in range(depth):
            self._mine(some_miner(self._nodes, self._rng), 1)
            self._pay(2)
            self._wait_for_one_tip(without_rival=True)
        self._mine(rival, depth + 1)
        rival.meet_again()
        rival.connect_to(self._nodes.tested)
        self._wait_for_one_tip()
        self.counts["reorganisations"] += 1
        self.counts["deepest"] = max(self.counts["deepest"], depth)

    def _kill(self) -> None:
        """Kill the node while blocks come in."""
        peer = self._nodes.peers[0]
        mined = self._generate(peer, 5)
        self._nodes.tested.crash()
        self._learn(mined, source=peer)
        self.counts["kills"] += 1
        self._nodes.connect()
        self._wait_for_one_tip()

    def _wait_for_one_tip(self, *, without_rival: bool = False) -> None:
        nodes = [node for node in self._nodes.all() if node is not self._nodes.rival]
        if not without_rival:
            nodes.append(self._nodes.rival)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(tips := {tip(node) for node in nodes}) > 1:
            if time.monotonic() > deadline:
                raise RegtestError(f"nodes disagree about the tip: {sorted(tips)}")
            time.sleep(0.05)


def run(folder: Path, minutes: float, seed: int) -> dict[str, Any]:
    """Run everything in a folder; returns what the line says."""
    with running_nodes(folder) as nodes:
        soak = Soak(nodes, minutes * 60, random.Random(seed))
        memory = Memory(lambda: nodes.tested.process.pid)
        callers = Callers(nodes.tested)
        callers.start()
        problem = ""
        try:
            soak.run()
            is_equal = soak.settle()
        except (RegtestError, NodeError) as error:
            problem, is_equal = str(error), False
        finally:
            callers.stop()
            memory.stop()
        peers = len(nodes.tested.client.call("getpeerinfo")) if not problem else None
    logs = (folder / "tested" / "regtest" / "debug.log", folder / "tested.log")
    faults = fault_lines(*logs)
    return {
        "soak": "mixed load",
        "minutes": minutes,
        "seed": seed,
        **soak.counts,
        "payments": soak.payments.sent,
        "calls": callers.calls.total(),
        "visits": callers.visits,
        "peers_at_end": peers,
        "call_failures": dict(callers.failures),
        **memory.judge(WARM * minutes * 60, minutes * 60),
        "fault_lines": len(faults),
        "first_faults": faults[:5],
        "problem": problem,
        "same_as_reference": is_equal,
    }


def main() -> None:
    """Read the options, run, print the line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where logs are kept (default: a new folder)")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="ccxx-soak-"))
    result = run(folder, options.minutes, options.seed)
    print(json.dumps(result), flush=True)
    is_good = (
        result["same_as_reference"]
        and not result["fault_lines"]
        and not result["call_failures"]
        and result["growth"] <= MOST_GROWTH
    )
    sys.exit(0 if is_good else 1)


if __name__ == "__main__":
    main()
