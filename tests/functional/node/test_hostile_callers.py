"""Callers who mean no good, or are broken: bounded, logged in one line, and no harm to others."""

import base64
import http.client
import json
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import pytest

from ccxx_core.hashes import Txid
from ccxx_core.script import p2wpkh_script
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput

ADDRESS = "rccx1q5dsmmq8palhmr77vh3d420fw2wgdzmq8t3zt2a"
# Of a coin that nobody has.
PAYMENT = (
    Transaction(
        2,
        (TxInput(OutPoint(Txid(bytes(range(32))), 0)),),
        (TxOutput(100_000, p2wpkh_script(bytes(20))),),
    )
    .encode()
    .hex()
)
IDLE = 1000
MOST_CONNECTIONS = 256
# Generous, for machines that do other work: what is measured takes milliseconds.
PROMPT_SECONDS = 2.0


def authorization(node: Any) -> str:
    cookie = (node.datadir / "regtest" / ".cookie").read_bytes()
    return "Basic " + base64.b64encode(cookie).decode()


def send(node: Any, body: str | bytes, token: str | None = None) -> tuple[int, str]:
    with closing(http.client.HTTPConnection("127.0.0.1", node.port, timeout=60)) as connection:
        headers = {"Authorization": authorization(node) if token is None else token}
        connection.request("POST", "/", body, headers)
        response = connection.getresponse()
        return response.status, response.read().decode()


