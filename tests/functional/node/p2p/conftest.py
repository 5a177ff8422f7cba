"""Nodes that listen for peers, and peers that say whatever a test wants said."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from ccxx_core.network import REGTEST
from ccxx_node.client.rpc import connect
from ccxx_node.p2p import messages as m
from ccxx_node.p2p.messages.wire import FrameReader, encode_frame, encode_message
from ccxx_regtest import chain_cache
from ccxx_regtest.node import RegtestNode

WAIT_SECONDS = 60.0
StartNode = Callable[..., RegtestNode]


class Stranger:
    """One connection to a node, spoken by hand."""

    def __init__(self, node: RegtestNode) -> None:
        """Connect and say nothing yet."""
        host, _, port = node.peer_address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), WAIT_SECONDS)
        self._reader = FrameReader(REGTEST.magic)
        self._heard: list[m.Message] = []

    def introduce(self, services: int = m.NODE_NETWORK | m.NODE_WITNESS) -> None:
        """Exchange versions as every good peer does."""
        self.say(m.Version(70015, services, int(time.time()), user_agent="/stranger/"))
        self.say(m.Verack())
        # What the node says when it has read our verack too.
        self.hear(m.SendHeaders)

    def say(self, *messages: m.Message) -> None:
        """Send messages."""
        self.send(b"".join(encode_message(REGTEST.magic, message) for message in messages))

    def say_payload(self, command: str, payload: bytes) -> None:
        """Send a well-formed frame with any payload."""
        self.send(encode_frame(REGTEST.magic, command, payload))

    def send(self, data: bytes) -> None:
        """Send bytes, as far as the other side still takes them."""
        with suppress(ConnectionError):
            self.socket.sendall(data)

    def hear(self, kind: type, seconds: float = WAIT_SECONDS) -> Any:
        """Return the next message of a kind; fail if it does not come in time."""
        deadline = time.monotonic() + seconds
        while True:
            for position, message in enumerate(self._heard):
                if isinstance(message, kind):
                    del self._heard[: position + 1]
                    return message
            self.socket.settimeout(max(0.01, deadline - time.monotonic()))
            data = self.socket.recv(65536)
            assert data, f"closed before {kind.__name__} came"
            for frame in self._reader.feed(data):
                decoded = m.decode_message(frame.command, frame.payload)
                self._heard += [] if decoded is None else [decoded]

    def wait_until_heard(self) -> None:
        """Return when the node has taken in all that was said."""
        nonce = time.monotonic_ns()
        self.say(m.Ping(nonce))
        while self.hear(m.Pong).nonce != nonce:
            pass

    def is_closed(self) -> bool:
        """Tell whether the node ends the connection."""
        self.socket.settimeout(WAIT_SECONDS)
        try:
            while self.socket.recv(65536):
                pass
        except TimeoutError:
            return False
        except ConnectionError:
            return True
        return True


@pytest.fixture
def start_node(tmp_path: Path) -> Iterator[StartNode]:
    """Give a function that starts a node by name; its coins can be spent after 5 blocks."""
    with ExitStack() as stack:

        def start(name: str, *options: str, has_chain: bool = False) -> RegtestNode:
            chosen = options if has_chain else ("-testmaturity=5", *options)
            if has_chain:
                chain_cache.copy_chain(tmp_path / name, lambda _: None)
            log = tmp_path / f"{name}.log"
            return stack.enter_context(RegtestNode(tmp_path / name, log, chosen, listens=True))

        yield start


@pytest.fixture
def meet() -> Iterator[Callable[[RegtestNode], Stranger]]:
    """Give a function that connects a stranger to a node."""
    with ExitStack() as stack:

        def connect_stranger(node: RegtestNode) -> Stranger:
            stranger = Stranger(node)
            stack.callback(stranger.socket.close)
            return stranger

        yield connect_stranger


@contextmanager
def _watch(node: RegtestNode) -> Iterator[list[float]]:
    peer, client = Stranger(node), connect(node.address, REGTEST, node.datadir)
    peer.introduce()
    over, slowest, failures = threading.Event(), [0.0], list[BaseException]()

    def ask() -> None:
        try:
            while not over.wait(0.01):
                start = time.monotonic()
                peer.wait_until_heard()
                client.block_count()
                slowest[0] = max(slowest[0], time.monotonic() - start)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield slowest
    finally:
        over.set()
        thread.join()
        peer.socket.close()
        client.close()
    assert not failures, failures


@pytest.fixture
def slowest_answer_to_others() -> Callable[[RegtestNode], Any]:
    """Give a context in which a good peer and a caller ask a node all the time.

    Its value holds the longest time that both together had to wait, in seconds.
    """
    return _watch
