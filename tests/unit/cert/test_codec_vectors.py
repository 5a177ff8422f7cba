"""Every recorded payload decodes to its fields, or is refused for its reason."""

import json
from pathlib import Path
from typing import Any

import pytest

from ccxx_cert.codec import decode_message, encode_message
from ccxx_cert.errors import Malformed, NewerVersion, NotOurs
from ccxx_cert.fields import message_fields

VECTORS = json.loads(
    (Path(__file__).parents[2] / "vectors" / "messages" / "ccxc.json").read_text("utf-8")
)


def _name(vector: dict[str, Any]) -> str:
    return str(vector["name"])


@pytest.mark.parametrize("vector", VECTORS["accepted"], ids=_name)
def test_accepted_payload_decodes_to_its_fields(vector: dict[str, Any]) -> None:
    message = decode_message(bytes.fromhex(vector["hex"]))

    fields = message_fields(message)

    assert {name: fields[name] for name in vector["fields"]} == vector["fields"]


@pytest.mark.parametrize("vector", VECTORS["accepted"], ids=_name)
def test_accepted_payload_encodes_to_the_same_bytes(vector: dict[str, Any]) -> None:
    message = decode_message(bytes.fromhex(vector["hex"]))

    payload = encode_message(message)

    assert payload.hex() == vector["hex"]


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=_name)
def test_refused_payload_is_refused_for_its_reason(vector: dict[str, Any]) -> None:
    with pytest.raises((NotOurs, Malformed, NewerVersion)) as error:
        decode_message(bytes.fromhex(vector["hex"]))

    assert error.value.reason == vector["reason"]
