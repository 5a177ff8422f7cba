"""A wallet of the local network, driven as a person does: by its command."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ccxx_regtest.processes import RegtestError, program

DONE, REFUSED = 0, 1
COMMAND_SECONDS = 300
PASSPHRASE = "correct horse battery staple"


@dataclass(frozen=True)
class Wallet:
    """One person's wallet: which command, which folder, how it finds its node."""

    command: str
    folder: Path
    node_settings: Mapping[str, str]
    log: Path

    def run(self, *arguments: str | Path) -> dict[str, Any]:
        """Run a command that must succeed and return the facts that it prints."""
        result = self._call(*arguments)
        if result.returncode != DONE:
            said = result.stderr.strip()
            shown = " ".join(map(str, arguments))
            raise RegtestError(f"{self.command} {shown} failed: {said}\n  its log is {self.log}")
        facts: dict[str, Any] = json.loads(result.stdout or "{}")
        return facts

    def refusal(self, *arguments: str | Path) -> str:
        """Run a command that must be refused and return the line that says why."""
        result = self._call(*arguments)
        if result.returncode != REFUSED:
            shown = " ".join(map(str, arguments))
            raise RegtestError(
                f"{self.command} {shown} should have been refused, ended with {result.returncode};"
                f" its log is {self.log}"
            )
        return result.stderr.strip().splitlines()[-1]

    def _call(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [program(self.command), *map(str, arguments), "--json", "--yes"]
        result = subprocess.run(
            command,
            env=os.environ | self.settings,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        self.log.parent.mkdir(parents=True, exist_ok=True)
        # Facts on stdout may be secret, a new wallet's seed phrase above all: they are not logged.
        with self.log.open("a") as log:
            shown = " ".join(command[1:])
            log.write(f"$ {self.command} {shown}\n{result.stderr}exit {result.returncode}\n\n")
        return result

    @property
    def settings(self) -> dict[str, str]:
        """The environment in which its commands run."""
        own = {"CCXX_WALLET": str(self.folder), "CCXX_PASSPHRASE": PASSPHRASE}
        return {**self.node_settings, **own}
