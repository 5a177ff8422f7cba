"""A node that deletes old blocks: what it answers, what it refuses, what a kill costs."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ccxx_node.client.rpc import NodeError, RpcError

ADDRESS = "rccx1q5dsmmq8palhmr77vh3d420fw2wgdzmq8t3zt2a"
BY_HAND = ("-prune=1", "-fastprune")
BLOCKS = 900


@pytest.fixture
def pruning(start_node: Callable[..., Any]) -> Any:
    """A node with 900 blocks of which it may delete the first 612."""
    node = start_node(*BY_HAND)
    node.client.call("generatetoaddress", BLOCKS, ADDRESS)
    return node


def refusal(node: Any, method: str, *params: Any) -> str:
    with pytest.raises(RpcError) as error:
        node.client.call(method, *params)
    return str(error.value)


def test_pruned_blocks_are_gone_and_said_to_be(pruning: Any) -> None:
    height = pruning.client.call("pruneblockchain", 500)

    info = pruning.client.call("getblockchaininfo")
    assert height == 500
    assert (info["pruned"], info["automatic_pruning"]) == (True, False)
    assert 0 < info["pruneheight"] <= 501
    gone = pruning.client.call("getblockhash", 1)
    for params in ((gone,), (gone, 0), (gone, 2)):
        assert "pruned data" in refusal(pruning, "getblock", *params)
    assert "pruned data" in refusal(pruning, "getblockstats", 1)
    assert pruning.client.call("getblockheader", gone)["height"] == 1
    kept = pruning.client.call("getblockhash", info["pruneheight"])
    assert pruning.client.call("getblock", kept)["height"] == info["pruneheight"]


def test_log_names_the_files_that_are_deleted(pruning: Any) -> None:
    pruning.client.call("logging", ["prune"])

    pruning.client.call("pruneblockchain", 500)

    assert "block file deleted file=0" in (pruning.datadir / "regtest" / "debug.log").read_text()


def test_last_288_blocks_stay_whatever_is_asked(pruning: Any) -> None:
    height = pruning.client.call("pruneblockchain", BLOCKS)

    assert height == BLOCKS - 288
    assert pruning.client.call("getblockchaininfo")["pruneheight"] <= BLOCKS - 288 + 1
    assert pruning.client.call("verifychain", 4, 0) is True


def test_senseless_heights_are_refused(pruning: Any) -> None:
    assert "Negative" in refusal(pruning, "pruneblockchain", -1)
    assert "shorter than" in refusal(pruning, "pruneblockchain", BLOCKS + 1)
    assert "timestamp" in refusal(pruning, "pruneblockchain", 4_000_000_000)


def test_time_two_hours_later_names_a_height(pruning: Any) -> None:
    block = pruning.client.call("getblock", pruning.client.call("getblockhash", 300))

    height = pruning.client.call("pruneblockchain", block["time"] + 7200)

    assert 0 < height <= 300


def test_node_that_does_not_prune_refuses(node: Any) -> None:
    assert "not in prune mode" in refusal(node, "pruneblockchain", 1)


def test_short_chain_is_not_pruned(start_node: Callable[..., Any]) -> None:
    node = start_node(*BY_HAND)

    assert "too short" in refusal(node, "pruneblockchain", 0)


def test_pruned_node_goes_on_after_a_restart_and_not_unpruned(
    pruning: Any, start_node: Callable[..., Any]
) -> None:
    pruning.client.call("pruneblockchain", 500)
    before = pruning.client.call("gettxoutsetinfo")["hash_serialized_2"]
    lowest = pruning.client.call("getblockchaininfo")["pruneheight"]
    assert pruning.stop() == 0

    unpruned = start_node(datadir=pruning.datadir, waits=False)
    assert unpruned.wait() == 1
    assert "start with -prune" in unpruned.errors.read_text()
    again = start_node(*BY_HAND, datadir=pruning.datadir)

    assert again.client.call("gettxoutsetinfo")["hash_serialized_2"] == before
    assert again.client.call("getblockchaininfo")["pruneheight"] == lowest
    again.client.call("generatetoaddress", 2, ADDRESS)
    assert again.client.block_count() == BLOCKS + 2


def test_kill_while_pruning_and_mining_loses_nothing(
    pruning: Any, start_node: Callable[..., Any]
) -> None:
    """Killed at many moments, it always has the chain that it had, and all its coins."""
    node, height = pruning, BLOCKS
    for turn in range(5):
        killer = threading.Timer(0.05 + turn * 0.07, node.process.kill)
        killer.start()
        try:
            while True:
                node.client.call("generatetoaddress", 3, ADDRESS)
                height = node.client.block_count()
                node.client.call("pruneblockchain", max(1, height - 288))
        except NodeError:
            killer.join()
        node.process.wait(60)
        node = start_node(*BY_HAND, "-checkblocks=0", datadir=pruning.datadir)

        # Killed, not unplugged: the system still has all that was written.
        assert node.client.block_count() >= height
        assert node.client.call("verifychain", 3, 0) is True
    assert node.client.block_count() > BLOCKS
    assert node.client.call("getblockchaininfo")["pruneheight"] > 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("-prune=-1",), "negative value"),
        (("-prune=549",), "below the minimum of 550 MiB"),
        (("-prune=600", "-txindex"), "incompatible with -txindex"),
        (("-blocksdir=/nowhere/at/all",), "Specified blocks directory"),
    ],
)
def test_wrong_settings_are_refused_in_one_line(
    tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    command = [sys.executable, "-m", "ccxx_node.daemon", "-regtest", f"-datadir={tmp_path}"]

    result = subprocess.run(
        [*command, *options], capture_output=True, text=True, timeout=60, check=False
    )

    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert said in result.stderr


def test_long_chain_is_read_while_others_are_answered(pruning: Any) -> None:
    """Counting all coins and checking the chain leave room for other callers."""
    slow = threading.Thread(target=pruning.client.call, args=("verifychain", 4, 0))
    other = type(pruning.client)(
        f"http://127.0.0.1:{pruning.port}", auth=pruning.datadir / "regtest" / ".cookie"
    )
    waits = []
    slow.start()
    while slow.is_alive():
        started = time.monotonic()
        other.call("getblockcount")
        waits.append(time.monotonic() - started)
    slow.join()
    other.close()

    assert len(waits) > 5
    assert max(waits) < 1.0
