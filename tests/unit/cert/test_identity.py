"""Names of certificates: references, printable ids, outpoints as text."""

import json
from pathlib import Path

import pytest

from ccxx_cert.identity import (
    cert_ref,
    certificate_id,
    identity_hash,
    parse_certificate_id,
    parse_outpoint,
)
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import Txid
from ccxx_core.transaction import OutPoint

VECTORS = Path(__file__).parents[2] / "vectors" / "messages" / "ccxc.json"


def test_reference_is_that_of_the_recorded_example() -> None:
    example = json.loads(VECTORS.read_text("utf-8"))["cert_ref_example"]

    outpoint = parse_outpoint(f"{example['txid']}:{example['vout']}")

    assert cert_ref(outpoint).hex() == example["ref"]


def test_printable_id_reads_back_to_its_hash() -> None:
    outpoint = OutPoint(Txid(bytes(range(32))), 7)

    text = certificate_id(outpoint)

    assert text.startswith("ccert1")
    assert parse_certificate_id(text) == identity_hash(outpoint)[:20]


def test_mistyped_printable_id_is_refused() -> None:
    text = certificate_id(OutPoint(Txid(bytes(32)), 0))

    with pytest.raises(DecodeError):
        parse_certificate_id(text[:-1] + ("q" if text[-1] != "q" else "p"))


@pytest.mark.parametrize("text", ["", "00:0", "00" * 32, "00" * 32 + ":-1", "00" * 32 + ":01"])
def test_outpoint_in_another_form_is_refused(text: str) -> None:
    with pytest.raises(DecodeError):
        parse_outpoint(text)


def test_output_past_two_bytes_has_no_identity() -> None:
    with pytest.raises(ValueError):
        identity_hash(OutPoint(Txid(bytes(32)), 0x10000))
