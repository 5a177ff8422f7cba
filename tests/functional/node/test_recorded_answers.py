"""Our answers have the shape, the numbers and the words of those recorded from the reference."""

import base64
import http.client
import json
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# Where we differ, and why that is no fault.
OTHER_WORDS = {"help", "help getblock", "too many params", "too few params", "stop with extra"}
OTHER_STORAGE = {
    "getblockchaininfo": {"size_on_disk"},
    "gettxoutsetinfo": {"disk_size"},
    "getmempoolinfo": {"usage"},
    "getblocktemplate": {"longpollid"},
    "getblocktemplate no rules": {"longpollid"},
}
# The name that each program gives itself.
OTHER_NAMES = {"getnetworkinfo": {"subversion"}, "getpeerinfo": {"subver"}}
OTHER_MEMBERS = OTHER_STORAGE | OTHER_NAMES
# What its stream of bytes says at its end; branches of one height in the order of its memory.
ITS_INSIDES = {"decodepsbt garbage", "getchaintips after invalidate"}
LEFT_OUT = OTHER_WORDS | ITS_INSIDES
# Later clients ask for these; the reference of that time did not have them.
OUR_ADDITIONS = {"vsize", "weight", "bip125-replaceable", "incrementalrelayfee"}


def without(value: Any, names: set[str], path: str, volatile: set[str]) -> Any:
    """Blank what changes from run to run, and leave out members by name."""
    if path in volatile:
        return "<volatile>"
    if isinstance(value, dict):
        return {
            name: without(member, names, f"{path}.{name}", volatile)
            for name, member in value.items()
            if name not in names
        }
    if isinstance(value, list):
        return [without(one, names, f"{path}[{i}]", volatile) for i, one in enumerate(value)]
    return value


class Caller:
    """Sends recorded requests exactly as they were sent."""

    def __init__(self, node: Any) -> None:
        cookie = (node.datadir / "regtest" / ".cookie").read_text()
        self.port = node.port
        self.tokens = {
            "good": "Basic " + base64.b64encode(cookie.encode()).decode(),
            "bad": "Basic " + base64.b64encode(b"nobody:wrong").decode(),
            "malformed": "Basic ***",
            "bearer": "Bearer abc",
        }

    def send(self, row: dict[str, Any]) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        token = self.tokens.get(row["auth"])
        headers = {"Authorization": token} if token else {}
        connection.request(row["http_method"], row["path"], row["request"], headers)
        response = connection.getresponse()
        answer = response.status, response.read().decode()
        connection.close()
        return answer


@pytest.fixture
def recorded(vectors: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((vectors / "chain" / "rpc-shapes.json").read_text())
    return found


def test_every_recorded_call_is_answered_alike(
    start_node: Callable[..., Any],
    recorded_blocks: list[bytes],
    recorded: dict[str, Any],
    tmp_path: Path,
) -> None:
    path = tmp_path / "all.blk"
    path.write_bytes(b"".join(struct.pack("<I", len(raw)) + raw for raw in recorded_blocks))
    shared = (f"-loadblock={path}", f"-mocktime={recorded['mocktime']}")
    port = free_port()
    peer = start_node("-listen=1", f"-bind=127.0.0.1:{port}", "-discover=0", *shared)
    peer.wait_for_height(recorded["base"]["height"])
    node = start_node("-txindex", f"-connect=127.0.0.1:{port}", *shared)
    node.wait_for_height(recorded["base"]["height"])
    wait_for_peer(node)
    caller, different = Caller(node), []

    for row in recorded["exchanges"]:
        status, text = caller.send(row)
        if row["name"] not in LEFT_OUT and (status != row["status"] or not is_alike(row, text)):
            different.append((row["name"], text[:3000]))

    assert different == []
    assert node.wait() == 0


def wait_for_peer(node: Any) -> None:
    deadline = time.monotonic() + 60
    while not any(
        one["version"] and one["synced_headers"] >= 0 and one["minping"]
        for one in node.client.call("getpeerinfo")
        if "minping" in one
    ):
        assert time.monotonic() < deadline, node.client.call("getpeerinfo")
        time.sleep(0.05)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        port: int = opened.getsockname()[1]
    return port


def is_alike(row: dict[str, Any], text: str) -> bool:
    if row["response"] is None:
        return "volatile_paths" in row or row["response_text"] == text
    volatile = set(row.get("volatile_paths", ()))
    names = OTHER_MEMBERS.get(row["name"], set())
    is_about_pool = row["name"].startswith(("getmempool", "getrawmempool"))
    additions = OUR_ADDITIONS if is_about_pool else set()
    try:
        answer = json.loads(text)
    except ValueError:
        return bool(row["response"] == text)
    wanted = without(row["response"], names, "$", volatile)
    return bool(wanted == without(answer, names | additions, "$", volatile))
