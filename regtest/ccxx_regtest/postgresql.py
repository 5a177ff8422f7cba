"""A PostgreSQL server of our own, in a temporary folder and reached by a socket in it alone.

It is Debian's server or any other that is installed. It refuses to run as root, so root lets
another user run it.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from ccxx_regtest.processes import POLL_SECONDS, START_SECONDS, RegtestError

_USERS = ("postgres", "nobody")
_NAME = "ccxx"
# A crash of the process alone loses nothing that was written: tests need not wait for the disk.
_SETTINGS = ("listen_addresses=", "fsync=off", "max_connections=200", "shared_buffers=64MB")


def why_not() -> str | None:
    """Say why no server can be run here, None where one can."""
    if _folder_of_programs() is None:
        return "PostgreSQL is not installed: apt-get install postgresql"
    if _user() is None and os.geteuid() == 0:
        return f"PostgreSQL does not run as root, and there is no user {' or '.join(_USERS)}"
    return None


def _folder_of_programs() -> Path | None:
    found = shutil.which("initdb")
    candidates = [Path(found).resolve().parent] if found else []
    # Debian keeps each version apart; the newest has the greatest number.
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    candidates += sorted(versions, key=lambda path: path.parent.name.zfill(3), reverse=True)
    return next((path for path in candidates if (path / "postgres").exists()), None)


def _user() -> str | None:
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in _USERS if name in known), None)


class PostgresServer:
    """A running server; databases in it are made one by one."""

    def __init__(self) -> None:
        reason, programs = why_not(), _folder_of_programs()
        if reason is not None or programs is None:
            raise RegtestError(reason or "PostgreSQL is not installed")
        self._programs = programs
        self._user = _user()
        # Short, since the name of a socket has at most 107 letters, and open to the other user.
        self.folder = Path(tempfile.mkdtemp(prefix="ccxx-pg-"))
        if self._user is not None:
            shutil.chown(self.folder, self._user)
        self._count = 0
        self._process: subprocess.Popen[bytes] | None = None
        data = str(self.folder / "data")
        options = ["--auth=trust", f"--username={_NAME}", "--encoding=UTF8", "--no-sync"]
        self._run("initdb", f"--pgdata={data}", *options)
        self.start()

    def _run(self, name: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._programs / name), *arguments],
            user=self._user,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RegtestError(f"{name} failed: {done.stderr.strip()}")

    def start(self) -> None:
        """Start the server where it stopped, and wait until it answers; raises RegtestError."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            process = self._launch()
            while process.poll() is None:
                if self._answers():
                    self._process = process
                    return
                if time.monotonic() > deadline:
                    process.kill()
                    raise RegtestError(f"PostgreSQL is not ready; its log is {self.log}")
                time.sleep(POLL_SECONDS)
            # Right after a crash the old server's memory may still be held for a moment.
            if time.monotonic() > deadline:
                raise RegtestError(f"PostgreSQL does not start; its log is {self.log}")

    @property
    def log(self) -> Path:
        """The file with all that the server said."""
        return self.folder / "server.log"

    def _launch(self) -> "subprocess.Popen[bytes]":
        settings = [part for each in _SETTINGS for part in ("-c", each)]
        data, folder = str(self.folder / "data"), str(self.folder)
        with self.log.open("ab") as output:
            return subprocess.Popen(
                [str(self._programs / "postgres"), "-D", data, "-k", folder, *settings],
                user=self._user,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _answers(self) -> bool:
        command = [str(self._programs / "pg_isready"), "-q", "-h", str(self.folder), "-U", _NAME]
        return subprocess.run(command, check=False).returncode == 0

    def new_database(self) -> str:
        """Make an empty database; gives its URL."""
        self._count += 1
        name = f"index{self._count}"
        self._run("createdb", f"--host={self.folder}", f"--username={_NAME}", name)
        return f"postgresql://{_NAME}@/{name}?host={self.folder}"

    def kill(self) -> None:
        """End the server and all its workers at once, as a power cut would."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """End the server and delete all that it had."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
