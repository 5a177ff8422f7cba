"""Our answers have the shape, the numbers and the words of those recorded from the reference."""

import base64
import http.client
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# Where we differ, and why that is no fault.
OTHER_WORDS = {"help", "help getblock", "too many params", "too few params", "stop with extra"}
NEEDS_PEERS = {
    "getpeerinfo", "getconnectioncount", "getnetworkinfo", "setban add", "listbanned one",
    "setban twice", "setban remove", "setban remove missing", "clearbanned", "addnode add",
    "addnode twice", "getaddednodeinfo one", "addnode remove", "addnode remove missing",
    "disconnectnode unknown", "setnetworkactive off", "setnetworkactive on",
}  # fmt: skip
OTHER_STORAGE = {
    "getblockchaininfo": {"size_on_disk"},
    "gettxoutsetinfo": {"disk_size"},
    "getmempoolinfo": {"usage"},
    "getblocktemplate": {"longpollid"},
    "getblocktemplate no rules": {"longpollid"},
}
# The reference grinds signatures until R is short; ours are the plain ones of RFC 6979.
OTHER_SIGNATURES = {
    "signrawtransactionwithkey hashtype",
    "signrawtransactionwithkey multisig part 1",
    "signrawtransactionwithkey p2wsh",
}
# Memory pages, fee statistics and log categories of the reference's own; branches of one height
# come in the order of its memory addresses.
ITS_INSIDES = {
    "getmemoryinfo", "estimaterawfee", "logging", "decodepsbt garbage",
    "getchaintips after invalidate",
}  # fmt: skip
LEFT_OUT = OTHER_WORDS | NEEDS_PEERS | OTHER_SIGNATURES | ITS_INSIDES
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
    node = start_node("-txindex", f"-loadblock={path}", f"-mocktime={recorded['mocktime']}")
    node.wait_for_height(recorded["base"]["height"])
    caller, different = Caller(node), []

    for row in recorded["exchanges"]:
        status, text = caller.send(row)
        if row["name"] not in LEFT_OUT and (status != row["status"] or not is_alike(row, text)):
            different.append((row["name"], text[:300]))

    assert different == []
    assert node.wait() == 0


def is_alike(row: dict[str, Any], text: str) -> bool:
    if row["response"] is None:
        return "volatile_paths" in row or row["response_text"] == text
    volatile = set(row.get("volatile_paths", ()))
    names = OTHER_STORAGE.get(row["name"], set())
    is_about_pool = row["name"].startswith(("getmempool", "getrawmempool"))
    additions = OUR_ADDITIONS if is_about_pool else set()
    try:
        answer = json.loads(text)
    except ValueError:
        return bool(row["response"] == text)
    wanted = without(row["response"], names, "$", volatile)
    return bool(wanted == without(answer, names | additions, "$", volatile))
