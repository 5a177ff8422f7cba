"""The few connections to the node that web requests share, while the node is well and while not."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from ccxx_explorer.node_clients import NodeClients
from ccxx_node.client.rpc import NodeClient, NodeError, RpcError


class Answering(BaseHTTPRequestHandler):
    """A node that knows one number, and refuses everything else."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer one call."""
        call = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known = call["method"] == "getblockcount"
        answer = {"result": 7} if known else {"error": {"code": -5, "message": "no"}}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def node() -> Iterator[int]:
    """The port of a node that answers."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a node that takes calls and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as taken:
        yield taken.getsockname()[1]


class Clients:
    """Clients of one port, counted and closed at the end."""

    def __init__(self, port: int, timeout: float) -> None:
        self.made: list[NodeClient] = []
        self._port, self._timeout = port, timeout

    def __call__(self) -> NodeClient:
        client = NodeClient(f"http://127.0.0.1:{self._port}", auth="a:b", timeout=self._timeout)
        self.made.append(client)
        return client

    def close(self) -> None:
        """Close them all."""
        for client in self.made:
            client.close()


def test_many_threads_share_a_few_connections(node: int) -> None:
    connect = Clients(node, 5)
    clients = NodeClients(connect, size=3, wait_seconds=10)

    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: clients.ask(NodeClient.block_count), range(200)))
    connect.close()

    assert answers == [7] * 200
    assert len(connect.made) == 3


def test_refusal_of_the_node_is_an_answer(node: int) -> None:
    connect = Clients(node, 5)
    clients = NodeClients(connect)

    for _ in range(3):
        with pytest.raises(RpcError):
            clients.ask(lambda client: client.call("getnothing"))
    count = clients.ask(NodeClient.block_count)
    connect.close()

    assert count == 7


def test_node_that_hangs_is_asked_once_and_then_left_alone(silent: int) -> None:
    connect = Clients(silent, 0.3)
    clients = NodeClients(connect, rest_seconds=60)
    with pytest.raises(NodeError):
        clients.ask(NodeClient.block_count)

    began = time.monotonic()
    for _ in range(100):
        with pytest.raises(NodeError, match="a moment ago"):
            clients.ask(NodeClient.block_count)
    took = time.monotonic() - began
    connect.close()

    assert took < 0.3


def test_more_questions_than_connections_do_not_wait_for_long(silent: int) -> None:
    connect = Clients(silent, 2)
    clients = NodeClients(connect, size=2, wait_seconds=0.2, rest_seconds=60)
    began = time.monotonic()

    def ask(_number: int) -> str:
        with pytest.raises(NodeError) as error:
            clients.ask(NodeClient.block_count)
        return str(error.value)

    with ThreadPoolExecutor(20) as threads:
        said = list(threads.map(ask, range(20)))
    connect.close()

    assert sum("too many questions" in each for each in said) >= 10
    assert time.monotonic() - began < 10


def test_after_the_rest_one_question_tries_and_the_node_is_back(silent: int, node: int) -> None:
    connect = Clients(silent, 0.2)
    clients = NodeClients(connect, size=1, rest_seconds=0)
    with pytest.raises(NodeError):
        clients.ask(NodeClient.block_count)
    back = Clients(node, 5)

    answer = clients.ask(lambda _client: back().block_count())
    again = clients.ask(lambda _client: back().block_count())
    back.close()
    connect.close()

    assert (answer, again) == (7, 7)
