"""What is published about the explorer names everything that it stores and answers."""

import re
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from ccxx_explorer import facts
from ccxx_explorer.database.schema import METADATA
from ccxx_explorer.decode import DataOutput, Field

DOCS = Path(__file__).resolve().parents[3] / "docs"
CLASSES = [each for name in facts.__all__ if is_dataclass(each := getattr(facts, name))]


@pytest.mark.parametrize("table", METADATA.sorted_tables, ids=lambda table: table.name)
def test_every_table_and_column_is_described(table: object) -> None:
    rows = re.split(r"^\| `", (DOCS / "storage.md").read_text(), flags=re.MULTILINE)

    section = next(row for row in rows if row.startswith(f"{table.name}`"))  # type: ignore[attr-defined]

    for column in table.columns:  # type: ignore[attr-defined]
        assert f"`{column.name}`" in section


@pytest.mark.parametrize("kind", [*CLASSES, DataOutput, Field], ids=lambda kind: kind.__name__)
def test_every_field_of_the_json_is_described(kind: type) -> None:
    words = set(re.findall(r"[a-z_]+", (DOCS / "rest.md").read_text()))

    missing = {field.name for field in fields(kind)} - words

    assert not missing
