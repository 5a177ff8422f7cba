"""The log names the rule behind every refused block, where `submitblock` only says `invalid`."""

import base64
import gzip
import json
import re
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ccxx_core.hashes import format_hash, sha256d
from ccxx_node.client.rpc import RpcError

LINE = re.compile(r"block refused (?:height=\d+ )?hash=([0-9a-f]{64}) reason=(.*)")


def block_of(case: dict[str, Any]) -> bytes:
    if "block_hex" in case:
        return bytes.fromhex(case["block_hex"])
    return gzip.decompress(base64.b64decode(case["block_gz"]))


def submit(node: Any, raw: bytes) -> Any:
    try:
        return node.client.call("submitblock", raw.hex())
    except RpcError as error:
        return {"error": {"code": error.code, "message": error.message}}


def return_to(node: Any, tip: str, height: int) -> None:
    while node.client.call("getbestblockhash") != tip:
        branch = node.client.call("getblockhash", height)
        above = node.client.call("getblockcount") > height and branch == tip
        node.client.call(
            "invalidateblock", node.client.call("getblockhash", height + 1) if above else branch
        )


def test_every_recorded_reason_is_in_the_log(start_node: Callable[..., Any], vectors: Path) -> None:
    recorded = json.loads((vectors / "chain" / "invalid-blocks.json").read_text())
    height, tip = recorded["base"]["height"], recorded["base"]["hash"]
    source = vectors / "chain" / "chain-main.blk.gz"
    node = start_node(f"-loadblock={source}", f"-mocktime={recorded['mocktime']}")
    node.wait_for_height(height)

    for case in recorded["cases"]:
        for before in case["pre"]:
            submit(node, block_of(before))
        assert submit(node, block_of(case)) == case["verdict"], case["name"]
        return_to(node, tip, height)
    node.stop()

    logged = defaultdict(list)
    for block_hash, reason in LINE.findall((node.datadir / "regtest" / "debug.log").read_text()):
        logged[block_hash].append(reason)
    refused = [case for case in recorded["cases"] if case["reject_reason"]]
    assert len(refused) > 250
    for case in refused:
        block_hash = format_hash(sha256d(block_of(case)[:80]))
        # Details follow behind a comma: ours say more in places.
        told = [reason for reason in logged[block_hash] if reason.startswith(case["reject_reason"])]
        assert told, (case["name"], logged[block_hash])
