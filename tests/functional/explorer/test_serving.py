"""`ccxx-explorer serve` as it runs in public: sockets, proxies, slow visitors, logs, the end."""

import http.client
import json
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from ccxx_core.address import encode_address
from ccxx_core.network import REGTEST
from ccxx_core.script import p2wpkh_script
from ccxx_regtest.node import RegtestNode
from ccxx_regtest.processes import Process, free_ports, program

MINER = encode_address(p2wpkh_script(bytes(range(20))), REGTEST) or ""
# More than the kernel holds for a reader who does not read.
MANY_QUESTIONS = 3_000


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegtestNode]:
    """A node with some blocks."""
    folder = tmp_path_factory.mktemp("serving")
    with RegtestNode(folder / "node", folder / "node.log") as running:
        running.mine(30, MINER)
        yield running


class Served:
    """A running explorer with options of its own."""

    def __init__(self, folder: Path, node: RegtestNode, *options: str) -> None:
        self.port = free_ports(1)[0]
        self.database = folder / "index.sqlite"
        self.log = folder / "explorer.log"
        where = [f"--database={self.database}", f"--port={self.port}"]
        command = [program("ccxx-explorer"), "serve", *where, *options]
        self.process = Process("ccxx-explorer", command, self.log, node.settings)

    def ask(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Ask by TCP; returns status, headers and body."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as line:
            line.request("GET", path, headers=headers)
            reply = line.getresponse()
            return reply.status, dict(reply.headers), reply.read()

    def is_well(self) -> bool:
        """Tell whether the health check is answered with the whole chain."""
        try:
            status, _, body = self.ask("/healthz")
        except OSError:
            return False
        return status == 200 and json.loads(body)["height"] == 30

    def connect(self) -> socket.socket:
        """Open a connection to speak on."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=90)


@pytest.fixture
def serve(tmp_path: Path, node: RegtestNode) -> Iterator[object]:
    """Return a function that starts an explorer, which is stopped after the test."""
    running: list[Process] = []

    def start(*options: str) -> Served:
        served = Served(tmp_path, node, *options)
        running.append(served.process)
        if not any(option.startswith("--socket") for option in options):
            served.process.wait_until(served.is_well)
        return served

    yield start
    for process in running:
        process.stop()


def ask_by_socket(path: Path, request: bytes) -> bytes:
    """Ask at a Unix socket; b"" while there is none."""
    with socket.socket(socket.AF_UNIX) as line:
        try:
            line.connect(str(path))
            line.sendall(request)
            line.settimeout(30)
            return b"".join(iter(lambda: line.recv(65_536), b""))
        except OSError:
            return b""


def test_a_unix_socket_serves_the_web_server_in_front_and_its_group(
    serve: type[Served], tmp_path: Path
) -> None:
    path = tmp_path / "explorer.sock"
    served = serve(f"--socket={path}", "--rate=0.01", "--burst=1")
    health = b"GET /healthz HTTP/1.0\r\n\r\n"
    served.process.wait_until(lambda: b" 200 " in ask_by_socket(path, health)[:20])
    question = b"GET /blocks.json HTTP/1.0\r\nX-Forwarded-For: 203.0.113.%d\r\n\r\n"

    answers = [ask_by_socket(path, question % number)[9:12] for number in (1, 1, 2)]

    assert answers == [b"200", b"429", b"200"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o660


def test_the_log_has_a_line_for_every_request_and_nothing_of_what_was_asked(
    serve: type[Served],
) -> None:
    served = serve("--access-log", "--proxy=127.0.0.0/8")

    served.ask("/search?q=my-secret-document", **{"X-Forwarded-For": "203.0.113.9"})

    served.process.wait_until(lambda: "path=/search " in served.log.read_text())
    log = served.log.read_text()
    line = next(line for line in log.splitlines() if "path=/search " in line)
    assert "request answered method=GET" in line
    assert "status=404" in line or "status=400" in line
    assert "client=203.0.113.9" in line
    assert "my-secret-document" not in log


def test_bytes_that_are_no_request_are_one_line_in_the_log(serve: type[Served]) -> None:
    served = serve()
    with served.connect() as line:
        line.sendall(b"\x16\x03\x01\x02\x00garbage\r\n\r\n")
        line.recv(65_536)

    assert served.is_well()
    assert "Traceback" not in served.log.read_text()


def test_who_begins_a_request_and_never_ends_it_is_let_go(serve: type[Served]) -> None:
    served = serve()
    begun = time.monotonic()
    with served.connect() as line:
        line.sendall(b"GET / HTTP/1.1\r\n")

        # The line is closed by the server: nothing more comes.
        assert line.recv(1) == b""

    assert time.monotonic() - begun < 60
    assert served.is_well()


def test_who_does_not_read_hinders_nobody(serve: type[Served]) -> None:
    served = serve("--rate=0")
    with served.connect() as line:
        line.settimeout(1)
        with suppress(TimeoutError):
            line.sendall(b"GET /docs HTTP/1.1\r\nHost: x\r\n\r\n" * MANY_QUESTIONS)

        assert served.is_well()


def test_a_page_says_where_it_is_as_it_was_configured(serve: type[Served]) -> None:
    served = serve("--url=https://explorer.example/")

    _, _, page = served.ask("/", Host="evil.example")

    assert b'href="https://explorer.example/"' in page
    assert b"evil.example" not in page


def test_it_ends_when_told_to_also_while_somebody_listens(serve: type[Served]) -> None:
    served = serve()
    with served.connect() as line:
        line.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
        assert line.recv(1)
        begun = time.monotonic()

        served.process.stop()

    assert time.monotonic() - begun < 20
    assert "Traceback" not in served.log.read_text()
