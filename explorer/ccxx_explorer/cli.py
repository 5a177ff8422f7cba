"""The command: index a node's chain into a file, and serve it as pages and JSON."""

from __future__ import annotations

import json
import logging
import signal
import sys
import threading
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy.exc import SQLAlchemyError

from ccxx_cert.trust import TrustAnchor
from ccxx_core.errors import CcxxError
from ccxx_core.hashes import format_hash
from ccxx_core.network import NETWORKS, Network
from ccxx_explorer.checking import check_index
from ccxx_explorer.database import reader
from ccxx_explorer.database.store import Database
from ccxx_explorer.database.whole_state import registry_hash
from ccxx_explorer.definitions import DefinitionFolder
from ccxx_explorer.indexer import Follower, Indexer
from ccxx_explorer.node_clients import NodeClients
from ccxx_explorer.problems import ExplorerError
from ccxx_explorer.serving.options import serving_options
from ccxx_explorer.serving.running import Listening, run
from ccxx_explorer.serving.settings import Serving
from ccxx_explorer.site import Site
from ccxx_explorer.web import create_app
from ccxx_node.client.follow import catch_up
from ccxx_node.client.rpc import NodeClient, check_network, connect

# Seconds that the node may take to answer: many blocks are large, but a visitor waits for a page.
_INDEX_SECONDS = 600.0
_PAGE_SECONDS = 5.0
_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)
_OPTIONS = (
    click.option(
        "--network",
        type=click.Choice(list(NETWORKS)),
        envvar="CCXX_NETWORK",
        help="By default the anchor's network, else main.",
    ),
    click.option(
        "--anchor",
        type=_FILE,
        envvar="CCXX_ANCHOR",
        help="The trust anchor; without it the chain is shown without certificates.",
    ),
    click.option(
        "--database",
        default="ccxx-explorer.sqlite",
        show_default=True,
        envvar="CCXX_DATABASE",
        help="The index: a file, which is made where it is missing, or postgresql://user@host/name.",
    ),
    click.option(
        "--node",
        envvar="CCXX_NODE",
        help="The node: host:port, whose cookie is in --datadir, or http://user:password@host:port.",
    ),
    click.option(
        "--datadir",
        type=_FOLDER,
        envvar="CCXX_DATADIR",
        help="The node's data folder, whose cookie is used where --node has no password.",
    ),
    click.option("--verbose", is_flag=True, help="Log every block."),
)


class Setup:
    """What all commands begin with: network, anchor, index and node."""

    def __init__(
        self,
        network: str | None,
        anchor: Path | None,
        database: str,
        node: str | None,
        datadir: Path | None,
    ) -> None:
        self.anchor = _read_anchor(anchor) if anchor else None
        self._node, self._datadir, self._where = node, datadir, database
        self.network = _choose_network(network, self.anchor)
        self._database: Database | None = None

    def open(self, *, is_writer: bool) -> Database:
        """Open the index; it is closed when the command ends."""
        self._database = Database.open(self._where, self.network, self.anchor, is_writer=is_writer)
        return self._database

    def close(self) -> None:
        """Close the index, if it was opened."""
        if self._database is not None:
            self._database.close()

    def connect(self, timeout: float = _INDEX_SECONDS) -> NodeClient:
        """Return a client of its own for one thread."""
        return connect(self._node, self.network, self._datadir, timeout)


def _read_anchor(path: Path) -> TrustAnchor:
    try:
        return TrustAnchor.decode(path.read_bytes())
    except OSError as error:
        raise ExplorerError(f"the anchor {path} cannot be read: {error.strerror}") from error


def _choose_network(name: str | None, anchor: TrustAnchor | None) -> Network:
    chosen = name or (anchor.network if anchor else "main")
    if anchor is not None and anchor.network != chosen:
        raise ExplorerError(
            f"the anchor is of the network {anchor.network}, wanted {chosen}:"
            " give the anchor of this network, or another --network"
        )
    return NETWORKS[chosen]


