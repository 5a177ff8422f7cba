"""The wire rules of JSON-RPC that deployed clients rely on."""

import base64
import hashlib
import hmac
import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

METHOD_NOT_FOUND = {"code": -32601, "message": "Method not found"}
PARSE_ERROR = {"code": -32700, "message": "Parse error"}
# Such an id can be read, but no answer can carry it.
TOO_DEEP = "[" * 400 + "]" * 400


class Wire:
    """Raw HTTP to a node, as any client would speak it."""

    def __init__(self, port: int, credentials: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.basic = "Basic " + base64.b64encode(credentials.encode()).decode()

    def send(
        self,
        body: str | bytes,
        authorization: str | None = None,
        method: str = "POST",
        path: str = "/",
    ) -> tuple[int, http.client.HTTPMessage, str]:
        headers = {"Authorization": self.basic if authorization is None else authorization}
        if authorization == "":
            headers = {}
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        return response.status, response.headers, response.read().decode()


@pytest.fixture(scope="module")
def node(start_lasting_node: Callable[..., Any]) -> Any:
    """A node without a block, of which all here ask and which nobody changes."""
    return start_lasting_node()


@pytest.fixture
def wire(node: Any) -> Iterator[Wire]:
    opened = Wire(node.port, (node.datadir / "regtest" / ".cookie").read_text())
    yield opened
    opened.connection.close()


def test_answer_is_compact_json_without_a_charset(wire: Wire) -> None:
    status, headers, text = wire.send('{"id": "a", "method": "getblockcount", "params": []}')

    assert status == 200
    assert headers["Content-Type"] == "application/json"
    assert text == '{"result":0,"error":null,"id":"a"}\n'


def test_connection_is_kept_open(wire: Wire) -> None:
    wire.send('{"method": "getblockcount"}')
    socket = wire.connection.sock

    wire.send('{"method": "getblockcount"}')

    assert wire.connection.sock is socket


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ('{"id": 1, "method": "nosuch"}', 404, METHOD_NOT_FOUND),
        ('{"id": 1}', 400, {"code": -32600, "message": "Missing method"}),
        ('{"id": 1, "method": 5}', 400, {"code": -32600, "message": "Method must be a string"}),
        ("{not json", 500, {"code": -32700, "message": "Parse error"}),
        ('{"id": "\\ud800"}', 500, {"code": -32700, "message": "Parse error"}),
        ('{"id": 1e9999999999999999999}', 500, {"code": -32700, "message": "Parse error"}),
        ("[" * 100_000, 500, {"code": -32700, "message": "Parse error"}),
        (f'{{"id": {TOO_DEEP}, "method": "nosuch"}}', 500, PARSE_ERROR),
        (f'[{{"id": 1}}, {{"id": {TOO_DEEP}, "method": "nosuch"}}]', 500, PARSE_ERROR),
        (f'{{"id": 1, "method": "echo", "params": [{TOO_DEEP}]}}', 500, PARSE_ERROR),
        (b'{"id": "\xed\xa0\x80", "method": "nosuch"}', 500, PARSE_ERROR),
        ('{"id": "\\ud800", "method": "nosuch"}'.encode("utf-16"), 500, PARSE_ERROR),
        ("", 500, {"code": -32700, "message": "Parse error"}),
        ('"x"', 500, {"code": -32700, "message": "Top-level object parse error"}),
        (
            '{"id": 1, "method": "getblockcount", "params": "x"}',
            400,
            {"code": -32600, "message": "Params must be an array or object"},
        ),
        (
            '{"id": 1, "method": "getblockhash", "params": ["abc"]}',
            500,
            {"code": -1, "message": "JSON value is not an integer as expected"},
        ),
        (
            '{"id": 1, "method": "getblockhash", "params": [1000]}',
            500,
            {"code": -8, "message": "Block height out of range"},
        ),
        (
            '{"id": 1, "method": "getblockhash", "params": {"hight": 5}}',
            500,
            {"code": -8, "message": "Unknown named parameter hight"},
        ),
    ],
)
def test_error_has_the_status_that_clients_expect(
    wire: Wire, body: str | bytes, status: int, error: dict[str, Any]
) -> None:
    found, _, text = wire.send(body)

    assert found == status
    assert json.loads(text)["error"] == error
    assert json.loads(text)["result"] is None


def test_batch_is_answered_in_order_with_errors_inside(wire: Wire) -> None:
    calls = [{"id": 1, "method": "getblockcount"}, {"id": 2, "method": "nosuch"}, 1]

    status, _, text = wire.send(json.dumps(calls))

    assert status == 200
    assert json.loads(text) == [
        {"result": 0, "error": None, "id": 1},
        {"result": None, "error": METHOD_NOT_FOUND, "id": 2},
        {
            "result": None,
            "error": {"code": -32600, "message": "Invalid Request object"},
            "id": None,
        },
    ]


def test_named_parameters_and_missing_id_are_understood(wire: Wire) -> None:
    _, _, text = wire.send('{"method": "getblockhash", "params": {"height": 0}}')

    assert json.loads(text)["id"] is None
    assert len(json.loads(text)["result"]) == 64


def test_amounts_have_eight_decimals(wire: Wire) -> None:
    _, _, text = wire.send('{"method": "getmempoolinfo"}')

    assert '"minrelaytxfee":0.00001000' in text


@pytest.mark.parametrize("authorization", ["", "Basic bm9ib2R5Ondyb25n", "Basic ***", "Bearer abc"])
def test_stranger_is_asked_for_a_password(wire: Wire, authorization: str) -> None:
    status, headers, _ = wire.send('{"method": "getblockcount"}', authorization)

    assert status == 401
    assert headers["WWW-Authenticate"] == 'Basic realm="jsonrpc"'


def test_only_post_to_the_root_or_a_wallet_is_served(wire: Wire) -> None:
    call = '{"id": 1, "method": "getblockcount"}'

    assert wire.send("", method="GET")[::2] == (405, "JSONRPC server handles only POST requests")
    assert wire.send(call, path="/nosuch")[0] == 404
    assert wire.send(call, path="/wallet/x")[0] == 200


def test_block_of_four_megabytes_fits_into_a_call(wire: Wire) -> None:
    status, _, text = wire.send(json.dumps({"method": "submitblock", "params": ["00" * 4_000_000]}))

    assert status == 500
    assert json.loads(text)["error"]["code"] == -22


def test_configured_users_are_let_in(start_node: Callable[..., Any]) -> None:
    digest = hmac.new(b"salt", b"secret", hashlib.sha256).hexdigest()
    node = start_node(f"-rpcauth=alice:salt${digest}")

    alice = Wire(node.port, "alice:secret")
    mallory = Wire(node.port, "alice:guess")

    with closing(alice.connection), closing(mallory.connection):
        assert alice.send('{"method": "getblockcount"}')[0] == 200
        assert mallory.send('{"method": "getblockcount"}')[0] == 401


def test_every_method_explains_itself(node: Any) -> None:
    listing = node.client.call("help")
    names = [line.split()[0] for line in listing.splitlines() if line and line[0] != "="]

    texts = [node.client.call("help", name) for name in names]

    assert len(names) > 30
    assert all(text.partition("\n\n")[2] for text in texts)
