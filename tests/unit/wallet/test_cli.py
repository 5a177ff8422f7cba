"""Commands look as their golden files say, are all documented, and end with the right code."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from ccxx_cert.type_schema import TYPE_DEFINITION_SCHEMA
from ccxx_holder.cli import main as holder
from ccxx_issuer.cli import main as issuer
from ccxx_root.cli import main as root
from ccxx_root.type_files import example
from ccxx_wallet.cli import Settings
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.screen import Screen

PROGRAMS = {"ccxx-root": root, "ccxx-issuer": issuer, "ccxx-holder": holder}
HOUSE = Path(__file__).resolve().parents[3]
GOLDEN = HOUSE / "tests" / "golden" / "wallets"
SHARED = {
    "--wallet", "--network", "--node", "--datadir", "--passphrase-file", "--json", "--yes",
    "--dry-run", "--no-input", "--help",
}  # fmt: skip


def commands(program: str) -> Iterator[tuple[str, click.Command]]:
    def walk(words: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
        if isinstance(command, click.Group):
            for name, child in sorted(command.commands.items()):
                yield from walk(f"{words} {name}", child)
        else:
            yield words, command

    yield from walk(program, PROGRAMS[program])


def own_options(command: click.Command) -> set[str]:
    options = (each for each in command.params if isinstance(each, click.Option))
    return {each.opts[0] for each in options if not each.hidden} - SHARED


def describe(words: str, command: click.Command) -> str:
    """Write a command as its help does, without the layout that differs between clicks."""
    arguments = [str(each.name) for each in command.params if isinstance(each, click.Argument)]
    lines = [" ".join([words, *map(str.upper, arguments)]), f"  {command.get_short_help_str(200)}"]
    for each in command.params:
        if isinstance(each, click.Option) and each.opts[0] in own_options(command):
            needed = " (required)" if each.required else ""
            lines.append(f"    {each.opts[0]}{needed}: {each.help or ''}".rstrip(": "))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("program", PROGRAMS)
def test_commands_are_as_the_golden_file_has_them(program: str) -> None:
    golden = GOLDEN / f"{program}.txt"

    text = "\n".join(describe(words, command) for words, command in commands(program))

    if os.environ.get("CCXX_WRITE_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text()


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_command_and_option_is_documented(program: str) -> None:
    document = (HOUSE / "docs" / "cli.md").read_text()

    for words, command in commands(program):
        assert words.removeprefix(f"{program} ") in document, words
        for option in own_options(command):
            assert option in document, (words, option)


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_command_has_the_shared_options(program: str) -> None:
    for words, command in commands(program):
        found = {opt for each in command.params for opt in each.opts}
        assert found >= SHARED - {"--help"}, words


def test_misuse_ends_with_two() -> None:
    result = CliRunner().invoke(holder, ["key", "new", "--sideways"])

    assert result.exit_code == 2


def test_a_refusal_ends_with_one_and_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(holder, ["--wallet", str(tmp_path), "--json", "key", "list"])

    assert result.exit_code == 1
    assert result.stderr.startswith("error: no wallet in")
    assert result.stderr.count("\n") == 1
    assert json.loads(result.stdout)["error"] == "no-wallet"


@pytest.mark.parametrize("behind", [True, False])
def test_what_is_typed_wins_over_the_environment(tmp_path: Path, behind: bool) -> None:
    option = ["--wallet", str(tmp_path / "typed")]
    words = ["key", "list"]

    result = CliRunner().invoke(
        holder,
        words + option if behind else option + words,
        env={"CCXX_WALLET": str(tmp_path / "environment")},
    )

    assert "typed" in result.stderr


def test_nothing_is_asked_without_a_person(tmp_path: Path) -> None:
    anchor = tmp_path / "anchor.json"

    result = CliRunner().invoke(
        root,
        ["init", "--wallet", str(tmp_path / "w"), "--network", "regtest", "--no-input"],
        env={"CCXX_NODE": "127.0.0.1:1"},
    )

    assert result.exit_code == 1
    assert "CCXX_PASSPHRASE" in result.stderr
    assert not anchor.exists()
    assert not (tmp_path / "w").exists()


def test_an_option_for_a_secret_does_not_exist() -> None:
    for program in PROGRAMS:
        for words, command in commands(program):
            assert not own_options(command) & {"--seed", "--passphrase", "--private-key"}, words


def test_every_field_of_a_type_definition_is_documented_and_in_the_example() -> None:
    document = (HOUSE / "docs" / "cli.md").read_text()
    shown = json.loads(example())

    def walk(schema: dict[str, Any], found: dict[str, Any], path: str) -> None:
        for name, field in schema["properties"].items():
            if (path, name) == ("issuer.", "key"):
                continue
            assert name in found, path + name
            if "properties" in field:
                walk(field, found[name], f"{path}{name}.")
            elif "face_value" not in path and "fee" not in path:
                assert f"`{path}{name}`" in document, path + name

    walk(TYPE_DEFINITION_SCHEMA, shown, "")


@pytest.mark.parametrize("in_file", [True, False])
def test_a_passphrase_that_is_no_text_is_refused_and_not_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_file: bool
) -> None:
    file = tmp_path / "passphrase"
    file.write_bytes(b"hunter2\xff")
    monkeypatch.setenv("CCXX_PASSPHRASE", os.fsdecode(b"hunter2\xff"))
    settings = Settings(tmp_path, None, None, None, file if in_file else None, False, Screen())

    with pytest.raises(WalletError) as error:
        settings.passphrase()

    assert error.value.refusal is Refusal.BAD_FILE
    assert error.value.__cause__ is None
    assert "hunter2" not in str(error.value)
