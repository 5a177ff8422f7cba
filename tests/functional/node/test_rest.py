"""REST: what anybody may read without a password, and what becomes of odd questions."""

import http.client
import json
import struct
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

ADDRESS = "rccx1q5dsmmq8palhmr77vh3d420fw2wgdzmq8t3zt2a"
NOWHERE = "11" * 32


def get(node: Any, path: str, body: bytes = b"") -> tuple[int, str, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", node.port, timeout=60)) as connection:
        connection.request("POST" if body else "GET", path, body)
        response = connection.getresponse()
        return response.status, response.headers["Content-Type"], response.read()


def get_json(node: Any, path: str, body: bytes = b"") -> Any:
    status, kind, content = get(node, path, body)
    assert (status, kind) == (200, "application/json"), content
    return json.loads(content)


@pytest.fixture(scope="module")
def node(start_lasting_node: Callable[..., Any]) -> Any:
    """A node with REST, an index and a few blocks."""
    running = start_lasting_node("-rest", "-txindex")
    running.client.call("generatetoaddress", 3, ADDRESS)
    return running


def test_block_is_the_same_in_every_form(node: Any) -> None:
    block_hash = node.client.call("getbestblockhash")

    _, kind, raw = get(node, f"/rest/block/{block_hash}.bin")
    status, text_kind, text = get(node, f"/rest/block/{block_hash}.hex")

    assert (status, kind, text_kind) == (200, "application/octet-stream", "text/plain")
    assert text == raw.hex().encode() + b"\n"
    assert raw.hex() == node.client.call("getblock", block_hash, 0)
    in_full = get_json(node, f"/rest/block/{block_hash}.json")
    assert in_full == json.loads(
        json.dumps(node.client.call("getblock", block_hash, 2), default=float)
    )
    assert list(in_full) == list(node.client.call("getblock", block_hash))
    assert isinstance(get_json(node, f"/rest/block/notxdetails/{block_hash}.json")["tx"][0], str)


def test_headers_go_up_from_a_block(node: Any) -> None:
    genesis = node.client.call("getblockhash", 0)

    found = get_json(node, f"/rest/headers/2/{genesis}.json")

    assert [header["height"] for header in found] == [0, 1]
    assert len(get(node, f"/rest/headers/2000/{genesis}.bin")[2]) == 4 * 80
    assert get(node, f"/rest/headers/5/{NOWHERE}.bin")[2] == b""


def test_transaction_names_its_block(node: Any) -> None:
    block = node.client.call("getblock", node.client.call("getbestblockhash"))
    txid = block["tx"][0]

    found = get_json(node, f"/rest/tx/{txid}.json")

    assert found["blockhash"] == block["hash"]
    assert get(node, f"/rest/tx/{txid}.bin")[2].hex() == found["hex"]


def test_unspent_outputs_are_told_apart_from_others(node: Any) -> None:
    txid = node.client.call("getblock", node.client.call("getbestblockhash"))["tx"][0]
    question = b"\x01\x02" + bytes.fromhex(txid)[::-1] + struct.pack("<I", 0) + b"\x11" * 36

    found = get_json(node, f"/rest/getutxos/{txid}-0/{NOWHERE}-7.json")
    _, _, answer = get(node, "/rest/getutxos.bin", question)
    _, _, in_hex = get(node, "/rest/getutxos.hex", question.hex().encode())

    assert found["bitmap"] == "10"
    assert [coin["height"] for coin in found["utxos"]] == [3]
    assert struct.unpack_from("<i", answer) == (3,)
    assert answer[36:39] == b"\x01\x01\x01"
    assert in_hex.strip() == answer.hex().encode()


def test_chain_and_pool_are_those_of_rpc(node: Any) -> None:
    assert get_json(node, "/rest/chaininfo.json") == json.loads(
        json.dumps(node.client.call("getblockchaininfo"), default=float)
    )
    assert get_json(node, "/rest/mempool/info.json")["size"] == 0
    assert get_json(node, "/rest/mempool/contents.json") == {}


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/rest/nothing", 404, "no such path"),
        ("/rest/tx/abc.json", 400, "Invalid hash: abc"),
        (f"/rest/tx/{NOWHERE}.json", 404, f"{NOWHERE} not found"),
        (f"/rest/block/{NOWHERE}.json", 404, f"{NOWHERE} not found"),
        (f"/rest/block/{NOWHERE}.xml", 400, f"Invalid hash: {NOWHERE}.xml"),
        ("/rest/chaininfo.bin", 404, "output format not found (available: json)"),
        (f"/rest/headers/{NOWHERE}.json", 400, "No header count specified."),
        (f"/rest/headers/0/{NOWHERE}.json", 400, "Header count out of range: 0"),
        (f"/rest/headers/2001/{NOWHERE}.json", 400, "Header count out of range: 2001"),
        ("/rest/headers/²/x.json", 400, "Header count out of range"),
        ("/rest/getutxos", 400, "Error: empty request"),
        ("/rest/getutxos.json", 400, "Error: empty request"),
        ("/rest/getutxos/checkmempool.json", 400, "Error: empty request"),
        ("/rest/getutxos/x-0.json", 400, "Parse error"),
        (f"/rest/getutxos/{NOWHERE}-99999999999.json", 400, "Parse error"),
        (f"/rest/getutxos/{'/'.join([f'{NOWHERE}-0'] * 16)}.json", 400, "max outpoints exceeded"),
    ],
)
def test_odd_paths_are_answered_in_plain_text(node: Any, path: str, status: int, text: str) -> None:
    found, kind, content = get(node, path.replace("²", "%C2%B2"))

    assert (found, kind) == (status, "text/plain")
    assert text in content.decode()


@pytest.mark.parametrize(
    "body", [b"\x00", b"\x00\x05", b"\x00\xff" + b"\xff" * 8, b"zz", b'{"checkmempool']
)
def test_odd_questions_about_outputs_are_parse_errors(node: Any, body: bytes) -> None:
    for form in ("bin", "hex"):
        status, _, text = get(node, f"/rest/getutxos.{form}", body)

        assert (status, text.strip()) in ((400, b"Parse error"), (200, text.strip()))


def test_large_question_is_refused(node: Any) -> None:
    assert get(node, "/rest/getutxos.bin", b"\0" * 20_000)[0] == 413


def test_without_the_option_there_is_no_rest(start_node: Callable[..., Any]) -> None:
    node = start_node()

    off = (404, "text/plain", b"REST is off: start with -rest\r\n")
    assert get(node, "/rest/chaininfo.json") == off
    # Outside of REST as the family answers: without a word.
    status, _, body = get(node, "/nothing")
    assert (status, body) == (404, b"")
