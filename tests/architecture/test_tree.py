"""The tree keeps the shape that its map promises."""

import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHELVES = (ROOT, ROOT / "wallets", ROOT / "explorer", ROOT / "regtest")
VAGUE_NAMES = {"util", "utils", "helper", "helpers", "common", "misc", "base"}
MOST_LINES = 400

PACKAGES = sorted(folder for shelf in SHELVES for folder in shelf.glob("ccxx_*") if folder.is_dir())
MODULES = sorted(module for package in PACKAGES for module in package.rglob("*.py"))


def name_of(path: Path) -> str:
    """Name a file as its reader would: from the top of the tree."""
    return path.relative_to(ROOT).as_posix()


def test_every_package_is_on_its_shelf_and_in_the_wheel() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())

    shipped = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]

    assert sorted(shipped) == sorted(name_of(package) for package in PACKAGES)
    assert len(shipped) == 9


def test_shelves_hold_nothing_but_packages() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "wallets", "explorer", "regtest"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout: what belongs to the tree is unknown")

    strangers = [
        line for line in listed.stdout.splitlines() if not line.split("/")[1].startswith("ccxx_")
    ]

    assert strangers == []


def test_shelves_are_not_packages() -> None:
    assert [name_of(s) for s in SHELVES if (s / "__init__.py").exists()] == []


@pytest.mark.parametrize("package", PACKAGES, ids=name_of)
def test_package_says_what_it_is_and_that_it_is_typed(package: Path) -> None:
    assert (package / "__init__.py").read_text().startswith('"""')
    assert (package / "py.typed").exists()


def test_no_module_has_a_name_that_says_nothing() -> None:
    vague = [name_of(module) for module in MODULES if module.stem in VAGUE_NAMES]

    assert vague == []


def test_every_module_says_what_belongs_in_it() -> None:
    silent = [
        name_of(module)
        for module in MODULES
        if (text := module.read_text()).strip() and not text.startswith('"""')
    ]

    assert silent == []


def test_no_module_is_longer_than_the_limit() -> None:
    sizes = {name_of(module): module.read_text().count("\n") for module in MODULES}

    assert {name: lines for name, lines in sizes.items() if lines > MOST_LINES} == {}
