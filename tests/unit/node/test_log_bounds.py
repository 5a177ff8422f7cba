"""The log's bounds: a flood of lines of one kind is counted, and nothing else is."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from ccxx_node.node.log_bounds import LogBounds

# A process of its own: the log is one for the whole process.
FLOOD = """
import logging, sys
from ccxx_node.config import read_config
from ccxx_node.daemon import open_log

open_log(read_config(sys.argv[1:]))
for number in range(500):
    for name in ("ccxx.net", "ccxx.node", "ccxx.rpc"):
        logging.getLogger(name).warning("stranger refused number=%d", number)
"""


class Clock:
    """A clock that stands until it is set."""

    time = 0.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(clock: Clock, caplog: pytest.LogCaptureFixture) -> logging.Logger:
    """A bounded logger, whose lines are captured."""
    logger = logging.Logger("bounded")
    logger.addFilter(LogBounds(clock))
    logger.addHandler(caplog.handler)
    return logger


def test_flood_of_one_kind_leaves_room_for_others(
    log: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(5000):
        log.info("peer gone id=%d", number)
    log.warning("disk full")

    assert len(caplog.messages) == 101
    assert caplog.messages[-1] == "disk full"


def test_next_minute_tells_how_many_lines_were_left_out(
    log: logging.Logger, caplog: pytest.LogCaptureFixture, clock: Clock
) -> None:
    for number in range(130):
        log.info("peer gone id=%d reason=%s", number, "100 %s")
    clock.time = 60.0

    log.info("peer gone id=%d reason=%s", 130, "100 %s")
    log.info("peer gone id=%d reason=%s", 131, "late")

    assert caplog.messages[-2:] == [
        "peer gone id=130 reason=100 %s more=30",
        "peer gone id=131 reason=late",
    ]


def test_details_are_not_bounded(log: logging.Logger, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(500):
        log.debug("message received id=%d", number)

    assert len(caplog.messages) == 500


def test_log_of_the_node_is_bounded_where_it_tells_of_peers_and_callers(tmp_path: Path) -> None:
    log = tmp_path / "regtest" / "debug.log"
    log.parent.mkdir()

    options = f"-datadir={tmp_path}", "-regtest"
    subprocess.run([sys.executable, "-c", FLOOD, *options], check=True)

    assert len(log.read_text().splitlines()) == 3 * 100
