"""Commands that tell the operator of a new tip or a warning (`-blocknotify`, `-alertnotify`)."""

from __future__ import annotations

import asyncio
import logging
import shlex
from collections import deque

_log = logging.getLogger("ccxx.node")

# Commands that run at once, and those that wait for their turn.
_MAX_RUNNING = 8
_MAX_WAITING = 1000
_LAST_SECONDS = 5.0
# As the reference has it: nothing else of a text reaches a shell.
_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,;-_/:?@()")


class Notifier:
    """Runs the operator's commands in a shell, some at a time, and never waits for one."""

    def __init__(self, on_block: str, on_alert: str) -> None:
        """Take the commands, in which `%s` stands for a block's hash or a warning's text."""
        self._on_block = on_block
        self._on_alert = on_alert
        # The last tips say most: of too many commands the oldest are dropped.
        self._waiting: deque[str] = deque(maxlen=_MAX_WAITING)
        self._running: set[asyncio.Task[None]] = set()

    def block(self, block_hash: str) -> None:
        """Tell of a new tip; the hash is in hex."""
        if self._on_block:
            self._start(self._on_block.replace("%s", block_hash))

    def alert(self, text: str) -> None:
        """Tell of a warning."""
        if self._on_alert:
            safe = "".join(letter for letter in text if letter in _SAFE)
            self._start(self._on_alert.replace("%s", shlex.quote(safe)))

    async def close(self) -> None:
        """Give the commands that run a few seconds, then leave them alone."""
        self._waiting.clear()
        if self._running:
            await asyncio.wait(self._running, timeout=_LAST_SECONDS)
        for task in self._running:
            task.cancel()

    def _start(self, command: str) -> None:
        if len(self._running) < _MAX_RUNNING:
            task = asyncio.get_running_loop().create_task(self._run(command))
            self._running.add(task)
            task.add_done_callback(self._end)
        else:
            if len(self._waiting) == _MAX_WAITING:
                _log.warning("notification dropped waiting=%d", _MAX_WAITING)
            self._waiting.append(command)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if self._waiting:
            self._start(self._waiting.popleft())

    async def _run(self, command: str) -> None:
        quiet = asyncio.subprocess.DEVNULL
        try:
            process = await asyncio.create_subprocess_shell(
                command, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True
            )
            status = await process.wait()
        except OSError as error:
            _log.warning("notification failed reason=%s", error)
            return
        if status:
            _log.warning("notification failed status=%d", status)
