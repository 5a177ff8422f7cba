"""Nodes that listen for peers, stopped when the test is over."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ccxx_regtest.node import RegtestNode

StartNode = Callable[..., RegtestNode]


@pytest.fixture
def start_node(tmp_path: Path) -> Iterator[StartNode]:
    """Give a function that starts a node by name; its coins can be spent after 5 blocks."""
    with ExitStack() as stack:

        def start(name: str, *options: str) -> RegtestNode:
            chosen = ("-testmaturity=5", *options)
            log = tmp_path / f"{name}.log"
            return stack.enter_context(RegtestNode(tmp_path / name, log, chosen, listens=True))

        yield start
