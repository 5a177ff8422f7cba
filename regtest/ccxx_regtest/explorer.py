"""The explorer of the local network, asked as any program would ask it: through its JSON."""

import json
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote

from ccxx_regtest.processes import Process, RegtestError, free_ports, program

ANSWER_SECONDS = 30


class RegtestExplorer:
    """A running explorer on a free port of this machine, following one node."""

    def __init__(
        self, folder: Path, anchor: Path, log: Path, node_settings: Mapping[str, str]
    ) -> None:
        """Start it, judging by a trust anchor, and wait until it answers."""
        folder.mkdir(parents=True, exist_ok=True)
        port = free_ports(1)[0]
        self.url = f"http://127.0.0.1:{port}"
        self.process = Process(
            "ccxx-explorer",
            [
                program("ccxx-explorer"),
                "serve",
                f"--database={folder / 'index.sqlite'}",
                f"--anchor={anchor}",
                f"--types={anchor.parent}",
                "--host=127.0.0.1",
                f"--port={port}",
            ],
            log,
            node_settings,
        )
        try:
            self.process.wait_until(self._answers)
        except BaseException:
            self.process.stop()
            raise

    def get(self, path: str) -> dict[str, Any]:
        """Return the JSON behind a page, named without its `.json`."""
        facts = self._fetch(f"{self.url}/{quote(path.lstrip('/'), safe='/:')}.json")
        if not isinstance(facts, Mapping):
            raise RegtestError(f"{self.url}/{path}.json is not an object")
        return dict(facts)

    def wait_for_height(self, height: int) -> None:
        """Wait until a block of this height has been indexed."""
        self.process.wait_until(lambda: self._height() >= height, seconds=120)

    def stop(self) -> None:
        """Stop it cleanly."""
        self.process.stop()

    def _height(self) -> int:
        tip = self.get("status")["tip"]
        return -1 if tip is None else int(tip["height"])

    def _answers(self) -> bool:
        try:
            self._fetch(f"{self.url}/status.json")
        except RegtestError:
            return False
        return True

    def _fetch(self, url: str) -> Any:
        try:
            with urllib.request.urlopen(url, timeout=ANSWER_SECONDS) as reply:
                return json.load(reply)
        except HTTPError as error:
            with error:
                raise RegtestError(f"{url} answered {error.code}") from error
        except (URLError, OSError, ValueError) as error:
            raise RegtestError(f"{url} does not answer: {error}") from error
