"""Programs are waited for, stopped for certain, and blamed by name."""

import sys
from pathlib import Path

import pytest

from ccxx_regtest.processes import Process, RegtestError, free_ports, program

WAITS_FOR_EVER = "import signal, sys; print('up', flush=True); signal.pause()"
IGNORES_REQUESTS = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    " print('up', flush=True); signal.pause()"
)


def start(code: str, folder: Path) -> Process:
    """Start a small Python program."""
    return Process("sample", [sys.executable, "-c", code], folder / "sample.log", {})


def test_process_is_ready_when_its_sign_appears(tmp_path: Path) -> None:
    process = start(WAITS_FOR_EVER, tmp_path)

    process.wait_until(lambda: "up" in process.log.read_text())

    assert process.is_running
    process.stop()
    assert not process.is_running


def test_process_that_ends_early_is_blamed_with_its_last_words(tmp_path: Path) -> None:
    process = start("raise SystemExit('no room on the disk')", tmp_path)

    with pytest.raises(RegtestError) as error:
        process.wait_until(lambda: False)

    assert "sample ended with code 1" in str(error.value)
    assert "no room on the disk" in str(error.value)
    assert str(process.log) in str(error.value)


def test_process_that_is_never_ready_is_given_up(tmp_path: Path) -> None:
    process = start(WAITS_FOR_EVER, tmp_path)

    with pytest.raises(RegtestError, match="not ready"):
        process.wait_until(lambda: False, seconds=0.1)

    process.stop()


def test_killed_process_has_ended_even_if_it_ignores_requests(tmp_path: Path) -> None:
    process = start(IGNORES_REQUESTS, tmp_path)
    process.wait_until(lambda: "up" in process.log.read_text())

    process.kill()

    assert not process.is_running


def test_free_ports_differ() -> None:
    ports = free_ports(20)

    assert len(set(ports)) == 20


def test_missing_program_is_named() -> None:
    with pytest.raises(RegtestError, match="ccxx-nothing is missing"):
        program("ccxx-nothing")
