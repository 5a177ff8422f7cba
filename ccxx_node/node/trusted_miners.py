"""Which miners are trusted on the main network: nobody asks, a file says, or a service is asked.

The reference asks a service over HTTP while it validates. Here that is the operator's choice, made
with `-trustedminers` and written to the log at the start.
"""

from __future__ import annotations

import logging
import re
import time
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from math import inf
from pathlib import Path

from ccxx_core.network import MAIN
from ccxx_node.config import Config, ConfigError
from ccxx_node.consensus.subsidy import NO_ADDRESS, EveryMiner, MinerPolicy

_log = logging.getLogger("ccxx.miners")

_TIMEOUT_SECONDS = 2
_SILENT_SECONDS = 30
_MAX_ANSWER = 1 << 20
_CACHED_ANSWERS = 1000
_ADDRESS = re.compile(r"[0-9A-Za-z]+")


class ListedMiners:
    """The policy `list:FILE`: one address a line is trusted, with comments behind `#`."""

    def __init__(self, path: Path) -> None:
        """Read the file; raises `ConfigError`."""
        try:
            lines = path.read_text().splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"cannot read the miners of -trustedminers=list:{path}") from error
        self._addresses = {line.partition("#")[0].strip() for line in lines}

    def may_be_rewarded(self, miner: str, height: int) -> bool:  # noqa: ARG002
        """Tell whether the address is in the file."""
        return miner in self._addresses

    def may_mine(self, miner: str, height: int) -> bool:  # noqa: ARG002
        """Tell whether the address is in the file; a coinbase without an address may be mined."""
        return miner == NO_ADDRESS or miner in self._addresses


class AskedMiners:
    """The policy `url:URL`: `URL/trusted` and `URL/valid` list addresses for a height.

    It is asked while a block is validated, and nothing else is done meanwhile: so a service that
    does not answer at once is left alone for a while, and its blocks wait.
    """

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url.rstrip("/")
        self._clock = clock
        self._answers: dict[str, frozenset[str]] = {}
        self._latest: dict[str, frozenset[str]] = {}
        self._silent_until = -inf

    def may_be_rewarded(self, miner: str, height: int) -> bool:
        """Ask whether this miner earns the reward; no answer means no."""
        return miner in self._ask("trusted", height)

    def may_mine(self, miner: str, height: int) -> bool:
        """Ask whether this miner's block is valid; no answer means not now."""
        return miner == NO_ADDRESS or miner in self._ask("valid", height)

    def _ask(self, question: str, height: int) -> frozenset[str]:
        url = f"{self._url}/{question}?current_height={height}"
        known = self._answers.get(url)
        if known is not None:
            return known
        if self._clock() < self._silent_until:
            return frozenset()
        try:
            with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as reply:
                answer = str(reply.read(_MAX_ANSWER), "utf-8", "replace")
        except (OSError, ValueError, HTTPException) as error:
            # Not kept: a later block asks again.
            self._silent_until = self._clock() + _SILENT_SECONDS
            _log.warning(
                "trusted miners not known url=%s next_try_seconds=%d reason=%s",
                url,
                _SILENT_SECONDS,
                error,
            )
            return frozenset()
        return self._keep(question, url, answer)

    def _keep(self, question: str, url: str, answer: str) -> frozenset[str]:
        # Whole addresses, whatever the service puts between them: JSON, commas, lines.
        addresses = frozenset(_ADDRESS.findall(answer))
        if len(self._answers) >= _CACHED_ANSWERS:
            self._answers.pop(next(iter(self._answers)))
        self._answers[url] = addresses
        if addresses != self._latest.get(question):
            self._latest[question] = addresses
            _log.info("trusted miners changed url=%s addresses=%d", url, len(addresses))
        return addresses


def miner_policy(config: Config) -> MinerPolicy:
    """Return the policy that `-trustedminers` chooses, off by default; raises `ConfigError`."""
    text = config.text("trustedminers", "off")
    if config.network is MAIN:
        _log.info("trusted miners policy=%s", text)
    kind, _, place = text.partition(":")
    if text in ("off", "0"):
        return EveryMiner()
    if kind == "list" and place:
        return ListedMiners(Path(place).expanduser())
    if kind == "url" and place.startswith(("http://", "https://")):
        return AskedMiners(place)
    raise ConfigError(f"-trustedminers is '{text}', wanted off, list:FILE or url:URL")
