"""Fixtures that every test may ask for."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent

# A law holds on a busy machine too: how long an example took says nothing about it.
settings.register_profile("ccxx", deadline=None)
settings.load_profile("ccxx")


@pytest.fixture(scope="session")
def vectors() -> Path:
    """Folder of recorded vectors, from CCXX_VECTORS or beside the checkout."""
    folder = Path(os.environ.get("CCXX_VECTORS") or ROOT.parent / "shared" / "vectors")
    if not folder.is_dir():
        pytest.skip(f"no recorded vectors at {folder}: set CCXX_VECTORS to their folder")
    return folder
