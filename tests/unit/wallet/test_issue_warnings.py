"""What is said where a document and its certificate name different things."""

import json
from typing import Any

import pytest

from ccxx_cert.document import Media, did_key
from ccxx_core.keys import PrivateKey
from ccxx_issuer.issue_warnings import contradictions
from ccxx_wallet.store import StoredDocument

HOLDER, OTHER = (PrivateKey(bytes([number]) * 32).public_key for number in (1, 2))


def credential(value: Any) -> StoredDocument:
    return StoredDocument(bytes(32), "d.json", Media.CREDENTIAL, json.dumps(value).encode())


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"certificate": {"serial": 7}, "credentialSubject": {"id": did_key(HOLDER)}},
        {"certificate": 7, "credentialSubject": []},
        {"credentialSubject": {"id": "https://example.org/alice"}},
    ],
)
def test_a_document_that_agrees_or_says_nothing_gives_no_warning(value: Any) -> None:
    found = contradictions(credential(value), 7, HOLDER)

    assert found == []


@pytest.mark.parametrize("serial", [8, "8"])
def test_another_serial_is_named(serial: Any) -> None:
    (line,) = contradictions(credential({"certificate": {"serial": serial}}), 7, HOLDER)

    assert f"names serial {serial}" in line
    assert "gets serial 7" in line


def test_another_holder_is_named() -> None:
    document = credential({"credentialSubject": {"id": did_key(OTHER)}})

    (line,) = contradictions(document, 7, HOLDER)

    assert did_key(OTHER) in line
    assert did_key(HOLDER) in line


def test_what_is_no_credential_is_not_read() -> None:
    document = StoredDocument(bytes(32), "d.pdf", Media.PDF, b"%PDF-1.7")

    assert contradictions(document, 7, HOLDER) == []
