"""Fixtures that every test may ask for."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def vectors() -> Path:
    """Folder of recorded vectors, from CCXX_VECTORS or beside the checkout."""
    folder = Path(os.environ.get("CCXX_VECTORS") or ROOT.parent / "shared" / "vectors")
    if not folder.is_dir():
        pytest.skip(f"no recorded vectors at {folder}: set CCXX_VECTORS to their folder")
    return folder
