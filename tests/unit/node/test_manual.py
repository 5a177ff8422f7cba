"""The published page about RPC says what the node says."""

from pathlib import Path

from ccxx_node.rpc.manual import manual
from ccxx_node.rpc.methods import REGISTRY

PAGE = Path(__file__).resolve().parents[3] / "docs" / "rpc.md"


def test_page_about_rpc_is_what_the_node_says() -> None:
    assert PAGE.read_text() == manual(), "docs/rpc.md is out of date: run make docs"


def test_every_method_that_is_shown_has_a_help_text() -> None:
    silent = [m.name for m in REGISTRY.methods.values() if not m.is_hidden and not m.summary]

    assert silent == []
