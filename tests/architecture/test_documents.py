"""The documents lead to each other and name what there is."""

import re
from pathlib import Path

import pytest

from ccxx_node.config import _OUR_OPTIONS

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md"))]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    links = [link for link in LINK.findall(document.read_text()) if "://" not in link]

    assert [link for link in links if not (document.parent / link).exists()] == []


def test_readme_leads_to_every_document() -> None:
    linked = set(LINK.findall((ROOT / "README.md").read_text()))

    assert {f"docs/{path.name}" for path in ROOT.glob("docs/*.md")} - linked == set()


def test_every_option_of_the_node_is_described() -> None:
    described = set(re.findall(r"`-([a-z0-9-]+)", (ROOT / "docs" / "operations.md").read_text()))

    assert _OUR_OPTIONS - described == set()
