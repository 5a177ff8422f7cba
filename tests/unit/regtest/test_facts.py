"""Facts are read from JSON by dotted names, and a wrong one never passes."""

import pytest

from ccxx_regtest.facts import Finding, read_field

PAGE = {"permit": {"id": "ab:0"}, "history": [{"txid": "01"}, {"txid": "02"}]}


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("permit.id", "ab:0"),
        ("history.1.txid", "02"),
        ("history.2.txid", None),
        ("history.last", None),
        ("permit.id.more", None),
        ("nothing", None),
    ],
)
def test_field_is_found_or_none(field: str, found: str | None) -> None:
    assert read_field(PAGE, field) == found


def test_finding_is_right_only_if_it_is_what_was_wanted() -> None:
    assert Finding("status", "valid", "valid").is_right
    assert not Finding("status", "provisional", "valid").is_right
