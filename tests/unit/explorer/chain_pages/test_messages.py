"""Decoded messages, word for word: one golden file for all recorded messages."""

import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from ccxx_explorer.contents import name_content
from ccxx_explorer.decode import DataOutput, decode_payload
from ccxx_explorer.indexer import NodeState
from ccxx_explorer.site import Site
from ccxx_explorer.web import create_app

GOLDEN = Path(__file__).resolve().parents[3] / "golden" / "explorer" / "messages.txt"


def printed(name: str, decoded: DataOutput) -> str:
    """Print a decoded message as the page lays it out."""
    lines = [f"{name}: {decoded.title}"]
    if decoded.problem:
        lines.append(f"  malformed: {decoded.problem}")
    for field in decoded.fields:
        last = field.offset + max(0, field.length - 1)
        lines.append(f"  {field.offset:2}-{last:2} {field.name}: {field.meaning} [{field.hex}]")
    return "\n".join(lines)


def test_messages_read_as_they_always_did(vectors: Path) -> None:
    parts = []
    for codec in ("ccxc", "bdip", "cred"):
        cases = json.loads((vectors / "messages" / f"{codec}.json").read_text())
        for case in (*cases["accepted"], *cases["refused"]):
            parts.append(printed(case["name"], decode_payload(bytes.fromhex(case["hex"]))))

    assert "\n".join(parts) + "\n" == GOLDEN.read_text()


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(72), "png"),
        (b"\xaa\x21\xa9\xed" + bytes(32), "witness-commitment"),
        (b"\xaa\x21\xa9\xed", "bytes"),
        (b'{"a": [1]}', "json"),
        (b"{" * 80, "text"),
        ("Grüße".encode(), "text"),
        (b"", "empty"),
        (bytes(range(200, 232)), "hash"),
        (b"\xff" * 80, "bytes"),
    ],
)
def test_bytes_of_others_are_named_by_how_they_begin(payload: bytes, name: str) -> None:
    assert name_content(payload) == name


@pytest.mark.parametrize(
    "payload",
    [
        b"<script>alert(1)</script>",
        "\u202egnp.exe\u2066".encode(),
        b"<svg onload=alert(1)>",
        bytes(range(80)),
        b"CCXC" + b"\xff" * 76,
        b"{{ 7 * 7 }}{% raw %}",
        b"%(count)s %s %d",
    ],
)
async def test_eighty_bytes_of_anything_make_a_page(chain: Any, payload: bytes) -> None:
    tx = chain.say(payload)
    site = _site(chain)

    async with TestClient(TestServer(create_app(site))) as client:
        reply = await client.get(f"/tx/{tx.txid[::-1].hex()}")
        text = await reply.text()

    assert reply.status == 200
    assert payload.hex() in text
    assert "alert(1)<" not in text
    assert not set(text) & set("\u202e\u2066\x00\x07")


def _site(chain: Any) -> Site:
    return Site(chain.database, lambda: NodeState(online=True, since=1_700_000_000))
