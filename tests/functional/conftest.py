"""Real processes and a real browser, started once for all functional tests."""

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

STORY_SECONDS = 600
EXPLORER_LINE = re.compile(r"^Explorer: (http://\S+)$", re.MULTILINE)
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
]


def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Mark what opens a browser, so that it can be left out."""
    for item in items:
        if "chromium" in item.fixturenames:
            item.add_marker(pytest.mark.browser)


@dataclass(frozen=True)
class RunningDemo:
    """A demonstration that has told its story and is still up."""

    folder: Path
    explorer: str
    said: str


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    """What all workers look at: the first has the story told, and ends it after the last."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    door, place = folder / "demo.lock", folder / "demo.json"
    with ExitStack() as ours, (folder / "demo.visitors").open("w") as visitors:
        with locked(door):
            is_ours = not place.exists()
            if is_ours:
                told = ours.enter_context(told_story(tmp_path_factory.mktemp("demo") / "network"))
                place.write_text(json.dumps([str(told.folder), told.explorer, told.said]))
            fcntl.flock(visitors, fcntl.LOCK_SH)
            network, explorer, said = json.loads(place.read_text())
        yield RunningDemo(Path(network), explorer, said)
        if is_ours:
            with locked(door):
                fcntl.flock(visitors, fcntl.LOCK_EX)
                place.unlink()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep the other workers out."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def told_story(folder: Path) -> Iterator[RunningDemo]:
    """Run `ccxx-regtest demo` as a person would, and wait until its story is told."""
    log = folder.with_suffix(".log")
    command = Path(sys.executable).with_name("ccxx-regtest")
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [str(command), "demo", "--folder", str(folder)],
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            said, explorer = wait_for_explorer(process, log)
            yield RunningDemo(folder, explorer, said)
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0


def wait_for_explorer(process: "subprocess.Popen[bytes]", log: Path) -> tuple[str, str]:
    """Wait for the line that names the explorer's address; fail with the log if it never comes."""
    deadline = time.monotonic() + STORY_SECONDS
    while time.monotonic() < deadline:
        said = log.read_text()
        if found := EXPLORER_LINE.search(said):
            return said, found[1]
        if process.poll() is not None:
            break
        time.sleep(0.1)
    pytest.fail(f"the demonstration did not come up:\n{log.read_text()}")


@pytest.fixture(scope="session")
def explorer(demo: RunningDemo) -> str:
    """Give the explorer's address, after the story was told."""
    return demo.explorer


@pytest.fixture(scope="session")
def facts(explorer: str) -> Callable[..., Any]:
    """Give a function that returns the JSON behind one of the explorer's pages."""

    def read(path: str, **query: Any) -> Any:
        address = f"{explorer}/{path}.json?{urlencode(query)}"
        with urllib.request.urlopen(address, timeout=30) as reply:
            return json.load(reply)

    return read


# Not longer than a file: while it is open, nothing else in this process can run an event loop.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's chromium without a window, or a skip that says what to install."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A fresh page whose console must stay without errors."""
    opened = chromium.new_page(viewport={"width": 1280, "height": 900})
    errors: list[str] = []
    opened.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    opened.close()
    assert errors == []
