"""The options of `serve`: read strictly, and described for whoever runs an explorer."""

import socket
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from ccxx_explorer.cli import main
from ccxx_explorer.serving.options import serving_options
from ccxx_explorer.serving.running import Listening
from ccxx_explorer.serving.settings import Serving

OPERATIONS = Path(__file__).resolve().parents[4] / "docs" / "operations.md"


@click.command()
@serving_options
def show(listening: Listening, serving: Serving) -> None:
    """Say what was understood."""
    click.echo(f"{listening.name} {serving.origin} {serving.proxies} {serving.broadcast}")


def test_options_become_settings() -> None:
    said = CliRunner().invoke(
        show, ["--host=::1", "--url=https://x.example/", "--proxy=10.0.0.0/8", "--no-broadcast"]
    )

    assert said.output == (
        "http://[::1]:8571 https://x.example (IPv4Network('10.0.0.0/8'),) False\n"
    )


@pytest.mark.parametrize(
    "option",
    [
        "--url=x.example",
        "--url=https://x.example/path",
        "--url=ftp://x",
        "--proxy=nginx",
        "--proxy=10.0.0.7/8",
        "--rate=-1",
        "--burst=0",
        "--threads=0",
        "--port=70000",
    ],
)
def test_what_makes_no_sense_is_refused(option: str) -> None:
    said = CliRunner().invoke(show, [option])

    assert said.exit_code == 2
    assert option.partition("=")[0] in said.output


def test_every_option_of_serve_is_described() -> None:
    text = OPERATIONS.read_text()
    options = {name for each in main.commands["serve"].params for name in each.opts}
    shared = {name for each in main.commands["index"].params for name in each.opts}

    assert {name for name in options - shared if name not in text} == set()


def test_node_is_asked_only_once_the_address_is_ours(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        options = ["--network=regtest", f"--database={tmp_path}/index.sqlite", f"--port={port}"]

        said = CliRunner().invoke(main, ["serve", *options, f"--datadir={tmp_path}"])

    assert said.exit_code == 1
    assert "--port" in said.stderr
    assert [each for each in caplog.records if each.name == "ccxx_explorer.indexer"] == []


def test_folder_of_types_that_is_not_there_is_refused_in_one_line(tmp_path: Path) -> None:
    database = tmp_path / "index.sqlite"

    said = CliRunner().invoke(
        main, ["serve", f"--types={tmp_path}/nosuch", f"--database={database}"]
    )

    assert said.exit_code == 1
    assert len(said.stderr.splitlines()) == 1
    assert "--types" in said.stderr
    assert not database.exists()
