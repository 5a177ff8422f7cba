"""The Chainpoint v2 receipt: a path from a file's hash to a root, and where the root is anchored.

The tree is that of `batch_tree`: a leaf is the SHA-256 of a file, an odd last node is promoted.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from ccxx_cert.batch_tree import ProofStep, Side, root_from_proof
from ccxx_cert.canonical import decode_json
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import Txid, format_hash, parse_txid

CONTEXT = "https://w3id.org/chainpoint/v2"
TYPE = "ChainpointSHA256v2"
LONGEST_RECEIPT = 65_536  # bytes
_MOST_STEPS = 64
_MOST_ANCHORS = 16
_HEX = frozenset("0123456789abcdef")


class AnchorType(StrEnum):
    """Where a root is anchored: the first is what we write, the others what the published tool
    writes, on whichever chain of the family it runs.
    """

    CCX = "CCXOpReturn"
    BTC = "BTCOpReturn"
    BTC_TEST = "BTCTestnetOpReturn"
    LTC = "LTCOpReturn"
    LTC_TEST = "LTCTestnetOpReturn"


class Anchor(NamedTuple):
    """A transaction whose message carries the root."""

    type: AnchorType
    txid: Txid


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt claims; nothing in it is true before it was checked."""

    target_hash: bytes
    merkle_root: bytes
    proof: tuple[ProofStep, ...]
    anchors: tuple[Anchor, ...]

    @property
    def leads_to_root(self) -> bool:
        """Whether the path leads from the target hash to the root."""
        return root_from_proof(self.target_hash, self.proof) == self.merkle_root


def decode_receipt(text: str | bytes) -> Receipt:
    """Read a receipt in any layout, with exactly its keys; raises DecodeError."""
    if len(text) > LONGEST_RECEIPT:
        raise DecodeError(f"receipt of {len(text)} characters, at most {LONGEST_RECEIPT}")
    fields = _object(decode_json(text), "receipt")
    wanted = {"@context", "type", "targetHash", "merkleRoot", "proof", "anchors"}
    if fields.keys() != wanted:
        raise DecodeError(f"receipt has not exactly the keys {', '.join(sorted(wanted))}")
    if fields["@context"] != CONTEXT or fields["type"] != TYPE:
        raise DecodeError("receipt is not of Chainpoint version 2 over SHA-256")
    return Receipt(
        target_hash=decode_digest(fields["targetHash"], "targetHash"),
        merkle_root=decode_digest(fields["merkleRoot"], "merkleRoot"),
        proof=decode_path(fields["proof"]),
        anchors=tuple(map(_anchor, _list(fields["anchors"], "anchors", _MOST_ANCHORS))),
    )


def encode_receipt(receipt: Receipt) -> str:
    """Write a receipt as the published tool does: keys in this order, Python's separators."""
    fields = {
        "@context": CONTEXT,
        "type": TYPE,
        "targetHash": receipt.target_hash.hex(),
        "merkleRoot": receipt.merkle_root.hex(),
        "proof": [{step.side.value: step.digest.hex()} for step in receipt.proof],
        "anchors": [
            {"type": anchor.type.value, "sourceId": format_hash(anchor.txid)}
            for anchor in receipt.anchors
        ],
    }
    return json.dumps(fields)


def decode_path(value: Any) -> tuple[ProofStep, ...]:
    """Read the steps of a path from JSON, `[{"left"|"right": hex}…]`; raises DecodeError."""
    return tuple(map(_step, _list(value, "proof", _MOST_STEPS)))


def decode_digest(value: Any, name: str) -> bytes:
    """Read a hash of 32 bytes from JSON, in small hex digits; raises DecodeError."""
    if not isinstance(value, str) or len(value) != 64 or not set(value) <= _HEX:
        raise DecodeError(f"{name} is not 64 hex digits")
    return bytes.fromhex(value)


def _step(value: Any) -> ProofStep:
    items = list(_object(value, "step of the proof").items())
    if len(items) != 1 or items[0][0] not in (Side.LEFT, Side.RIGHT):
        raise DecodeError("a step of the proof has one key, left or right")
    side, digest = items[0]
    return ProofStep(Side(side), decode_digest(digest, side))


def _anchor(value: Any) -> Anchor:
    fields = _object(value, "anchor")
    if fields.keys() != {"type", "sourceId"}:
        raise DecodeError("an anchor has the keys type and sourceId")
    try:
        kind = AnchorType(fields["type"])
    except ValueError:
        raise DecodeError(f"anchor is none of {', '.join(AnchorType)}") from None
    decode_digest(fields["sourceId"], "sourceId")
    return Anchor(kind, parse_txid(fields["sourceId"]))


def _object(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise DecodeError(f"{name} is no JSON object")
    return value


def _list(value: Any, name: str, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise DecodeError(f"{name} is no JSON array of at most {most}")
    return value