def _with_setup(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the shared options, its setup, and one clear line for every refusal."""

    @wraps(command)
    def run(verbose: bool, **options: Any) -> None:
        level = logging.INFO if verbose else logging.WARNING
        logging.basicConfig(level=level, format="%(asctime)s %(message)s")
        names = ("network", "anchor", "database", "node", "datadir")
        try:
            setup = Setup(**{name: options.pop(name) for name in names})
            try:
                command(setup, **options)
            finally:
                setup.close()
        except CcxxError as error:
            _refuse(str(error))
        except SQLAlchemyError as error:
            reason = " ".join(str(getattr(error, "orig", None) or error).split())
            _refuse(f"the index cannot be used: {reason}; check --database and the disk")
        except OSError as error:
            _refuse(f"{error.strerror or error}; check --host, --port, --socket and --database")

    for option in reversed(_OPTIONS):
        run = option(run)
    return run


def _refuse(message: str) -> None:
    click.echo(f"ccxx-explorer: {message}", err=True)
    sys.exit(1)


def _progress(words: str) -> Progress:
    columns = (TextColumn(words), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))


@click.group()
@click.version_option(package_name="ccxx")
def main() -> None:
    """Index a chain and its certificates, and show them as pages and JSON."""


@main.command()
@click.option("--follow", is_flag=True, help="Stay, and index every new block, until told to stop.")
@_with_setup
def index(setup: Setup, follow: bool) -> None:
    """Bring the index to the node's tip, and end, or stay there with --follow."""
    database = _follow(setup) if follow else _index_once(setup)
    tip = database.tip()
    click.echo(f"indexed to block {tip[0] if tip else 'none'}")


def _index_once(setup: Setup) -> Database:
    client = setup.connect()
    check_network(client, setup.network)
    height = client.block_count()
    # Only now: a node that does not answer leaves no empty index behind.
    database = setup.open(is_writer=True)
    with _progress("Indexing") as progress:
        task = progress.add_task("blocks", total=height + 1)
        indexer = Indexer(database, lambda done: progress.update(task, completed=done + 1))
        indexer.run(catch_up(client, indexer), threading.Event())
    return database


def _follow(setup: Setup) -> Database:
    database = setup.open(is_writer=True)
    follower = Follower(Indexer(database), database, setup.connect(), reads_pool=False)
    signals = {signal.SIGINT, signal.SIGTERM}
    # Threads begin with the mask of their parent, so that these wait for us alone.
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    follower.start()
    click.echo("Following the node until SIGINT or SIGTERM", err=True)
    signal.sigwait(signals)
    follower.stop()
    return database


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@_with_setup
def check(setup: Setup, as_json: bool) -> None:
    """Read the node's whole chain anew and compare; exit 1 where the index differs."""
    database, client = setup.open(is_writer=False), setup.connect()
    check_network(client, setup.network)
    with _progress("Reading the chain") as progress:
        task = progress.add_task("blocks", total=None)
        found = check_index(
            database,
            client,
            lambda done, last: progress.update(task, completed=done + 1, total=last + 1),
        )
    is_equal = all(each.is_equal for each in found)
    if as_json:
        facts = {each.name: {"index": each.index, "chain": each.chain} for each in found}
        click.echo(json.dumps({"equal": is_equal, "compared": facts}))
    else:
        for each in found:
            words = "ok" if each.is_equal else f"differs: the chain has {each.chain}"
            click.echo(f"{each.name} {each.index} {words}")
    if not is_equal:
        raise ExplorerError(
            "the index differs from the chain: delete it and let it be made again, and tell us"
        )
    if not as_json:
        height = next(each.index for each in found if each.name == "height")
        click.echo(f"everything agrees at block {height}")


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON, as `registry` of wallets does.")
@_with_setup
def registry(setup: Setup, as_json: bool) -> None:
    """Show the hash of the whole registry, by which two observers compare what they know."""
    if setup.anchor is None:
        raise ExplorerError("there is no registry without a trust anchor: give --anchor")
    with setup.open(is_writer=False).read() as connection:
        tip = reader.tip(connection)
        if tip is None:
            raise ExplorerError("the index is empty: run `ccxx-explorer index` first")
        digest = registry_hash(connection)
    facts = {
        "height": tip.height,
        "block": format_hash(tip.hash),
        "anchor_id": setup.anchor.anchor_id.hex(),
        "state_hash": digest.hex(),
    }
    lines = (f"{name} {value}" for name, value in facts.items())
    click.echo(json.dumps(facts) if as_json else "\n".join(lines))


@main.command()
@serving_options
@click.option(
    "--types",
    type=_FOLDER,
    envvar="CCXX_TYPES",
    help="A folder of type definitions, which name issuers and types in full.",
)
@click.option("--no-index", is_flag=True, help="Only serve; another process indexes.")
@_with_setup
def serve(
    setup: Setup, listening: Listening, serving: Serving, types: Path | None, no_index: bool
) -> None:
    """Serve pages and JSON, and follow the node meanwhile."""
    definitions = _open_types(types) if types else None
    database = setup.open(is_writer=not no_index)
    follower = Follower(Indexer(database), database, setup.connect())
    node = NodeClients(lambda: setup.connect(_PAGE_SECONDS))
    site = Site(database, lambda: follower.state, node, definitions, follower.pending.snapshot)

    def begin(name: str) -> None:
        # Not before the address is ours: else it would follow the node for nobody.
        follower.start()
        click.echo(f"Explorer: {name}", err=True)

    try:
        run(create_app(site, serving), listening, begin)
    finally:
        follower.stop()


def _open_types(folder: Path) -> DefinitionFolder:
    if not folder.is_dir():
        raise ExplorerError(
            f"the folder of type definitions {folder} does not exist: make it, or mend --types"
        )
    return DefinitionFolder(folder)
