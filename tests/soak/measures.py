"""What is measured while the soak runs, and what is made of it at the end."""

import re
import threading
import time
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from statistics import median
from typing import Any

# Nobody in the soak breaks a rule: whoever is refused, blamed or dropped for it shows a fault.
FAULT = re.compile(
    r"Traceback|Error|Exception|\berror\b|\bfailed\b|broken off|corrupted"
    r"|misbehaved|block refused|reorganisation refused|internal error|timeout|stalling"
)
MOST_GROWTH = 1.10
_SAMPLE_SECONDS = 2.0
_POINTS = 30


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process and its children, 0 if it is gone."""
    try:
        own = _resident_kilobytes(Path("/proc", str(pid)))
        task = Path("/proc", str(pid), "task", str(pid), "children")
        children = task.read_text().split()
    except OSError:
        return 0
    total = own
    for child in children:
        try:
            total += _resident_kilobytes(Path("/proc", child))
        except OSError:
            continue
    return total * 1024


def _resident_kilobytes(process: Path) -> int:
    for line in (process / "status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


class Memory:
    """Samples of a process's memory, each with its time in seconds since the start."""

    def __init__(self, pid: Callable[[], int]) -> None:
        self.samples: list[tuple[float, int]] = []
        self._pid = pid
        self._start = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Return when nothing is measured any more."""
        self._over.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._over.wait(_SAMPLE_SECONDS):
            size = resident_bytes(self._pid())
            if size:
                self.samples.append((time.monotonic() - self._start, size))

    def judge(self, warm: float, end: float) -> dict[str, Any]:
        """Compare the median of the first third after `warm` seconds with that of the last."""
        third = (end - warm) / 3
        first = [size for at, size in self.samples if warm <= at < warm + third]
        last = [size for at, size in self.samples if end - third <= at < end]
        step = max(1, len(self.samples) // _POINTS)
        growth = median(last) / median(first) if first and last else float("inf")
        return {
            "warm_after_seconds": round(warm),
            "first_third_mb": _megabytes(median(first)) if first else None,
            "last_third_mb": _megabytes(median(last)) if last else None,
            "growth": round(growth, 3),
            "resident_mb": [[round(at), _megabytes(size)] for at, size in self.samples[::step]],
        }


def _megabytes(size: float) -> float:
    return round(size / 1_000_000, 1)


def fault_lines(*logs: Path) -> list[str]:
    """Return the lines of logs that tell of a fault."""
    texts = (log.read_text(errors="replace").splitlines() for log in logs if log.exists())
    return [line for line in chain.from_iterable(texts) if FAULT.search(line)]
