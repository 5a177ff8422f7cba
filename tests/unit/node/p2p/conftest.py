"""Payloads that the reference daemon sent, recorded on loopback."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ccxx_node.p2p.messages import MerkleBlockMessage, Message, decode_message

RECORDED = Path(__file__).resolve().parents[3] / "vectors" / "p2p" / "reference.json"

Recorded = Callable[[str], list[Message]]


def _decode(command: str, payload: bytes) -> Message:
    if command == MerkleBlockMessage.command:
        return MerkleBlockMessage.decode(payload)
    message = decode_message(command, payload)
    assert message is not None, command
    return message


@pytest.fixture(scope="session")
def recorded() -> Recorded:
    """Give the recorded messages by what the recording says about them."""
    rows = json.loads(RECORDED.read_text())["messages"]

    def find(about: str) -> list[Message]:
        return [
            _decode(row["command"], bytes.fromhex(row["payload"]))
            for row in rows
            if row["about"] == about
        ]

    return find
