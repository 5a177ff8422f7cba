"""The documents of the demonstration are what they claim to be."""

import csv
import unicodedata
from importlib.resources import files

DOCUMENTS = files("ccxx_regtest") / "documents"


def graduates() -> list[dict[str, str]]:
    """Read the list of graduates."""
    text = (DOCUMENTS / "msc-graduates-2026.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def test_fifty_students_have_names_of_their_own() -> None:
    students = graduates()

    assert len({student["student_number"] for student in students}) == 50
    assert len({student["name"] for student in students}) == 50


def test_names_are_written_in_several_scripts_and_one_normal_form() -> None:
    names = [student["name"] for student in graduates()]

    scripts = {unicodedata.name(letter).split()[0] for name in names for letter in name[:1]}

    assert scripts == {"LATIN", "GREEK", "CJK", "ARABIC"}
    assert [name for name in names if not unicodedata.is_normalized("NFC", name)] == []
