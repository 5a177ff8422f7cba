"""The whole story, told by the command that everybody runs first."""

import json
import os
import re
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from ccxx_regtest.demo import show_node, wait_for_interrupt
from ccxx_regtest.node import RegtestNode
from ccxx_regtest.processes import RegtestError

COMMAND = str(Path(sys.executable).with_name("ccxx-regtest"))
STORY_SECONDS = 600


def test_story_is_told_once_confirmed_and_leaves_nothing_running(tmp_path: Path) -> None:
    folder = tmp_path / "network"

    told = subprocess.run(
        [COMMAND, "demo-once", "--folder", str(folder)],
        capture_output=True,
        text=True,
        timeout=STORY_SECONDS,
        check=False,
    )

    assert told.returncode == 0, told.stdout + told.stderr
    assert "all confirmed" in told.stdout
    assert "WRONG" not in told.stdout
    assert "http://" not in told.stdout
    assert programs_of(folder) == []


def test_story_is_the_same_with_another_daemon_for_a_node(tmp_path: Path) -> None:
    daemon = os.environ.get("CCXX_REFERENCE_NODE")
    if not daemon:
        pytest.skip("CCXX_REFERENCE_NODE does not name a daemon such as Counos X Core's counosxd")

    told = subprocess.run(
        [COMMAND, "demo-once", "--folder", tmp_path / "network", "--node-program", daemon],
        capture_output=True,
        text=True,
        timeout=STORY_SECONDS,
        check=False,
    )

    assert told.returncode == 0, told.stdout + told.stderr
    assert "all confirmed" in told.stdout


def test_story_needs_a_folder_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()

    told = subprocess.run(
        [COMMAND, "demo-once", "--folder", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert told.returncode == 2
    assert "is not empty" in told.stderr


def test_network_that_is_kept_up_ends_when_its_node_does(tmp_path: Path) -> None:
    said = StringIO()

    with RegtestNode(tmp_path / "node", tmp_path / "node.log") as node:
        node.client.call("stop")
        with pytest.raises(RegtestError, match="ccxx-node was stopped from outside"):
            wait_for_interrupt(Console(file=said, soft_wrap=True), tmp_path, node.process)

    assert "press Ctrl-C" in said.getvalue()


def test_command_that_is_printed_asks_the_node_when_pasted(tmp_path: Path) -> None:
    said = StringIO()

    with RegtestNode(tmp_path / "my [red] node", tmp_path / "node.log") as node:
        show_node(Console(file=said, soft_wrap=True), node)
        line = said.getvalue().splitlines()[-1].removeprefix("Ask it: ")
        answer = subprocess.run(
            ["/bin/sh", "-c", line], capture_output=True, text=True, check=False
        )

    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)["chain"] == "regtest"


def programs_of(folder: Path) -> list[str]:
    """List the command lines of running programs that name a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if re.search(rf"ccxx-(node|explorer).*{re.escape(str(folder))}", words):
            found.append(words)
    return found
