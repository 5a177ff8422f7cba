"""The whole story, told by the command that everybody runs first."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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
    assert programs_of(folder) == []


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


def test_explorer_shows_every_certificate_of_the_story(facts: Callable[..., Any]) -> None:
    counts = facts("status")["counts"]

    assert (counts["permits"], counts["certificates"], counts["refused"]) == (2, 51, 1)


def test_credit_is_conserved_and_only_the_forced_sale_lost_some(
    facts: Callable[..., Any],
) -> None:
    credit = facts("status")["credit"]

    parts = (credit["root"], credit["permits"], credit["certificates"], credit["destroyed"])

    assert sum(parts) == credit["total"] == 2_100_000_000
    assert credit["destroyed"] == 100_000


@pytest.mark.parametrize("secret", ["seed_phrase", "correct horse"])
def test_logs_hold_no_secret(demo: Any, secret: str) -> None:
    logs = list((demo.folder / "logs").iterdir())

    assert len(logs) >= 5
    assert [log.name for log in logs if secret in log.read_text()] == []


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
