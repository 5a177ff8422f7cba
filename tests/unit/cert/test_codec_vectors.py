"""Every recorded payload decodes to its fields, or is refused for its reason."""

import json
from pathlib import Path
from typing import Any

import pytest

from ccxx_cert.codec import decode_message, encode_message
from ccxx_cert.errors import Malformed, NewerVersion, NotOurs
from ccxx_cert.fields import message_fields

FOLDER = Path(__file__).parents[2] / "vectors" / "messages"
FILES = [
    json.loads((FOLDER / name).read_text("utf-8")) for name in ("ccxc.json", "ccxc-edges.json")
]
ACCEPTED = [vector for file in FILES for vector in file["accepted"]]
REFUSED = [vector for file in FILES for vector in file["refused"]]


def _name(vector: dict[str, Any]) -> str:
    return str(vector["name"])


@pytest.mark.parametrize("vector", ACCEPTED, ids=_name)
def test_accepted_payload_decodes_to_its_fields(vector: dict[str, Any]) -> None:
    message = decode_message(bytes.fromhex(vector["hex"]))

    fields = message_fields(message)

    assert {name: fields[name] for name in vector["fields"]} == vector["fields"]


@pytest.mark.parametrize("vector", ACCEPTED, ids=_name)
def test_accepted_payload_encodes_to_the_same_bytes(vector: dict[str, Any]) -> None:
    message = decode_message(bytes.fromhex(vector["hex"]))

    payload = encode_message(message)

    assert payload.hex() == vector["hex"]


@pytest.mark.parametrize("vector", REFUSED, ids=_name)
def test_refused_payload_is_refused_for_its_reason(vector: dict[str, Any]) -> None:
    with pytest.raises((NotOurs, Malformed, NewerVersion)) as error:
        decode_message(bytes.fromhex(vector["hex"]))

    assert error.value.reason == vector["reason"]
