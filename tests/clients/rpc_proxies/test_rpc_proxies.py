"""The usual Python libraries call our node: single calls, batches, amounts and errors."""

import json
import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from ccxx_core.hashes import format_hash
from ccxx_core.script import p2pkh_script

TOOL = os.environ.get("CCXX_RPC_PROXIES")
pytestmark = pytest.mark.skipif(
    TOOL is None, reason="CCXX_RPC_PROXIES is not set: tests/clients/rpc_proxies/README.md says how"
)

ASK = Path(__file__).with_name("ask.py")
COIN = 100_000_000
Node = Any
Call = Sequence[Any]


def ask(library: str, node: Node, *batches: Sequence[Call]) -> Any:
    """Return what a library gets from a node."""
    host, port = node.address.split(":")
    command = [f"{TOOL}/python", str(ASK), library, host, port, *node.cookie.split(":")]
    done = subprocess.run(
        command, input=json.dumps(batches), capture_output=True, text=True, check=True, timeout=60
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("library", ["python-bitcoinrpc", "bitcoin-utils"])
def test_library_calls_sends_and_is_refused(library: str, start_node: Callable[..., Node]) -> None:
    node = start_node()
    node.grow(20)
    tx = node.draft(p2pkh_script(bytes(20)), COIN)
    raw, txid = tx.encode().hex(), format_hash(tx.txid)

    count, hashes, sent, coin, too_high, unknown = ask(
        library,
        node,
        [["getblockcount"]],
        [["getblockhash", height] for height in range(21)],
        [["sendrawtransaction", raw]],
        [["gettxout", txid, 0]],
        [["getblockhash", 21]],
        [["nosuchmethod"]],
    )

    assert count == [20]
    assert hashes == [node.client.call("getblockhash", height) for height in range(21)]
    assert sent == [txid]
    assert coin[0]["value"] == "1.00000000"
    assert (too_high, unknown) == ([{"code": -8}], [{"code": -32601}])
    assert node.client.call("getrawmempool") == [txid]
