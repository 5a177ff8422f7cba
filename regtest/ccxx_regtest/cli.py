"""The command `ccxx-regtest`: a whole local network, and the story it tells."""

import shutil
import signal
import tempfile
from pathlib import Path
from types import FrameType

import click

from ccxx_core.errors import CcxxError
from ccxx_regtest.demo import run_demo

FOLDER = click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="CCXX_REGTEST_FOLDER",
    help="Where everything is kept; a new temporary folder by default.",
)
NODE_PROGRAM = click.option(
    "--node-program",
    type=click.Path(path_type=Path, exists=True, dir_okay=False, resolve_path=True),
    help="Tell it to another daemon of this chain, such as Counos X Core's, instead of ccxx-node.",
)


@click.group()
@click.version_option(package_name="ccxx")
def main() -> None:
    """Run a local network: a node, an explorer, and the wallets of root, issuer and holders."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)


@main.command()
@FOLDER
@NODE_PROGRAM
def demo(folder: Path | None, node_program: Path | None) -> None:
    """Tell the story, then keep the network up until Ctrl-C."""
    _run(folder, stays=True, daemon=node_program)


@main.command("demo-once")
@FOLDER
@NODE_PROGRAM
def demo_once(folder: Path | None, node_program: Path | None) -> None:
    """Tell the story, check every fact through the explorer, and stop."""
    _run(folder, stays=False, daemon=node_program)


def _run(folder: Path | None, stays: bool, daemon: Path | None) -> None:
    work = folder or Path(tempfile.mkdtemp(prefix="ccxx-regtest-"))
    if work.exists() and any(work.iterdir()):
        raise click.UsageError(f"{work} is not empty; name a new folder")
    try:
        is_right = run_demo(work, stays, daemon)
    except CcxxError as error:
        click.echo(f"error: {error}", err=True)
        is_right = False
    if not is_right:
        click.echo(f"The logs are in {work / 'logs'}", err=True)
        raise SystemExit(1)
    if folder is None:
        shutil.rmtree(work, ignore_errors=True)


def _leave(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    # As an exception it passes through every `with`, so nothing is left running.
    raise SystemExit(128 + number)
