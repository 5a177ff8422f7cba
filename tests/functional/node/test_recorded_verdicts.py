"""Our node decides as the reference daemon did, in everything that was recorded."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

LONGEST_SECONDS = 900


@pytest.mark.parametrize("group", ["chain", "blocks", "fork", "mempool"])
def test_no_verdict_differs_from_the_recorded(vectors: Path, tmp_path: Path, group: str) -> None:
    node = f"{sys.executable} -m ccxx_node.daemon -regtest -datadir={{datadir}} -listen=0"
    command = [
        sys.executable,
        str(vectors / "chain" / "replay.py"),
        str(vectors / "chain"),
        *("--start", f"{node} -rpcport={{port}} {{flags}}"),
        *("--work", str(tmp_path), "--port", str(_free_port()), "--only", group),
    ]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}

    result = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        env=environment,
        check=False,
    )

    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    assert " 0 different" in result.stdout


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        port: int = opened.getsockname()[1]
    return port
