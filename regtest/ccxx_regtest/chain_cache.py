"""A mined chain, kept for the next run: coins are worth nothing before 5,000 more blocks."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import platformdirs

from ccxx_regtest import faucet
from ccxx_regtest.node import RegtestNode

# Raise it whenever the node's files change: an older chain is then mined anew.
FORMAT = 1
# The first 20 rewards of 30,000 CCXX can be spent on top of it.
HEIGHT = 5_020
BLOCKS_A_CALL = 20
BLOCK_SECONDS = 150

Progress = Callable[[int], None]


def cache_folder() -> Path:
    """Give the folder of kept chains: `CCXX_CACHE`, or the platform's folder for caches."""
    named = os.environ.get("CCXX_CACHE")
    return Path(named) if named else platformdirs.user_cache_path("ccxx")


def has_chain(daemon: Path | None = None) -> bool:
    """Tell whether a chain of this format was mined before, by ccxx-node or another daemon."""
    return _kept_chain(daemon).is_dir()


def copy_chain(datadir: Path, progress: Progress, daemon: Path | None = None) -> None:
    """Put a copy of the mined chain into a node's data folder; mine it first if there is none.

    `progress` is told the height reached.
    """
    kept = _kept_chain(daemon)
    if not kept.is_dir():
        _mine_chain(kept, progress, daemon)
    shutil.copytree(kept, datadir, dirs_exist_ok=True)


def forget_chain(daemon: Path | None = None) -> None:
    """Remove the kept chain, so that the next run mines another."""
    shutil.rmtree(_kept_chain(daemon), ignore_errors=True)


def _kept_chain(daemon: Path | None) -> Path:
    # Block files are alike, databases are not: each daemon keeps a chain of its own.
    whose = "" if daemon is None else f"-{daemon.name}"
    return cache_folder() / f"regtest-{HEIGHT}-format-{FORMAT}{whose}"


def _mine_chain(kept: Path, progress: Progress, daemon: Path | None) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent, prefix="mining-") as work:
        datadir = Path(work, "node")
        with RegtestNode(datadir, Path(work, "node.log"), daemon=daemon) as node:
            began = int(time.time()) - HEIGHT * BLOCK_SECONDS
            while (height := node.client.block_count()) < HEIGHT:
                progress(height)
                # Mined at once, so many blocks would reach minutes into the future.
                node.client.call("setmocktime", began + height * BLOCK_SECONDS)
                node.mine(min(BLOCKS_A_CALL, HEIGHT - height), faucet.ADDRESS)
            progress(HEIGHT)
        # The folder appears complete or not at all; whoever was quicker is not disturbed.
        if not kept.is_dir():
            datadir.rename(kept)
