"""Texts mean the same to every observer, whatever version of Unicode it has."""

import unicodedata

import pytest

from ccxx_cert.errors import Malformed
from ccxx_cert.layout import decode_text


@pytest.mark.parametrize("text", ["Πτυχίο", "学位", "شهادة", "दीपक", "Zoë", "証書", "𠀀"])
def test_letters_of_living_scripts_are_accepted(text: str) -> None:
    assert decode_text(text.encode(), "title") == text


@pytest.mark.parametrize(
    "text",
    ["\u0378", "\u20b9", "\u1e9e", "\U0001f393", "\U0001fae0", "\U0003ffff"],
    ids=["unassigned", "rupee", "capital sharp s", "emoji", "late emoji", "far plane"],
)
def test_code_points_younger_than_unicode_3_2_are_refused(text: str) -> None:
    with pytest.raises(Malformed):
        decode_text(text.encode(), "title")


def test_all_of_unicode_3_2_is_judged_by_tables_that_stand_still() -> None:
    old = unicodedata.ucd_3_2_0
    differing = [
        code
        for code in range(0x30000)
        if not 0xD800 <= code < 0xE000
        and old.category(chr(code)) != "Cn"
        and old.is_normalized("NFC", chr(code)) != unicodedata.is_normalized("NFC", chr(code))
    ]

    assert differing == []
