"""What this process takes from the machine, as the system tells it; zeros where it does not."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple


class ProcessUsage(NamedTuple):
    """Resident memory in bytes, open files and sockets, and how many of these are allowed."""

    resident_bytes: int
    open_files: int
    max_files: int


def process_usage() -> ProcessUsage:
    """Ask Linux; other systems have no `/proc`."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        open_files = len(os.listdir("/proc/self/fd"))  # noqa: PTH208  (names are not needed)
    except (OSError, ValueError, IndexError):
        return ProcessUsage(0, 0, 0)
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return ProcessUsage(pages * os.sysconf("SC_PAGE_SIZE"), open_files, soft)


def disk_free(folders: Iterable[Path]) -> int:
    """Return the bytes that may still be written below each of the folders that exist."""
    try:
        rooms = [shutil.disk_usage(folder).free for folder in folders if folder.exists()]
    except OSError:
        return 0
    return min(rooms, default=0)
