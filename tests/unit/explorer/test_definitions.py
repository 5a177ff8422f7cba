"""Type definitions in the operator's folder name issuers, if the permit commits to them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ccxx_cert.records import PermitMessage
from ccxx_cert.state import get_permit
from ccxx_cert.type_definition import TypeDefinition
from ccxx_core.hashes import sha256
from ccxx_core.keys import PrivateKey
from ccxx_explorer.database.records import RecordTables
from ccxx_explorer.definitions import DefinitionFolder

DEFINITION = TypeDefinition(
    issuer_name="University of <Aegina>",
    issuer_key=PrivateKey(sha256(b"issuer")).public_key,
    code="UAMSC",
    title="Master of Science",
    short_title="MSc",
    criteria="90 ECTS credits",
    transferable=True,
    languages=("en", "el"),
)


@pytest.fixture
def permit(chain: Any) -> Any:
    """A permit of the type that the definition describes."""
    message = DEFINITION.permit_message(quantity=5)
    permit_id = chain.grant(**{name: getattr(message, name) for name in PermitMessage.__slots__})
    with chain.database.read() as connection:
        return get_permit(RecordTables(connection), permit_id)


def test_definition_that_the_permit_commits_to_is_found(permit: Any, tmp_path: Path) -> None:
    (tmp_path / "msc.json").write_bytes(DEFINITION.encode())

    assert DefinitionFolder(tmp_path).definition_of(permit) == DEFINITION


def test_file_that_is_added_later_is_found(permit: Any, tmp_path: Path) -> None:
    folder = DefinitionFolder(tmp_path)
    assert folder.definition_of(permit) is None

    (tmp_path / "msc.json").write_bytes(DEFINITION.encode())

    assert folder.definition_of(permit) == DEFINITION


def test_altered_definition_is_not_used(permit: Any, tmp_path: Path) -> None:
    altered = replace(DEFINITION, issuer_name="Someone else")
    (tmp_path / "msc.json").write_bytes(altered.encode())

    assert DefinitionFolder(tmp_path).definition_of(permit) is None


def test_definition_of_another_issuer_key_is_not_used(permit: Any, tmp_path: Path) -> None:
    (tmp_path / "msc.json").write_bytes(DEFINITION.encode())
    of_another = replace(permit, script_pubkey=bytes(34))

    assert DefinitionFolder(tmp_path).definition_of(of_another) is None


def test_files_that_are_no_definitions_are_passed_over(permit: Any, tmp_path: Path) -> None:
    (tmp_path / "anchor.json").write_text("{}")
    (tmp_path / "deep.json").write_text("[" * 50_000)
    (tmp_path / "huge.json").write_text(" " * 100_000)
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "msc.json").write_bytes(DEFINITION.encode())

    assert DefinitionFolder(tmp_path).definition_of(permit) == DEFINITION
    assert DefinitionFolder(tmp_path / "missing").definition_of(permit) is None
