"""Where the client thinks a node is, and what it makes of odd answers."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from ccxx_core.network import MAIN, REGTEST, TEST, Network
from ccxx_node.client.rpc import AccessError, NodeClient, NodeError, RpcError, connect


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("127.0.0.1", "127.0.0.1:11822"),
        ("http://node.example:5", "node.example:5"),
        ("http://me:secret@[::1]:5", "[::1]:5"),
        ("[::1]", "[::1]:11822"),
    ],
)
def test_address_is_read_in_every_usual_form(given: str, address: str) -> None:
    assert connect(given, REGTEST).address == address


@pytest.mark.parametrize(
    "given",
    [
        "http://me:secret@127.0.0.1:99999",
        "http://me:secret@127.0.0.1:0",
        "http://me:secret@[bad",
        # The password would go out in the clear.
        "https://me:secret@127.0.0.1:5",
    ],
)
def test_address_that_cannot_be_used_is_refused_without_its_password(given: str) -> None:
    with pytest.raises(NodeError) as error:
        connect(given, REGTEST)

    assert "127.0.0.1" in str(error.value) or "[bad" in str(error.value)
    assert "secret" not in str(error.value)


@pytest.fixture
def answering() -> Iterator[Callable[..., NodeClient]]:
    """Give a client of a server that answers whatever the test says."""
    servers: list[HTTPServer] = []

    def start(answer: Any, status: int = 200) -> NodeClient:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(answer).encode())

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        server = HTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()
        return NodeClient(f"http://127.0.0.1:{server.server_port}", auth="me:secret")

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [1, 2],
        [{"id": 0}, {"id": 0}],
        [{"id": 0}, {"id": None}],
        [{"id": 0}, {"id": [1]}],
        [{"id": 0}, {"id": 1, "error": "no"}],
    ],
)
def test_odd_answer_to_a_batch_is_an_error(
    answering: Callable[[Any], NodeClient], answer: Any
) -> None:
    client = answering(answer)

    with pytest.raises(NodeError):
        client.batch([("getblockcount", ()), ("getblockcount", ())])


def test_batch_is_put_in_the_order_of_its_calls(answering: Callable[[Any], NodeClient]) -> None:
    client = answering([{"id": 1, "result": "b"}, {"id": 0, "result": "a"}])

    assert client.batch([("first", ()), ("second", ())]) == ["a", "b"]


def test_call_that_is_not_allowed_names_user_method_and_both_causes(
    answering: Callable[..., NodeClient],
) -> None:
    client = answering("", 403)

    with pytest.raises(AccessError, match="-rpcallowip") as alone:
        client.call("stop")
    with pytest.raises(AccessError) as batch:
        client.batch([("getblockhash", (0,)), ("getblockhash", (1,)), ("getblock", ())])

    assert str(alone.value).endswith("its -rpcwhitelist does not let user me call stop")
    assert str(batch.value).endswith("let user me call getblock, getblockhash")
    assert "secret" not in str(alone.value)


def test_block_that_was_deleted_is_to_be_asked_of_another_node(
    answering: Callable[..., NodeClient],
) -> None:
    refusal = {"code": -1, "message": "Block not available (pruned data)"}
    client = answering({"id": 0, "result": None, "error": refusal})

    with pytest.raises(RpcError) as error:
        client.call("getblock", "00")

    assert error.value.message == refusal["message"]
    assert str(error.value).endswith("ask one that keeps all")


def test_node_that_does_not_answer_in_time_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://me:secret@127.0.0.1:{silent.getsockname()[1]}"
        client = connect(address, REGTEST, timeout=0.1)

        with pytest.raises(NodeError, match="did not answer in time"):
            client.block_count()


@pytest.mark.parametrize(("asked", "other"), [(MAIN, REGTEST), (REGTEST, MAIN), (TEST, REGTEST)])
def test_the_cookie_of_another_network_is_pointed_out(
    tmp_path: Path, asked: Network, other: Network
) -> None:
    cookie = tmp_path / other.data_folder / ".cookie"
    cookie.parent.mkdir(exist_ok=True)
    cookie.write_text("__cookie__:secret")

    with pytest.raises(NodeError) as error:
        connect("127.0.0.1:1", asked, tmp_path).block_count()

    assert f"give --network {other.chain}" in str(error.value)
    assert "secret" not in str(error.value)


def test_without_another_cookie_no_network_is_advised(tmp_path: Path) -> None:
    with pytest.raises(NodeError) as error:
        connect("127.0.0.1:1", REGTEST, tmp_path).block_count()

    assert "no cookie file" in str(error.value)
    assert "--network" not in str(error.value)
