"""A machine that runs out of disk or files, and a stop while everything is busy."""

import resource
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ccxx_node.client.rpc import NodeClient, NodeError, RpcError

ADDRESS = "rccx1q5dsmmq8palhmr77vh3d420fw2wgdzmq8t3zt2a"
MOST_BYTES = 400_000
MOST_FILES = 190


@pytest.fixture
def limited(tmp_path: Path) -> Any:
    """Give a function that starts a node below a limit of the system."""
    started: list[subprocess.Popen[bytes]] = []

    def start(limit: int, value: int, *options: str) -> tuple[Any, NodeClient, Path]:
        folder = tmp_path / "limited"
        folder.mkdir(exist_ok=True)
        port = free_port()
        errors = folder / "stderr.txt"
        with errors.open("wb") as stream:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "ccxx_node.daemon", "-regtest", "-listen=0"),
                    *(f"-datadir={folder}", f"-rpcport={port}", *options),
                ],
                stderr=stream,
                preexec_fn=lambda: resource.setrlimit(limit, (value, value)),
            )
        started.append(process)
        client = NodeClient(f"http://127.0.0.1:{port}", auth=folder / "regtest" / ".cookie")
        deadline = time.monotonic() + 60
        while True:
            try:
                client.block_count()
                return process, client, folder
            except NodeError:
                assert process.poll() is None and time.monotonic() < deadline, errors.read_text()
                time.sleep(0.05)

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes, where mounting one is allowed."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(place)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("file systems cannot be mounted here")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        port: int = opened.getsockname()[1]
    return port


def test_full_disk_ends_the_node_in_one_line_and_loses_no_block(
    limited: Callable[..., Any], start_node: Callable[..., Any]
) -> None:
    process, client, folder = limited(resource.RLIMIT_FSIZE, MOST_BYTES, "-debuglogfile=0")
    height = 0
    with pytest.raises((NodeError, RpcError)):
        while True:
            client.call("generatetoaddress", 50, ADDRESS)
            height = client.block_count()
    client.close()

    assert process.wait(60) == 1
    said = (folder / "stderr.txt").read_text()
    assert said.startswith("Error: disk full while writing"), said
    assert said.count("\n") == 1
    again = start_node(datadir=folder)
    assert again.client.block_count() >= height > 0
    assert again.client.call("verifychain", 4, 0) is True
    again.client.call("generatetoaddress", 1, ADDRESS)


def test_real_disk_that_is_full_gets_room_and_the_node_goes_on(
    start_node: Callable[..., Any], small_disk: Path
) -> None:
    node = start_node(datadir=small_disk / "data")
    height = 0
    with pytest.raises((NodeError, RpcError)):
        while True:
            node.client.call("generatetoaddress", 50, ADDRESS)
            height = node.client.block_count()

    assert node.wait() == 1
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    again = start_node(datadir=small_disk / "data")
    assert again.client.block_count() >= height > 0
    assert again.client.call("verifychain", 4, 0) is True
    assert again.stop() == 0


def test_log_that_cannot_be_written_stops_nothing(limited: Callable[..., Any]) -> None:
    process, client, folder = limited(resource.RLIMIT_FSIZE, MOST_BYTES, "-debug")
    log = folder / "regtest" / "debug.log"
    # Room for nothing more in the log, and much in every other file.
    with log.open("ab") as stream:
        stream.write(b"." * MOST_BYTES)

    client.call("generatetoaddress", 20, ADDRESS)

    assert client.block_count() == 20
    client.call("stop")
    client.close()
    assert process.wait(60) == 0
    assert (folder / "stderr.txt").read_text() == ""


def test_callers_that_take_every_file_harm_nobody_else(limited: Callable[..., Any]) -> None:
    process, client, folder = limited(resource.RLIMIT_NOFILE, MOST_FILES, "-connect=0")
    port = int(client.address.rpartition(":")[2])
    idle = []
    with suppress(OSError):
        for _ in range(MOST_FILES * 2):
            idle.append(socket.create_connection(("127.0.0.1", port), timeout=5))

    # The caller that was there is served, and blocks and coins can still be written.
    client.call("generatetoaddress", 300, ADDRESS)

    assert client.block_count() == 300
    for each in idle:
        each.close()
    deadline = time.monotonic() + 60
    while True:
        other = NodeClient(client.address, auth=folder / "regtest" / ".cookie")
        try:
            assert other.block_count() == 300
            break
        except NodeError:
            pass
        finally:
            other.close()
        assert time.monotonic() < deadline, "nobody new is served"
        time.sleep(0.1)
    client.call("stop")
    client.close()
    assert process.wait(60) == 0
    assert (folder / "stderr.txt").read_text() == ""


def test_too_few_files_are_refused_at_the_start(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "ccxx_node.daemon", "-regtest", f"-datadir={tmp_path}"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (60, 60)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert result.returncode == 1
    assert result.stderr.startswith("Error: Not enough file descriptors available: 60, wanted 150.")
    assert "ulimit -n 283" in result.stderr


def test_stop_under_load_is_clean_and_loses_nothing(start_node: Callable[..., Any]) -> None:
    node = start_node()
    cookie = node.datadir / "regtest" / ".cookie"
    clients = [NodeClient(f"http://127.0.0.1:{node.port}", auth=cookie) for _ in range(12)]

    def ask(client: NodeClient, method: str, *params: Any) -> None:
        with suppress(NodeError, RpcError):
            while True:
                client.call(method, *params)

    work: list[tuple[Any, ...]] = [
        ("generatetoaddress", 2, ADDRESS),
        ("waitfornewblock", 60_000),
        ("gettxoutsetinfo",),
        ("verifychain", 4, 0),
        ("getblocktemplate", {"rules": ["segwit"]}),
        ("getrawmempool", True),
    ]
    callers = [
        threading.Thread(target=ask, args=(client, *work[number % len(work)]))
        for number, client in enumerate(clients)
    ]
    for caller in callers:
        caller.start()
    node.wait_for_height(20)
    started = time.monotonic()

    node.process.send_signal(signal.SIGTERM)

    assert node.process.wait(60) == 0
    assert time.monotonic() - started < 20
    assert node.errors.read_text() == ""
    for caller in callers:
        caller.join()
    for client in clients:
        client.close()
    again = start_node("-checkblocks=0", datadir=node.datadir)
    assert again.client.block_count() >= 20
