"""Who may import whom, held by import-linter and shown to be held."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHELVES = ("wallets", "explorer", "regtest")
COPIED = ("ccxx_core", "ccxx_cert", "ccxx_node", *SHELVES, "pyproject.toml")
PLANTED = {
    "a core that knows the node": ("ccxx_core/amount.py", "import ccxx_node.client"),
    "a node that knows certificates": ("ccxx_node/config.py", "import ccxx_cert"),
    "a wallet in the explorer": ("explorer/ccxx_explorer/cli.py", "import ccxx_wallet"),
    "a wallet inside the node": ("wallets/ccxx_root/cli.py", "import ccxx_node.consensus"),
    "a wallet in a wallet": ("wallets/ccxx_root/cli.py", "import ccxx_holder"),
    "a clock in the rules": ("ccxx_cert/registry.py", "import time"),
    "a database in the rules": ("ccxx_node/consensus/params.py", "import sqlite3"),
}
FORBIDDEN = {
    "bbqr": "a squatted name that installs as administrator",
    "ur": "a squatted name",
    "pickle": "it runs what it reads",
}


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    """Run the import contracts on one tree, whatever is installed."""
    paths = os.pathsep.join(str(root / shelf) for shelf in (".", *SHELVES))
    return subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=root,
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_tree_keeps_its_import_contracts() -> None:
    result = lint_imports(ROOT)

    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED.keys())
def test_a_forbidden_import_is_noticed(planted: tuple[str, str], tmp_path: Path) -> None:
    for name in COPIED:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, tmp_path / name)
    module, statement = planted
    text = (tmp_path / module).read_text()

    (tmp_path / module).write_text(f"{text}\n{statement}\n")
    result = lint_imports(tmp_path)

    assert result.returncode == 1, result.stdout
    assert "BROKEN" in result.stdout


def test_no_module_imports_what_is_dangerous() -> None:
    found = [
        f"{module.relative_to(ROOT)}: {name}"
        for shelf in (ROOT, *(ROOT / name for name in SHELVES))
        for module in shelf.glob("ccxx_*/**/*.py")
        for name in imported_names(module) & FORBIDDEN.keys()
    ]

    assert found == []


def imported_names(module: Path) -> set[str]:
    """Collect the top-level names that a module imports, wherever it does so."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names
