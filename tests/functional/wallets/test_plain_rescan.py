"""A rescan that is killed changes nothing; a node that estimates fees is believed."""

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ccxx_core.amount import parse_amount
from ccxx_regtest.processes import program
from ccxx_wallet.wallet import STORE_FILE

Town = Any
Person = Any
Ask = Callable[[], bytes]


@pytest.fixture
def keeper(town: Town, request: pytest.FixtureRequest) -> Person:
    person = town.holder(f"keeper-{request.node.name}", money="0.3")
    town.mine()
    return person


@pytest.mark.parametrize("batches", [1, 3])
def test_a_rescan_that_is_killed_changes_nothing(town: Town, keeper: Person, batches: int) -> None:
    keeper.do("label", "set", keeper.do("address")["address"], "mine")
    before = [keeper.do(*words) for words in (("status",), ("coin", "list"), ("label", "list"))]
    process: list[subprocess.Popen[bytes]] = []
    seen: list[bytes] = []

    def kill(body: bytes, ask: Callable[[], bytes]) -> bytes | None:
        if b'"getblock"' in body:
            seen.append(body)
        if len(seen) < batches:
            return ask()
        process[0].send_signal(signal.SIGKILL)
        return None

    with town.line(kill) as node:
        environment = os.environ | town.environment | {"CCXX_WALLET": str(keeper.folder)}
        words = [program("ccxx-holder"), "rescan", "--from", "0", "--node", node]
        process.append(subprocess.Popen(words, env=environment))
        code = process[0].wait(timeout=60)

    assert code == -signal.SIGKILL
    after = [keeper.do(*words) for words in (("status",), ("coin", "list"), ("label", "list"))]
    assert after == before
    assert keeper.do("rescan")["value"] == before[0]["spendable"]
    assert not list(keeper.folder.glob("*.rescan*"))


def test_a_wallet_that_began_with_a_snapshot_reads_what_it_never_had(
    town: Town, tmp_path: Path
) -> None:
    file = tmp_path / "registry.snapshot"
    state = town.root.do("registry", "snapshot", file)["state_hash"]
    late = town.person("ccxx-holder", "began-late")
    late.do("init", "--anchor", town.anchor, "--test-maturity", "10")
    late.do("registry", "import", file, "--expect", state)
    town.mine(2)
    tip = town.client.block_count()

    after = [
        late.do("rescan", "--from", str(first)) and late.do("registry", "show")["state_hash"]
        for first in (tip, tip - 5)
    ]
    beyond = late.run("rescan", "--from", str(tip + 1))

    assert after == [town.root.do("registry", "show")["state_hash"]] * 2
    assert beyond.code == 2


def test_a_wallet_may_be_used_while_it_is_read_again(town: Town, keeper: Person) -> None:
    inside: list[dict[str, Any]] = []

    def look(body: bytes, ask: Callable[[], bytes]) -> bytes | None:
        if b'"getblock"' in body and not inside:
            inside.append(keeper.do("coin", "list"))
        return ask()

    with town.line(look) as node:
        done = keeper.run("rescan", CCXX_NODE=node)

    assert done.code == 0
    assert inside == [keeper.do("coin", "list")]


@pytest.mark.parametrize(
    ("estimate", "least", "rate"),
    [(0.00012, 0.00001, 12), (0.000001, 0.00001, 1), (None, 0.00001, 2), (None, 0.00007, 7)],
)
def test_the_rate_is_what_the_node_estimates_and_its_pool_asks(
    town: Town, keeper: Person, estimate: float | None, least: float, rate: int
) -> None:
    def estimates(body: bytes, ask: Callable[[], bytes]) -> bytes | None:
        if b'"estimatesmartfee"' in body:
            found = {"blocks": 3} if estimate is None else {"feerate": estimate, "blocks": 3}
            return json.dumps({"id": 0, "result": found, "error": None}).encode()
        if b'"getmempoolinfo"' in body:
            return json.dumps({"id": 0, "result": {"mempoolminfee": least}, "error": None}).encode()
        return ask()

    words = ("pay", town.root.do("address")["address"], "0.001", "--dry-run")
    with town.line(estimates) as node:
        automatic = keeper.run(*words, CCXX_NODE=node).facts
        by_hand = keeper.run(*words, "--feerate", "3", CCXX_NODE=node).facts

    assert parse_amount(automatic["fee"]) == 141 * rate
    assert parse_amount(by_hand["fee"]) == 141 * 3


def test_a_damaged_leftover_of_a_rescan_is_in_nobodys_way(keeper: Person) -> None:
    left = keeper.folder / f"{STORE_FILE}.rescan"
    left.write_bytes(b"no database" * 1_000)

    done = keeper.run("rescan")

    assert done.code == 0, done.error
    assert not left.exists()
