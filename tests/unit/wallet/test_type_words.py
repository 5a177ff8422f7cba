"""What somebody who grants a permit reads of the type behind its hash."""

from ccxx_cert.type_definition import TypeDefinition
from ccxx_core.keys import PrivateKey
from ccxx_root.type_files import example, words_of

ISSUER_KEY = PrivateKey(b"\x01" * 32).public_key


def test_issuer_name_and_terms_are_shown() -> None:
    definition = TypeDefinition.decode_for(example().encode(), ISSUER_KEY)

    words = words_of(definition)

    assert words["issuer"] == definition.issuer_name
    assert words["criteria"] == definition.criteria
    assert words["transfer_limit"] == 0
    assert definition.transferable is False
    assert words["fee"] == {"amount": "10.00", "unit": "EUR"}
