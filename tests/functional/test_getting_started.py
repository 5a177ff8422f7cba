"""The guide for beginners works as it is written, for somebody who has never used CCXX."""

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from ccxx_regtest.processes import free_ports

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "getting-started.md"
EXPLORER_PORT = "8571"
SECONDS = 300


@dataclass(frozen=True)
class Walk:
    """The guide once it was followed: its folder, how it ended, and what was said."""

    folder: Path
    code: int
    said: str


def commands(explorer_port: int) -> str:
    """Return all commands of the guide in order; only the explorer's port is another."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    script = "".join(blocks).replace(f":{EXPLORER_PORT}", f":{explorer_port}")
    return script.replace("serve ", f"serve --port {explorer_port} ")


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Walk:
    """Follow the guide in an empty home; the node's port is in its settings, as it may be."""
    home = tmp_path_factory.mktemp("home")
    node_port, explorer_port = free_ports(2)
    folder = home / "ccxx-first"
    (folder / "node").mkdir(parents=True)
    (folder / "node" / "counosx.conf").write_text(f"[regtest]\nrpcport={node_port}\n")
    environment = {name: value for name, value in os.environ.items() if "CCXX" not in name} | {
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "CCXX_NODE": f"127.0.0.1:{node_port}",
    }
    code, said = follow(commands(explorer_port), environment)
    return Walk(folder, code, said)


def follow(script: str, environment: dict[str, str]) -> tuple[int, str]:
    """Run the commands as one shell does, answering `y` to every question."""
    with (
        subprocess.Popen(["yes"], stdout=subprocess.PIPE) as answers,
        subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=ROOT,
            env=environment,
            stdin=answers.stdout,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as shell,
    ):
        try:
            said, _ = shell.communicate(timeout=SECONDS)
        finally:
            # Where a command failed, node and explorer are still running.
            answers.kill()
            with suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)
    return shell.returncode, said


def test_every_command_of_the_guide_works(walk: Walk) -> None:
    assert walk.code == 0, walk.said
    assert "error" not in walk.said.lower(), walk.said


def test_guide_ends_with_a_valid_certificate_that_its_document_leads_to(walk: Walk) -> None:
    found = json.loads((walk.folder / "found.json").read_text())

    assert found["status"] == "valid"
    assert found["definition"]["issuer_name"] == "University of Aegina"
    assert [event["operation"] for event in found["history"]] == ["ISSUE", "TRANSFER"]
    assert found["as_of"]["online"] is True
    assert f'"url": "/certificate/{found["id"]}"' in walk.said


def test_guide_leaves_nothing_running(walk: Walk) -> None:
    assert not (walk.folder / "node" / "regtest" / ".cookie").exists()
    assert not (walk.folder / "ccxx-explorer.sqlite-wal").exists()
