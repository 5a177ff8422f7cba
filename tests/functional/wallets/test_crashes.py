"""A wallet that is killed, or loses its node, while it sends forgets nothing that is on its way."""

import json
import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from ccxx_regtest.processes import program

Town = Any
Person = Any
Ask = Callable[[], bytes]


def sending_line(
    town: Town, on_send: Callable[[Ask], bytes | None], empty_pool: bool = False
) -> AbstractContextManager[str]:
    """Stand between a wallet and its node; `on_send` has the node's answer to a sending made.

    With `empty_pool` the node seems to have lost what waits for a block.
    """

    def answer(body: bytes, ask: Ask) -> bytes | None:
        found = on_send(ask) if b'"sendrawtransaction"' in body else ask()
        if empty_pool and b'"getrawmempool"' in body:
            return json.dumps({"id": 0, "result": [], "error": None}).encode()
        return found

    return town.line(answer)


@pytest.fixture
def new_root(town: Town, request: pytest.FixtureRequest) -> Person:
    person = town.person("ccxx-root", f"root-{request.node.name}")
    address = person.do("init", "--test-maturity", "10")["address"]
    town.root.do("pay", address, "5")
    town.mine()
    return person


@pytest.mark.parametrize("node_took_it", [False, True])
def test_a_root_coin_outlives_a_kill_while_it_is_sent(
    town: Town, new_root: Person, node_took_it: bool
) -> None:
    process: list[subprocess.Popen[bytes]] = []

    def kill(ask: Callable[[], bytes]) -> None:
        if node_took_it:
            ask()
        process[0].send_signal(signal.SIGKILL)

    with sending_line(town, kill) as node:
        environment = os.environ | town.environment | {"CCXX_WALLET": str(new_root.folder)}
        words = [program("ccxx-root"), "coin", "register", "--value", "1", "--yes", "--node", node]
        process.append(subprocess.Popen(words, env=environment))
        process[0].wait(timeout=60)

    new_root.refused("coin", "register", "--value", "1")
    sent = new_root.do("status")["unconfirmed"]
    assert sent == town.client.call("getrawmempool")
    town.mine()
    assert new_root.do("anchor", "show")["root_coin"] == f"{sent[0]}:0"


def test_a_lost_answer_is_not_a_lost_transaction(town: Town, new_root: Person) -> None:
    def lose(ask: Callable[[], bytes]) -> None:
        ask()

    with sending_line(town, lose) as node:
        lost = new_root.refused("coin", "register", "--value", "1", CCXX_NODE=node)

    assert "may have been sent" in lost.error
    assert new_root.do("status")["unconfirmed"] == town.client.call("getrawmempool")
    town.mine()
    assert new_root.do("anchor", "show")["value"] == "1.00000000"


def test_a_root_coin_that_the_node_refused_can_be_registered_again(
    town: Town, new_root: Person
) -> None:
    def refuse(_: Callable[[], bytes]) -> bytes:
        error = {"code": -26, "message": "mempool min fee not met"}
        return json.dumps({"id": 0, "result": None, "error": error}).encode()

    with sending_line(town, refuse) as node:
        refused = new_root.refused("coin", "register", "--value", "1", CCXX_NODE=node)
    again = new_root.do("coin", "register", "--value", "1")

    assert refused.facts["error"] == "not-accepted"
    assert again["sent"]
    town.mine()


@pytest.mark.parametrize("node_took_it", [False, True])
def test_an_interrupted_command_says_what_was_perhaps_sent(
    town: Town, new_root: Person, node_took_it: bool
) -> None:
    process: list[subprocess.Popen[str]] = []

    def interrupt(ask: Callable[[], bytes]) -> None:
        if node_took_it:
            ask()
        process[0].send_signal(signal.SIGINT)
        process[0].wait(timeout=60)

    with sending_line(town, interrupt) as node:
        environment = os.environ | town.environment | {"CCXX_WALLET": str(new_root.folder)}
        words = [program("ccxx-root"), "coin", "register", "--value", "1", "--yes", "--json"]
        process.append(
            subprocess.Popen(
                [*words, "--node", node],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        )
        said = json.loads(process[0].communicate(timeout=60)[0])

    (txid,) = new_root.do("status")["unconfirmed"]
    assert process[0].returncode == 1
    assert said["error"] == "interrupted"
    assert f"transaction {txid} may have been sent, so do not make another" in said["detail"]
    assert txid in town.client.call("getrawmempool")
    town.mine()


def test_what_a_strangers_lost_parent_holds_up_is_not_forgotten(
    town: Town, issuer: Person, holder: Person, tmp_path: Path
) -> None:
    town.mine()
    draft = town.draft(issuer, str(holder.do("key", "new")["holder_key"]), 900)
    town.root.do("sign", draft)
    certificate = f"{issuer.do('send', draft)['txid']}:0"
    file = tmp_path / "transfer.psbt"
    key = holder.do("key", "new")["holder_key"]
    holder.do("certificate", "transfer", certificate, "--to", key, "--out", file)
    for each in (issuer, town.root):
        each.do("sign", file)
    txid = holder.do("send", file)["txid"]

    def refuse(_: Callable[[], bytes]) -> bytes:
        error = {"code": -25, "message": "Missing inputs: bad-txns-inputs-missingorspent"}
        return json.dumps({"id": 0, "result": None, "error": error}).encode()

    with sending_line(town, refuse, empty_pool=True) as node:
        held_up = holder.run("status", CCXX_NODE=node).facts["unconfirmed"]
    town.mine()

    assert held_up == [txid]
    assert holder.do("status")["unconfirmed"] == []
    assert holder.do("show", certificate)["custody"][-1]["step"] == "transferred"
