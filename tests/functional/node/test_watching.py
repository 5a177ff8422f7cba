"""What an operator sees of a running node: health, metrics, notifications, the log's parts."""

import http.client
import json
import re
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ccxx_node.client.rpc import NodeClient, NodeError, RpcError

ADDRESS = "rccx1q5dsmmq8palhmr77vh3d420fw2wgdzmq8t3zt2a"
# Spends what nobody has.
ORPHAN = f"0200000001{'11' * 32}0000000000ffffffff01e803000000000000220020{'22' * 32}00000000"


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def numbers(page: str) -> dict[str, float]:
    """Read a page of metrics."""
    lines = [line.rpartition(" ") for line in page.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def lines_of(path: Path, count: int) -> list[str]:
    """Wait until a file that a command writes has so many lines."""
    deadline = time.monotonic() + 20
    while not path.exists() or path.read_text().count("\n") < count:
        assert time.monotonic() < deadline, "the command did not run"
        time.sleep(0.05)
    return path.read_text().splitlines()


def log_of(node: Any) -> str:
    log: Path = node.datadir / "regtest" / "debug.log"
    return log.read_text()


def mine(node: Any, count: int) -> list[str]:
    hashes: list[str] = node.client.call("generatetoaddress", count, ADDRESS)
    return hashes


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        port: int = opened.getsockname()[1]
    return port


@pytest.fixture
def watched(start_node: Callable[..., Any]) -> Any:
    port = free_port()
    node = start_node(f"-metricsport={port}", "-connect=0")
    node.metrics_port = port
    return node


def test_fresh_node_says_why_it_is_not_ready(watched: Any) -> None:
    health = watched.client.call("getnodehealth")

    assert (health["ready"], health["reasons"]) == (False, ["initial-download"])
    status, page = get(watched.metrics_port, "/health")
    assert (status, json.loads(page)["reasons"]) == (503, ["initial-download"])


def test_node_with_a_fresh_tip_is_ready(watched: Any) -> None:
    mine(watched, 1)

    assert watched.client.call("getnodehealth")["ready"] is True
    assert get(watched.metrics_port, "/health")[0] == 200


def test_tip_that_got_old_is_named(watched: Any) -> None:
    mine(watched, 1)

    watched.client.call("setmocktime", int(time.time()) + 2 * 3600)

    assert watched.client.call("getnodehealth")["reasons"] == ["stale-tip"]


def test_node_that_wants_peers_says_that_it_has_none(start_node: Callable[..., Any]) -> None:
    node = start_node()

    mine(node, 1)

    assert node.client.call("getnodehealth")["reasons"] == ["no-peers"]


def test_metrics_tell_what_happened(watched: Any) -> None:
    mine(watched, 3)
    with pytest.raises(RpcError):
        watched.client.call("getblockhash", 99)
    guesser = NodeClient(f"http://127.0.0.1:{watched.port}", auth="satoshi:guessed")
    with closing(guesser), pytest.raises(NodeError):
        guesser.call("getblockcount")

    status, page = get(watched.metrics_port, "/metrics")

    assert status == 200
    found = numbers(page)
    assert found["ccxx_block_height"] == 3
    assert found["ccxx_ready"] == 1
    assert found["ccxx_block_connect_seconds_count"] == 3
    assert found['ccxx_rpc_seconds_count{method="generatetoaddress"}'] == 1
    assert found['ccxx_rpc_failures_total{method="getblockhash"}'] == 1
    assert found['ccxx_rpc_refused_total{reason="password"}'] > 0
    assert found['ccxx_peers{direction="inbound"}'] == 0
    assert found["ccxx_resident_memory_bytes"] > 10_000_000
    assert found["ccxx_open_files"] > 3
    assert found["ccxx_mempool_transactions"] == 0


def test_metrics_answer_nothing_else(watched: Any) -> None:
    assert get(watched.metrics_port, "/") == (404, "no such path\r\n")


@pytest.mark.parametrize("path", ["/metrics", "/health", "/nothing"])
def test_metrics_do_not_name_the_program_that_serves_them(watched: Any, path: str) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", watched.metrics_port)) as connection:
        connection.request("GET", path)

        assert connection.getresponse().headers["Server"] is None


def test_commands_hear_of_every_block_and_of_no_warning(
    start_node: Callable[..., Any], tmp_path: Path
) -> None:
    said = tmp_path / "blocks"
    node = start_node(f"-blocknotify=echo %s >> {said}", f"-alertnotify=echo %s >> {tmp_path}/a")

    hashes = mine(node, 12)

    assert sorted(lines_of(said, 12)) == sorted(hashes)
    assert node.stop() == 0
    assert node.errors.read_text() == ""
    assert not (tmp_path / "a").exists()


def test_command_that_hangs_does_not_hold_up_the_stop(start_node: Callable[..., Any]) -> None:
    node = start_node("-blocknotify=exec sleep 30")
    mine(node, 20)
    started = time.monotonic()

    assert node.stop() == 0

    assert time.monotonic() - started < 15


def test_log_says_more_of_the_part_that_was_asked_for(start_node: Callable[..., Any]) -> None:
    node = start_node("-debug=rpc", "-debug=net", "-debugexclude=net")

    on = node.client.call("logging")
    changed = node.client.call("logging", ["mempool"], ["rpc"])

    assert [name for name, is_on in on.items() if is_on] == ["rpc"]
    assert [name for name, is_on in changed.items() if is_on] == ["mempool"]
    with pytest.raises(RpcError):
        node.client.call("logging", ["colour"])


@pytest.mark.parametrize(
    ("category", "said"),
    [
        ("bench", r"block connected height=1 ms=[\d.]+ check_ms=[\d.]+ store_ms=[\d.]+"),
        ("rpc", r"call answered method=getblockhash user=__cookie__ ms=[\d.]+ failed=1"),
        ("mempoolrej", r"transaction refused txid=[0-9a-f]{64} reason=missing-inputs"),
    ],
)
def test_part_of_the_log_says_what_operations_promise(
    start_node: Callable[..., Any], category: str, said: str
) -> None:
    spoken, silent = start_node(f"-debug={category}"), start_node()

    for node in (spoken, silent):
        mine(node, 1)
        with pytest.raises(RpcError):
            node.client.call("getblockhash", 998877)
        with pytest.raises(RpcError):
            node.client.call("sendrawtransaction", ORPHAN)

    assert re.search(said, log_of(spoken))
    assert "998877" not in log_of(spoken)
    assert not re.search(said, log_of(silent))


def test_log_tells_of_every_stored_block_that_is_taken_in_again(
    start_node: Callable[..., Any],
) -> None:
    node = start_node()
    first, *_ = mine(node, 3)
    node.stop()

    again = start_node("-reindex", "-debug=reindex", datadir=node.datadir)

    assert f"stored block taken in hash={first} file=0" in log_of(again)


def test_log_that_was_moved_away_is_made_anew(node: Any) -> None:
    log = node.datadir / "regtest" / "debug.log"
    log.rename(log.with_suffix(".1"))

    mine(node, 1)

    assert "block connected height=1" in log.read_text()


def test_refused_branch_with_more_work_is_a_warning_at_once_and_after_a_restart(
    start_node: Callable[..., Any], tmp_path: Path
) -> None:
    port = free_port()
    others = start_node("-listen", f"-bind=127.0.0.1:{port}", "-testsubsidy=150")
    mine(others, 20)
    stricter = (f"-connect=127.0.0.1:{port}", "-testsubsidy=3")

    node = start_node(*stricter, f"-alertnotify=echo %s >> {tmp_path}/alerts")
    alerts = lines_of(tmp_path / "alerts", 1)
    seen = node.client.call("getnodehealth")
    node.stop()
    again = start_node(*stricter, datadir=node.datadir).client.call("getnodehealth")

    assert "fully agree" in alerts[0]
    for health in (seen, again):
        assert health["blocks"] == 2
        assert "behind" in health["reasons"]
        assert len(health["warnings"]) == 1
    reasons = re.findall(r"block refused .*reason=(\S+)", log_of(node))
    assert reasons[0] == "bad-cb-amount"
    assert set(reasons[1:]) <= {"bad-prevblk"}
