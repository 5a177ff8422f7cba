"""Every recorded PDF message decodes to its fields and back, or is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from ccxx_cert.bdip import (
    Dialect,
    PdfIssue,
    PdfMessage,
    RevokeAddress,
    RevokeBatches,
    RevokeCredentials,
    cut_issuer_id,
    decode_pdf_message,
    encode_pdf_message,
)
from ccxx_cert.errors import Malformed, NewerVersion, NotOurs
from ccxx_core.hashes import format_hash

FOLDER = Path(__file__).parents[2] / "vectors" / "messages"
FILES = {
    dialect: json.loads((FOLDER / f"{dialect.lower()}.json").read_text()) for dialect in Dialect
}
ACCEPTED = [(dialect, v) for dialect, file in FILES.items() for v in file["accepted"]]
REFUSED = [vector for file in FILES.values() for vector in file["refused"]]


def facts_of(message: PdfMessage) -> dict[str, Any]:
    """Return a message as the vectors write it."""
    match message:
        case PdfIssue(issuer_id, root, expiry):
            facts: dict[str, Any] = {"issuer_id": issuer_id, "merkle_root": root.hex()}
            return facts if expiry is None else facts | {"expiry": expiry}
        case RevokeBatches(txids):
            return {"txids": [format_hash(txid) for txid in txids]}
        case RevokeCredentials(txid, hashes):
            return {"txid": format_hash(txid), "hashes": [each.hex() for each in hashes]}
        case RevokeAddress(pubkey_hashes):
            return {"pubkey_hashes": [each.hex() for each in pubkey_hashes]}


@pytest.mark.parametrize(("dialect", "vector"), ACCEPTED)
def test_accepted_payload_decodes_to_its_fields(dialect: Dialect, vector: dict[str, Any]) -> None:
    found, message = decode_pdf_message(bytes.fromhex(vector["hex"]))

    assert (found, facts_of(message)) == (dialect, vector["fields"])


@pytest.mark.parametrize(("dialect", "vector"), ACCEPTED)
def test_accepted_payload_encodes_to_our_form(dialect: Dialect, vector: dict[str, Any]) -> None:
    _, message = decode_pdf_message(bytes.fromhex(vector["hex"]))

    payload = encode_pdf_message(dialect, message)

    # The four byte expiry is read, and written with five.
    short = "4 byte" in vector["name"]
    assert decode_pdf_message(payload) == (dialect, message)
    assert (payload.hex() == vector["hex"]) is not short


@pytest.mark.parametrize("vector", REFUSED)
def test_refused_payload_is_refused(vector: dict[str, Any]) -> None:
    with pytest.raises((Malformed, NewerVersion)):
        decode_pdf_message(bytes.fromhex(vector["hex"]))


@pytest.mark.parametrize("payload", [b"", b"BDI", b"CCXC", b"\xff" * 8])
def test_payload_of_another_protocol_is_not_ours(payload: bytes) -> None:
    with pytest.raises(NotOurs):
        decode_pdf_message(payload)


def test_issuer_id_is_cut_on_a_code_point() -> None:
    assert cut_issuer_id("Λευκωσία") == "Λευκ"
    assert cut_issuer_id("UNic €€€") == "UNic €"
    assert cut_issuer_id("a") == "a"


def test_issuer_id_that_is_too_long_has_no_form() -> None:
    with pytest.raises(Malformed):
        encode_pdf_message(Dialect.BDIP, PdfIssue("University", bytes(32)))
