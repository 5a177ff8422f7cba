"""The chain of the unit tests, made anew for each example."""

import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

_WORLD = Path(__file__).parents[2] / "unit" / "cert" / "conftest.py"


@pytest.fixture(scope="session")
def make_world() -> Callable[[], Any]:
    """Return what makes a chain whose root coin is registered."""
    spec = spec_from_file_location("certificate_world", _WORLD)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    # Dataclasses look their module up by name while they are made.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    made: Callable[[], Any] = module.World
    return made
