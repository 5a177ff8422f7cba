"""Threads that ask one node: RPC callers of every kind, and peers that come, ask and leave."""

import random
import socket
import threading
from collections import Counter
from contextlib import suppress
from typing import Any

from ccxx_core.errors import DecodeError
from ccxx_core.network import REGTEST
from ccxx_node.client.rpc import NodeClient, NodeError, RpcError, connect
from ccxx_node.p2p import messages as m
from ccxx_node.p2p.messages.wire import FrameReader, encode_message
from ccxx_regtest.node import RegtestNode

CALLERS = 4
VISITORS = 2
_PAUSE_SECONDS = 0.05
_VISIT_SECONDS = 10.0
_BLOCKS_A_VISIT = 16

Call = tuple[Any, ...]


def some_call(client: NodeClient, rng: random.Random) -> Call:
    """Choose a call; the rare ones are the long ones."""
    height = rng.randint(0, client.block_count())
    block_hash = client.call("getblockhash", height)
    common: list[Call] = [
        ("getblock", block_hash, rng.randint(0, 2)),
        ("getblockheader", block_hash),
        ("getblockchaininfo",),
        ("getrawmempool", True),
        ("getmempoolinfo",),
        ("getpeerinfo",),
        ("getnettotals",),
        ("getnetworkinfo",),
        ("getmininginfo",),
        ("getchaintips",),
        ("getblocktemplate", {"rules": ["segwit"]}),
        ("estimatesmartfee", 6),
        ("getnodeaddresses", 10),
        ("waitfornewblock", 500),
        ("uptime",),
        ("help",),
    ]
    rare: list[Call] = [
        ("gettxoutsetinfo",),
        ("verifychain", 3, 20),
        ("getblockstats", height),
        ("savemempool",),
        ("ping",),
    ]
    return rng.choice(rare if rng.random() < 0.02 else common)


class Callers:
    """All threads; what each call came to is counted by its method."""

    def __init__(self, node: RegtestNode) -> None:
        self.calls: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self.visits = 0
        self._node = node
        self._over = threading.Event()
        works = [self._ask] * CALLERS + [self._visit] * VISITORS
        self._threads = [
            threading.Thread(target=work, args=(random.Random(number),), daemon=True)
            for number, work in enumerate(works)
        ]

    def start(self) -> None:
        """Begin to ask."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Return when all threads have ended."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, rng: random.Random) -> None:
        client = connect(self._node.address, REGTEST, self._node.datadir)
        while not self._over.wait(_PAUSE_SECONDS):
            method = "getblockcount"
            try:
                call = some_call(client, rng)
                method = call[0]
                client.call(*call)
                self.calls[method] += 1
            except RpcError as error:
                # Warming up after a restart is no failure.
                if error.code != -28:
                    self.failures[f"{method}: {error}"] += 1
            except NodeError:
                client.close()
        client.close()

    def _visit(self, rng: random.Random) -> None:
        host, _, port = self._node.peer_address.rpartition(":")
        while not self._over.wait(10 * _PAUSE_SECONDS):
            with (
                suppress(OSError, DecodeError),
                socket.create_connection((host, int(port)), _VISIT_SECONDS) as connection,
            ):
                _talk(connection, rng)
                self.visits += 1


def _talk(connection: socket.socket, rng: random.Random) -> None:
    """Ask for headers from the start and some blocks of theirs, and leave."""
    services = m.NODE_NETWORK | m.NODE_WITNESS
    version = m.Version(70015, services, 0, nonce=rng.getrandbits(64), user_agent="/visitor/")
    reader = FrameReader(REGTEST.magic)
    pending = 0

    def say(message: m.Message) -> None:
        connection.sendall(encode_message(REGTEST.magic, message))

    def hear(frame_command: str, payload: bytes) -> int:
        message = m.decode_message(frame_command, payload)
        match message:
            case m.Version():
                say(m.Verack())
            case m.Verack():
                say(m.GetHeaders((m.NO_STOP,)))
                say(m.Ping(1))
            case m.Headers(headers):
                chosen = rng.sample(headers, min(len(headers), _BLOCKS_A_VISIT))
                say(m.GetData(tuple(m.InventoryItem(m.MSG_WITNESS_BLOCK, h.hash) for h in chosen)))
                return len(chosen)
            case m.BlockMessage():
                return -1
        return 0

    say(version)
    while data := connection.recv(65536):
        for frame in reader.feed(data):
            change = hear(frame.command, frame.payload)
            pending += change
            if change < 0 and pending == 0:
                return
