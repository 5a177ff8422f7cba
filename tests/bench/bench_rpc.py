"""How many calls a second RPC answers, against an aiohttp handler that does nothing at all.

Both are asked in turn by the same 16 connections that stay open; the line is the median of rounds,
and shows the processor time of one call too, which other work on the machine changes less.
"""

import asyncio
import base64
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import uvloop

CONNECTIONS = 16
ROUNDS = 9
SECONDS = 1.0
WARM_SECONDS = 0.3
CALL = b'{"jsonrpc":"1.0","id":1,"method":"getblockcount","params":[]}'
EMPTY_SERVER = """
import asyncio, sys, uvloop
from aiohttp import web

async def handle(request):
    return web.Response()

async def main():
    runner = web.ServerRunner(web.Server(handle, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(sys.argv[1])).start()
    await asyncio.Event().wait()

uvloop.run(main())
"""


class Client(asyncio.Protocol):
    """Sends the same request again whenever its answer is whole."""

    def __init__(self, request: bytes) -> None:
        self.request = request
        self.answered = 0
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, end, body = self.received.partition(b"\r\n\r\n")
        if end and len(body) >= int(head.lower().partition(b"content-length:")[2].split()[0]):
            if not head.startswith(b"HTTP/1.1 200"):
                raise SystemExit(head.decode())
            self.received = b""
            self.answered += 1
            self.transport.write(self.request)


async def ask(port: int, pid: int, request: bytes) -> tuple[float, float]:
    """Give answers a second, and microseconds of the server's processor time for each."""
    loop = asyncio.get_running_loop()
    clients = [
        (await loop.create_connection(lambda: Client(request), "127.0.0.1", port))[1]
        for _ in range(CONNECTIONS)
    ]
    await asyncio.sleep(WARM_SECONDS)
    before, used, start = sum(c.answered for c in clients), processor_time(pid), time.perf_counter()
    await asyncio.sleep(SECONDS)
    count = sum(c.answered for c in clients) - before
    seconds, spent = time.perf_counter() - start, processor_time(pid) - used
    for client in clients:
        client.transport.abort()
    return count / seconds, spent / count * 1e6


def processor_time(pid: int) -> float:
    """Give the seconds that a process has worked so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def request_for(authorization: str = "") -> bytes:
    """Build the whole request, the same for both servers but for the password."""
    head = f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n{authorization}"
    return (
        f"{head}Content-Type: application/json\r\nContent-Length: {len(CALL)}\r\n\r\n".encode()
        + CALL
    )


@contextmanager
def running(*command: str, port: int) -> Iterator[int]:
    """Start a program, wait until its port is open, and end it afterwards; gives its id."""
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.DEVNULL)
    try:
        while process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    """Give a port that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as opened:
        return opened.getsockname()[1]


def main() -> None:
    """Measure both in turn."""
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory())
        port, empty_port = free_port(), free_port()
        options = ("-regtest", f"-datadir={folder}", f"-rpcport={port}", "-listen=0")
        node = stack.enter_context(running("-m", "ccxx_node.daemon", *options, port=port))
        empty = stack.enter_context(running("-c", EMPTY_SERVER, str(empty_port), port=empty_port))
        cookie = Path(folder, "regtest", ".cookie").read_bytes()
        call = request_for(f"Authorization: Basic {base64.b64encode(cookie).decode()}\r\n")
        time.sleep(WARM_SECONDS)
        rounds = [
            (uvloop.run(ask(port, node, call)), uvloop.run(ask(empty_port, empty, request_for())))
            for _ in range(ROUNDS)
        ]
    result = {
        "bench": "rpc",
        "connections": CONNECTIONS,
        "value": round(statistics.median(ours[0] for ours, _ in rounds)),
        "unit": "calls/s",
        "limit": round(statistics.median(raw[0] for _, raw in rounds)),
        "ratio": round(statistics.median(ours[0] / raw[0] for ours, raw in rounds), 3),
        "microseconds": round(statistics.median(ours[1] for ours, _ in rounds), 1),
        "limit_microseconds": round(statistics.median(raw[1] for _, raw in rounds), 1),
    }
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
