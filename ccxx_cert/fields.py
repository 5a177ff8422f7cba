"""Messages as plain facts for JSON and people: ids and hashes as hex, enums by their names."""

from dataclasses import fields
from typing import Any

from ccxx_cert.codec import encode_message
from ccxx_cert.records import (
    Custody,
    ExpiryKind,
    IssueMessage,
    Message,
    Op,
)

Fact = str | int | bool | None

_TXIDS = frozenset({"txid", "batch_txid"})


def message_fields(message: Message) -> dict[str, Fact]:
    """Return the op, the flags and every field of a message, as JSON shows them."""
    payload = encode_message(message)
    facts: dict[str, Fact] = {
        "op": Op(payload[5]).name,
        "flags": int.from_bytes(payload[6:8], "big"),
    }
    for field in fields(message):
        facts[field.name] = _fact(field.name, getattr(message, field.name))
    if isinstance(message, IssueMessage):
        del facts["tail"]
        facts |= _tail_facts(message)
    return facts


def _fact(name: str, value: Any) -> Fact:
    match value:
        case ExpiryKind() | Custody():
            return value.label
        case bytes():
            return (value[::-1] if name in _TXIDS else value).hex()
        case bool() | str() | None:
            return value
        case _:
            return int(value)


def _tail_facts(message: IssueMessage) -> dict[str, Fact]:
    if message.holder_key is not None:
        return {"tail_kind": "holder_key", "holder_key": message.holder_key.hex()}
    if message.text:
        return {"tail_kind": "text", "text": message.text}
    return {"tail_kind": "none"}