def head(node: Any, length: int) -> bytes:
    return (
        f"POST / HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization(node)}\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


def lines_with(node: Any, *words: str) -> list[str]:
    lines = (node.datadir / "regtest" / "debug.log").read_text().splitlines()
    return [line for line in lines if all(word in line for word in words)]


def wait_for_line(node: Any, *words: str) -> list[str]:
    deadline = time.monotonic() + 20
    while not (found := lines_with(node, *words)):
        assert time.monotonic() < deadline, f"nothing logged of {words}"
        time.sleep(0.02)
    return found


def is_closed_within(connection: socket.socket, seconds: float) -> bool:
    connection.settimeout(seconds)
    try:
        while connection.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


@contextmanager
def slowest_answer_to_others(node: Any) -> Iterator[list[float]]:
    """Ask for the height all the time; the longest wait is put into the list at the end."""
    over, slowest = threading.Event(), [0.0]

    def ask() -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", node.port, timeout=60)) as connection:
            while not over.is_set():
                start = time.monotonic()
                headers = {"Authorization": authorization(node)}
                connection.request("POST", "/", '{"method": "getblockcount"}', headers)
                assert connection.getresponse().read()
                slowest[0] = max(slowest[0], time.monotonic() - start)
                over.wait(0.01)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield slowest
    finally:
        over.set()
        thread.join()


@pytest.fixture
def many_files() -> Iterator[None]:
    """Let this process open as many connections as the test wants."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4 * IDLE)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture(scope="module")
def busy_node(start_lasting_node: Callable[..., Any]) -> Any:
    """A node that is sent one large body after the other, whose log nobody reads."""
    return start_lasting_node()


def test_guessed_passwords_cost_the_guesser_alone(node: Any) -> None:
    guess = "Basic " + base64.b64encode(b"__cookie__:open-sesame").decode()
    statuses: list[int] = []

    def try_often() -> None:
        statuses.extend(send(node, '{"method": "stop"}', guess)[0] for _ in range(5))

    with slowest_answer_to_others(node) as slowest:
        threads = [threading.Thread(target=try_often) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert set(statuses) == {401}
    assert slowest[0] < PROMPT_SECONDS
    assert len(lines_with(node, "rpc refused", "reason=password")) == 1
    assert not lines_with(node, "open-sesame")


@pytest.mark.usefixtures("many_files")
def test_thousand_idle_connections_shut_nobody_out(node: Any) -> None:
    with ExitStack() as stack, slowest_answer_to_others(node) as slowest:
        idle = [
            stack.enter_context(socket.create_connection(("127.0.0.1", node.port), timeout=20))
            for _ in range(IDLE)
        ]

        status, _ = send(node, '{"method": "getblockcount"}')

        wait_for_line(node, "rpc disconnected", "too-many-connections")
        closed = sum(is_closed_within(one, 0.001) for one in idle)

    assert status == 200
    assert closed >= IDLE - MOST_CONNECTIONS
    assert slowest[0] < PROMPT_SECONDS
    assert len(lines_with(node, "too-many-connections")) == 1


def test_ten_megabytes_without_a_password_are_not_kept(busy_node: Any) -> None:
    with slowest_answer_to_others(busy_node) as slowest, pytest.raises((OSError, AssertionError)):
        status, _ = send(busy_node, b"[" * 10_000_000, "Basic bm9ib2R5Ondyb25n")
        assert status == 200

    assert slowest[0] < PROMPT_SECONDS
    assert busy_node.client.block_count() == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[" + b"1," * 5_000_000 + b"1]", 400),
        (b'{"a":' * 2_000_000, 500),
        (b'{"method": "submitblock", "params": ["' + b"00" * 5_000_000 + b'"]}', 500),
        (b'{"method": "echo", "params": [' + b"1" * 10_000_000 + b"]}", 200),
        (b"\0" * 10_000_000, 500),
        (b"1" * (33 * 1024 * 1024), 413),
    ],
    ids=["many-values", "deep", "block", "long-number", "zeros", "too-large"],
)
def test_ten_megabytes_of_anything_do_not_slow_others_down(
    busy_node: Any, body: bytes, status: int
) -> None:
    with slowest_answer_to_others(busy_node) as slowest:
        found, _ = send(busy_node, body)

    assert found == status
    assert slowest[0] < PROMPT_SECONDS


def test_batch_of_many_calls_lets_others_in(busy_node: Any) -> None:
    calls = [{"id": number, "method": "getblockcount"} for number in range(20_000)]

    with slowest_answer_to_others(busy_node) as slowest:
        status, text = send(busy_node, json.dumps(calls))

    assert status == 200
    assert len(json.loads(text)) == len(calls)
    assert slowest[0] < PROMPT_SECONDS


@pytest.mark.parametrize("sent", [b"", b"POST / HTTP/1.1\r\nHost: ", b"POST / HTTP/1.1\r\n"])
def test_half_a_request_is_not_waited_for(start_node: Callable[..., Any], sent: bytes) -> None:
    node = start_node("-rpcservertimeout=1")

    with socket.create_connection(("127.0.0.1", node.port)) as connection:
        connection.sendall(sent)

        assert is_closed_within(connection, 20)


def test_half_a_body_is_not_waited_for(start_node: Callable[..., Any]) -> None:
    node = start_node("-rpcservertimeout=1")

    with socket.create_connection(("127.0.0.1", node.port)) as connection:
        connection.sendall(head(node, 1000) + b'{"method"')

        assert is_closed_within(connection, 20)

    assert wait_for_line(node, "rpc disconnected", "reason=sends-nothing")


def test_whoever_does_not_read_is_disconnected(start_node: Callable[..., Any]) -> None:
    node = start_node("-rpcservertimeout=1")
    text = "x" * 8_000_000
    call = json.dumps([{"method": "echo", "params": [text]}] * 3).encode()

    with socket.create_connection(("127.0.0.1", node.port)) as connection:
        connection.sendall(head(node, len(call)) + call)

        assert wait_for_line(node, "rpc disconnected", "reason=reads-nothing")

    assert node.client.block_count() == 0


def test_what_is_no_http_is_refused_in_one_line(node: Any) -> None:
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", node.port)) as connection:
            connection.sendall(b"\x16\x03\x01 hello\r\n\r\n")

            assert is_closed_within(connection, 20)

    assert len(lines_with(node, "rpc refused", "reason=not-http")) == 1
    assert not lines_with(node, "Traceback")


def test_calls_that_wait_are_bounded_and_hinder_no_short_one(
    start_node: Callable[..., Any],
) -> None:
    node = start_node("-rpcthreads=1", "-rpcworkqueue=1")
    call = b'{"method": "waitfornewblock"}'

    with ExitStack() as stack:
        for _ in range(2):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", node.port)))
            one.sendall(head(node, len(call)) + call)
        deadline = time.monotonic() + 20
        while (answer := send(node, '{"method": "waitforblockheight", "params": [0]}'))[0] == 200:
            assert time.monotonic() < deadline

        assert answer == (500, "Work queue depth exceeded")
        assert send(node, '{"method": "getblockcount"}')[0] == 200
        # Payments wait only where the chain is on its way.
        tested = send(node, json.dumps({"method": "testmempoolaccept", "params": [[PAYMENT]]}))
        sent = send(node, json.dumps({"method": "sendrawtransaction", "params": [PAYMENT]}))

    assert (tested[0], "missing-inputs" in tested[1]) == (200, True)
    assert (sent[0], "Missing inputs" in sent[1]) == (500, True)
    assert len(wait_for_line(node, "rpc refused", "reason=queue-full")) == 1


def test_bodies_count_until_their_calls_are_answered(node: Any) -> None:
    padding = b', "x": "' + b"x" * 31_000_000 + b'"'
    call = b'{"method": "waitfornewblock"' + padding + b"}"

    with ExitStack() as stack:
        for _ in range(4):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", node.port)))
            one.sendall(head(node, len(call)) + call)
        deadline = time.monotonic() + 20
        while send(node, b'{"method": "getblockcount"' + padding + b"}")[0] != 413:
            assert time.monotonic() < deadline

        assert send(node, '{"method": "getblockcount"}')[0] == 200

    while send(node, b'{"method": "getblockcount"' + padding + b"}")[0] != 200:
        assert time.monotonic() < deadline


def test_call_that_waits_ends_when_its_caller_has_gone(start_node: Callable[..., Any]) -> None:
    node = start_node("-rpcthreads=1", "-rpcworkqueue=1")
    call = b'{"method": "waitfornewblock"}'

    for _ in range(10):
        with socket.create_connection(("127.0.0.1", node.port)) as connection:
            connection.sendall(head(node, len(call)) + call)

    deadline = time.monotonic() + 20
    while send(node, '{"method": "waitforblockheight", "params": [0]}')[0] != 200:
        assert time.monotonic() < deadline


def test_batch_whose_caller_left_while_it_mined_leaves_its_place(
    start_node: Callable[..., Any],
) -> None:
    node = start_node("-rpcthreads=1", "-rpcworkqueue=1")
    calls = [
        {"method": "generatetoaddress", "params": [100, ADDRESS]},
        {"method": "waitforblockheight", "params": [1_000_000]},
    ]
    batch = json.dumps(calls).encode()

    for height in (1, 101):
        with socket.create_connection(("127.0.0.1", node.port)) as connection:
            connection.sendall(head(node, len(batch)) + batch)
            node.wait_for_height(height)
        node.wait_for_height(height + 99)

    deadline = time.monotonic() + 20
    while send(node, '{"method": "waitforblockheight", "params": [0]}')[0] != 200:
        assert time.monotonic() < deadline


def test_mining_goes_on_when_its_caller_has_gone(node: Any) -> None:
    call = json.dumps({"method": "generatetoaddress", "params": [100, ADDRESS]}).encode()

    with socket.create_connection(("127.0.0.1", node.port)) as connection:
        connection.sendall(head(node, len(call)) + call)
        node.wait_for_height(1)

    node.wait_for_height(100)


def test_node_stops_at_once_while_callers_wait(node: Any) -> None:
    call = b'{"method": "waitfornewblock"}'

    with ExitStack() as stack:
        for _ in range(5):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", node.port)))
            one.sendall(head(node, len(call)) + call)
        start = time.monotonic()

        assert node.stop() == 0

    assert time.monotonic() - start < 20
    assert node.errors.read_text() == ""
