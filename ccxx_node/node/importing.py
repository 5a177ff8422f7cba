"""Taking in the files of `-loadblock` while the node runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from ccxx_node.chainstate.chainstate import Chainstate
from ccxx_node.chainstate.errors import ChainError, StorageError
from ccxx_node.chainstate.import_file import WaitingBlocks, import_blocks
from ccxx_node.config import ConfigError
from ccxx_node.events import Event

_log = logging.getLogger("ccxx.node")

_LOG_BLOCKS = 500


class Importing(Protocol):
    """All that an import asks of the node."""

    chain: Chainstate

    def now(self) -> int:
        """Return unix time, or the time set for tests."""

    def fail(self, error: StorageError) -> None:
        """Shut down because what is on the disk cannot be used."""

    @property
    def is_stopping(self) -> bool:
        """Whether the node shuts down."""


def check_readable(path: Path) -> None:
    """Raise `ConfigError` if a file cannot be read."""
    try:
        path.open("rb").close()
    except OSError as error:
        raise ConfigError(
            f"cannot read the blocks of -loadblock={path}: {error.strerror}"
        ) from error


async def import_files(
    node: Importing, paths: Sequence[Path], follow: Callable[[Sequence[Event]], None]
) -> ChainError | None:
    """Take in the blocks of files, each of which is told; returns why these were not all."""
    waiting = WaitingBlocks()
    found = [await _import_file(node, path, follow, waiting) for path in paths]
    if not node.is_stopping and (complaint := waiting.complaint()) is not None:
        _log.error("import incomplete reason=%s", complaint)
        found.append(complaint)
    return next((error for error in found if error is not None), None)


async def _import_file(
    node: Importing,
    path: Path,
    follow: Callable[[Sequence[Event]], None],
    waiting: WaitingBlocks,
) -> ChainError | None:
    _log.info("import started file=%s", path)
    count = 0
    incomplete: ChainError | None = None
    try:
        for events in import_blocks(node.chain, path, node.now, waiting):
            follow(events)
            count += 1
            if count % _LOG_BLOCKS == 0:
                _log.info("import running blocks=%d height=%d", count, node.chain.height)
            if node.is_stopping:
                break
            # RPC calls are answered between two blocks.
            await asyncio.sleep(0)
    except ChainError as error:
        incomplete = error
        _log.error("import incomplete file=%s reason=%s", path, error)
    except StorageError as error:
        node.fail(error)
    node.chain.flush()
    _log.info("import finished file=%s blocks=%d height=%d", path, count, node.chain.height)
    return incomplete
