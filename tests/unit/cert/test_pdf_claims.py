"""What a PDF certificate says of itself is read in every version, or refused."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from ccxx_cert.pdf_claims import ClaimedField, ClaimedOwner, PdfClaims, read_claims
from ccxx_cert.vpdf import PdfForm, take_proof
from ccxx_core.errors import DecodeError

Write = Callable[[Mapping[str, str]], bytes]
ISSUER = {
    "name": "Πανεπιστήμιο",
    "identity": {
        "address": "mhJ767VkTFNmgKXqLXubhL8MREgdXdmC7B",
        "verification": [{"domain": {"url": "https://example.org"}}],
    },
}


@pytest.fixture
def claims(written_pdf: Write) -> Callable[..., PdfClaims]:
    """Give a function that reads the claims of a file with these keys."""

    def read(version: str = "1", **keys: Any) -> PdfClaims:
        texts = {
            key: text if isinstance(text, str) else json.dumps(text) for key, text in keys.items()
        }
        form = PdfForm.decode(written_pdf(texts))
        # The version is a number, not a text.
        number = ((b"/version", version.encode()),) if version else ()
        info = tuple(sorted((*form.info, *number)))
        cut = (form.before, form.behind, form.trailer)
        return read_claims(PdfForm(form.head, info, form.tail, *cut))

    return read


def test_recorded_file_says_who_issued_it_and_what_for(vectors: Path) -> None:
    proven = take_proof((vectors / "pdf" / "valid-expiry.pdf").read_bytes())

    found = read_claims(proven.form)

    assert (found.version, found.issuer_name) == (2, "Πανεπιστήμιο Λευκωσίας")
    assert found.issuer_address == "mhJ767VkTFNmgKXqLXubhL8MREgdXdmC7B"
    assert found.fields[0] == ClaimedField("Student Name", "Andreas Vlachos")
    assert "Grade" not in [field.label for field in found.fields]
    assert found.owner is None


def test_first_version_names_its_address_by_itself(claims: Callable[..., PdfClaims]) -> None:
    found = claims("", issuer="University", issuer_address="mhJ")

    assert found == PdfClaims(0, "University", "mhJ")


def test_first_version_names_its_address_among_the_fields(
    claims: Callable[..., PdfClaims],
) -> None:
    found = claims("", metadata_object={"issuer": "U", "issuer_address": "mhJ", "name": "Zoë"})

    assert found == PdfClaims(0, "U", "mhJ", fields=(ClaimedField("name", "Zoë"),))


def test_fields_come_in_the_order_of_the_issuer(claims: Callable[..., PdfClaims]) -> None:
    found = claims(
        "1",
        issuer=ISSUER,
        metadata={
            "b": {"label": "Second", "order": 2, "hide": False, "value": 7},
            "a": {"label": "First", "order": 1, "hide": False, "value": "x"},
            "c": {"label": "Secret", "order": 0, "hide": True, "value": "y"},
        },
    )

    assert found.fields == (ClaimedField("First", "x"), ClaimedField("Second", "7"))
    assert found.verification == ("domain: https://example.org",)


def test_second_version_names_its_owner(claims: Callable[..., PdfClaims]) -> None:
    owner = {"name": "Zoë", "owner_address": "mr5", "pk": "02"}

    found = claims("2", issuer=ISSUER, owner=owner, owner_proof="c2lnbmVk")

    assert found.owner == ClaimedOwner("Zoë", "mr5", "c2lnbmVk")
    assert claims("2", issuer=ISSUER, owner="", owner_proof="").owner is None


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"version": "3", "issuer": ISSUER},
        {"version": "(1)", "issuer": ISSUER},
        {"issuer": "University"},
        {"issuer": "[" * 100_000},
        {"issuer": '{"name": "' + "x" * 300_000 + '"}'},
        {"issuer": {"name": "U"}},
        {"issuer": {"name": [], "identity": {"address": ""}}},
        {"issuer": ISSUER, "metadata": {"a": "b"}},
        {"issuer": ISSUER, "metadata": {"a": {"order": "1"}}},
        {"issuer": ISSUER, "metadata": {"a": {"value": {}}}},
        {"issuer": ISSUER, "metadata": {str(number): {} for number in range(501)}},
        {"issuer": {"name": "U", "identity": {"address": "", "verification": {}}}},
        {"issuer": {"name": "U", "identity": {"address": "", "verification": ["x"]}}},
        {"version": "2", "issuer": ISSUER, "owner": "[]"},
        {"version": "", "metadata_object": {"issuer": None}},
    ],
)
def test_unreadable_claims_are_refused(
    claims: Callable[..., PdfClaims], keys: dict[str, Any]
) -> None:
    with pytest.raises(DecodeError):
        claims(**keys)
