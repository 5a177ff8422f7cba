"""`ccxx-explorer registry`: the same facts as lines and as JSON, or what to do first."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from ccxx_core.network import REGTEST
from ccxx_explorer.cli import main
from ccxx_explorer.database.store import Database
from ccxx_explorer.database.whole_state import registry_hash


def ask(database: Path, anchor: bytes | None, *options: str) -> Result:
    """Run the command on an index, with an anchor or without one."""
    arguments = ["registry", f"--database={database}", "--network=regtest", *options]
    if anchor is not None:
        path = database.with_name("anchor.json")
        path.write_bytes(anchor)
        arguments.append(f"--anchor={path}")
    return CliRunner().invoke(main, arguments)


def test_lines_and_json_say_the_same(chain: Any) -> None:
    chain.grant()
    anchor = chain.anchor.encode()

    lines = ask(chain.path, anchor)
    told = json.loads(ask(chain.path, anchor, "--json").stdout)

    with chain.database.read() as connection:
        assert told["state_hash"] == registry_hash(connection).hex()
    assert told["height"] == len(chain.blocks) - 1
    assert lines.stdout.splitlines() == [f"{name} {value}" for name, value in told.items()]


def test_an_empty_index_says_what_to_do_first(chain: Any, tmp_path: Path) -> None:
    result = ask(tmp_path / "empty.sqlite", chain.anchor.encode())

    assert result.exit_code == 1
    assert "ccxx-explorer index" in result.stderr


def test_index_of_another_network_first_asks_for_its_options(chain: Any) -> None:
    chain.grant()

    result = CliRunner().invoke(main, ["check", f"--database={chain.path}"])

    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.index("--anchor or --network") < result.stderr.index("delete it")


def test_without_an_anchor_there_is_no_registry(tmp_path: Path) -> None:
    Database.open(tmp_path / "index.sqlite", REGTEST, None).close()

    result = ask(tmp_path / "index.sqlite", None)

    assert result.exit_code == 1
    assert "--anchor" in result.stderr
