"""Start programs, wait until they are ready, stop them, and keep what they said."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ccxx_core.errors import CcxxError

START_SECONDS = 60
STOP_SECONDS = 30
POLL_SECONDS = 0.05
LAST_LINES = 12


class RegtestError(CcxxError):
    """The local network could not be brought or kept up; the text names the log to read."""


def program(name: str) -> str:
    """Give the path of one of our commands, installed beside the Python that runs us."""
    path = Path(sys.executable).with_name(name)
    if not path.exists():
        raise RegtestError(f"{path} is missing: run pip install --editable . first")
    return str(path)


def free_ports(count: int) -> list[int]:
    """Find TCP ports that nobody uses on this machine, all different."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [opened.getsockname()[1] for opened in sockets]
    for opened in sockets:
        opened.close()
    return ports


class Process:
    """One running program whose output goes to a log file."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        settings: Mapping[str, str],
    ) -> None:
        """Start it at once; `settings` are added to the environment.

        It has a session of its own: Ctrl-C reaches us alone, and we stop all in order.
        """
        self.name = name
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self._child = subprocess.Popen(
                command,
                env=os.environ | dict(settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Its number, by which the system tells how much memory it has."""
        return self._child.pid

    @property
    def is_running(self) -> bool:
        """Tell whether it has not ended yet."""
        return self._child.poll() is None

    def wait_until(self, ready: Callable[[], bool], seconds: float = START_SECONDS) -> None:
        """Wait until `ready` says yes; raises RegtestError if the program ends or time is up."""
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.is_running:
                raise self._failure(f"ended with code {self._child.returncode}")
            if time.monotonic() > deadline:
                raise self._failure(f"was not ready after {seconds:.0f} s")
            time.sleep(POLL_SECONDS)

    def wait(self) -> None:
        """Wait until it ends; raises RegtestError then, for it was to stay."""
        code = self._child.wait()
        raise self._failure(f"was stopped from outside, or ended by itself, with code {code}")

    def stop(self) -> None:
        """Ask it to end, and end it by force if it does not in time."""
        if not self.is_running:
            return
        self._child.terminate()
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._child.kill()
        self._child.wait()

    def _failure(self, what: str) -> RegtestError:
        lines = self.log.read_text(errors="replace").splitlines()[-LAST_LINES:]
        return RegtestError("\n  ".join([f"{self.name} {what}; its log is {self.log}", *lines]))
