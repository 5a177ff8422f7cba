"""The documents of the demonstration are what they claim to be."""

import unicodedata
from importlib.resources import files

import pytest

from ccxx_cert.type_definition import TypeDefinition
from ccxx_core.keys import PrivateKey
from ccxx_regtest.papers import MSC_DEGREE, PATRON_SHARE, read_graduates

DOCUMENTS = files("ccxx_regtest") / "documents"
ISSUER_KEY = PrivateKey(bytes(31) + b"\1").public_key


def test_fifty_students_have_names_of_their_own() -> None:
    students = read_graduates()

    assert len({student["student_number"] for student in students}) == 50
    assert len({student["name"] for student in students}) == 50


def test_names_are_written_in_several_scripts_and_one_normal_form() -> None:
    names = [student["name"] for student in read_graduates()]

    scripts = {unicodedata.name(letter).split()[0] for name in names for letter in name[:1]}

    assert scripts == {"LATIN", "GREEK", "CJK", "ARABIC"}
    assert [name for name in names if not unicodedata.is_normalized("NFC", name)] == []


@pytest.mark.parametrize("name", [PATRON_SHARE, MSC_DEGREE])
def test_type_definition_fits_a_permit(name: str) -> None:
    text = (DOCUMENTS / name).read_bytes()

    message = TypeDefinition.decode_for(text, ISSUER_KEY).permit_message(quantity=1_000)

    assert message.transferable is (name == PATRON_SHARE)
