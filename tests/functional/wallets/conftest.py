"""A real node and real wallet commands, as a root, an issuer and holders use them."""

import http.client
import json
import os
import resource
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from copy import copy
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count, islice
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ccxx_core.amount import COIN
from ccxx_holder.cli import main as holder_main
from ccxx_issuer.cli import main as issuer_main
from ccxx_node.client.rpc import NodeClient
from ccxx_regtest import chain_cache, faucet
from ccxx_regtest.node import RegtestNode
from ccxx_regtest.processes import Process, free_ports, program
from ccxx_root.cli import main as root_main

COMMANDS = {"ccxx-root": root_main, "ccxx-issuer": issuer_main, "ccxx-holder": holder_main}
MATURITY = 10
# Another daemon of this chain to play all this before, and heights of rewards not yet given away.
DAEMON = Path(os.environ["CCXX_REFERENCE_NODE"]) if "CCXX_REFERENCE_NODE" in os.environ else None
OLD_REWARDS = count(1)
PASSPHRASE = "correct horse battery staple"
DOCUMENTS = Path(__file__).resolve().parents[3] / "regtest" / "ccxx_regtest" / "documents"
TRANSFERABLE = DOCUMENTS / "patron-share.json"
NOT_TRANSFERABLE = DOCUMENTS / "msc-degree.json"


@dataclass(frozen=True)
class Result:
    """What a command printed and how it ended."""

    code: int
    facts: dict[str, Any]
    error: str


@dataclass(frozen=True)
class Person:
    """Somebody with a wallet and its command."""

    command: str
    folder: Path
    environment: dict[str, str]

    def run(self, *arguments: str | Path, limit: int | None = None, **more: str) -> Result:
        """Run a command; `limit` is the size in bytes that its files may not exceed.

        With a limit it is a process of its own; else it runs in this one, which saves its start.
        """
        words = [*map(str, arguments), "--json", "--yes", "--no-input"]
        environment = self.environment | {"CCXX_WALLET": str(self.folder)} | more
        if limit is not None:
            return self._run_process(words, environment, limit)
        done = CliRunner().invoke(
            COMMANDS[self.command], words, env=environment, catch_exceptions=False
        )
        return Result(done.exit_code, json.loads(done.stdout or "{}"), done.stderr)

    def _run_process(self, words: list[str], environment: dict[str, str], limit: int) -> Result:
        done = subprocess.run(
            [program(self.command), *words],
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        )
        return Result(done.returncode, json.loads(done.stdout or "{}"), done.stderr)

    def answer(self, *arguments: str | Path, typed: str) -> tuple[int, str]:
        """Run a command as a person at a keyboard does; return how it ended and all it said."""
        environment = self.environment | {"CCXX_WALLET": str(self.folder)}
        done = CliRunner().invoke(
            COMMANDS[self.command], [*map(str, arguments)], input=typed, env=environment
        )
        return done.exit_code, done.output

    def do(self, *arguments: str | Path) -> dict[str, Any]:
        """Run a command that must succeed."""
        result = self.run(*arguments)
        assert result.code == 0, result.error
        return result.facts

    def refused(self, *arguments: str | Path, **more: Any) -> Result:
        """Run a command that must be refused with one line."""
        result = self.run(*arguments, **more)
        lines = [line for line in result.error.splitlines() if line.startswith("error: ")]
        assert result.code == 1, (result.code, result.error)
        assert len(lines) == 1, result.error
        assert "Traceback" not in result.error
        assert result.facts["error"]
        return result


Ask = Callable[[], bytes]


class Town:
    """One node and everybody's wallets."""

    def __init__(self, folder: Path, client: NodeClient, environment: dict[str, str]) -> None:
        self.folder = folder
        self.client = client
        self.environment = environment
        self.anchor = folder / "anchor.json"
        self.root = self.person("ccxx-root", "root")
        made = self.root.do("init", "--test-maturity", str(MATURITY))
        self._miner = made["address"]
        self.root_phrase = made["seed_phrase"]
        self._earn()
        self.root.do("coin", "register", "--value", "100")
        self.mine()
        self.root.do("anchor", "export", self.anchor)

    def _earn(self) -> None:
        """Give the root coins to spend: its own rewards, or old ones of the chain's faucet."""
        if DAEMON is None:
            self.mine(MATURITY + 20)
            return
        address, self._miner = self._miner, faucet.ADDRESS
        for height in islice(OLD_REWARDS, 5):
            faucet.pay(self.client, height, address, 1_000 * COIN)
        self.mine()

    def at(self, folder: Path) -> "Town":
        """Give the same town with new people, who keep their wallets in another folder."""
        other = copy(self)
        other.folder = folder
        return other

    def person(self, command: str, name: str) -> Person:
        """Name somebody, whose wallet is not made yet."""
        return Person(command, self.folder / name, self.environment)

    def issuer(self, name: str) -> Person:
        """Make an issuer's wallet."""
        person = self.person("ccxx-issuer", name)
        person.do("init", "--anchor", self.anchor, "--test-maturity", str(MATURITY))
        return person

    def holder(self, name: str, money: str = "0.1") -> Person:
        """Make a holder's wallet with some coins."""
        person = self.person("ccxx-holder", name)
        person.do("init", "--anchor", self.anchor, "--test-maturity", str(MATURITY))
        if money:
            self.root.do("pay", person.do("address")["address"], money)
        return person

    def mine(self, blocks: int = 1) -> None:
        """Mine blocks that reward the root."""
        self.client.call("generatetoaddress", blocks, self._miner)

    def grant(self, issuer: Person, *options: str, quantity: int = 100) -> str:
        """Grant a permit of a transferable type (or of `--type`) and mine it; return its id."""
        key = issuer.do("key")["issuer_key"]
        given = Path(options[options.index("--type") + 1]) if "--type" in options else TRANSFERABLE
        # Beside a copy of its own, for the completed definition is written there.
        type_file = self.folder / f"{issuer.folder.name}-{given.name}"
        type_file.write_bytes(given.read_bytes())
        options = (*options, "--type", str(type_file))
        granted = self.root.do(
            "permit", "grant", "--issuer-key", key, "--quantity", str(quantity), "--send", *options
        )
        self.mine()
        return f"{granted['txid']}:0"

    def wait(self, blocks: int) -> None:
        """Let months go by: empty blocks, 150 seconds apart."""
        while blocks > 0:
            now = self.client.header(self.client.tip()[1])["time"]
            step = min(blocks, 2_000)
            self.client.call("setmocktime", now + 150 * step)
            self.mine(step)
            blocks -= step

    def line(self, answer: Callable[[bytes, Ask], bytes | None]) -> AbstractContextManager[str]:
        """Stand between a wallet and the node; gives the address to be called instead of it.

        `answer` sees the body of each call and may ask the node itself; None hangs up.
        """
        return _stand_between(self.environment["CCXX_NODE"], answer)

    def document(self, name: str = "document.json") -> Path:
        """Write a small document."""
        path = self.folder / name
        path.write_text(json.dumps({"name": name}))
        return path

    def draft(self, issuer: Person, key: str, serial: int, *options: str) -> Path:
        """Draft a certificate, signed by the issuer alone; return the file."""
        file = self.folder / f"{issuer.folder.name}-{serial}.psbt"
        issuer.do(
            "certificate", "issue", "--to", key, "--document", self.document(),
            "--serial", str(serial), "--out", file, *options,
        )  # fmt: skip
        return file

    def issue(self, issuer: Person, key: str, serial: int, *options: str) -> str:
        """Issue a certificate and mine it; return its id."""
        file = self.draft(issuer, key, serial, *options)
        self.root.do("sign", file)
        sent = issuer.do("send", file)
        self.mine()
        return f"{sent['txid']}:0"


@contextmanager
def started_town(folder: Path) -> Iterator[Town]:
    """Start a node whose coins mature quickly, and register a root's coin.

    It is ccxx-node, or the daemon that CCXX_REFERENCE_NODE names: that one gets a chain with coins
    that are old enough.
    """
    datadir, log = folder / "node", folder / "node.log"
    options = () if DAEMON else (f"-testmaturity={MATURITY}",)
    if DAEMON:
        chain_cache.copy_chain(datadir, lambda _: None, DAEMON)
    with RegtestNode(datadir, log, options, DAEMON) as node:
        yield Town(folder, node.client, {**node.settings, "CCXX_PASSPHRASE": PASSPHRASE})


@pytest.fixture(scope="session")
def shared_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A node whose coins mature quickly, and a root with its root coin registered."""
    with started_town(tmp_path_factory.mktemp("town")) as started:
        yield started


@pytest.fixture(scope="module")
def town(shared_town: Town, tmp_path_factory: pytest.TempPathFactory) -> Town:
    """The town as one module sees it: people and files of its own, root and chain of all."""
    return shared_town.at(tmp_path_factory.mktemp("people"))


@pytest.fixture(scope="module")
def old_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Another such town, for a module that lets its chain grow long."""
    with started_town(tmp_path_factory.mktemp("old-town")) as started:
        yield started


@pytest.fixture(scope="session")
def make_town() -> type[Town]:
    """Give the class, for towns whose node may be killed."""
    return Town


@pytest.fixture(scope="module")
def issuer(town: Town) -> Person:
    """An issuer with a permit of a transferable type."""
    person = town.issuer("issuer")
    town.grant(person)
    return person


@pytest.fixture(scope="module")
def holder(town: Town) -> Person:
    """A holder with some coins in a block."""
    person = town.holder("holder")
    town.mine()
    return person


@pytest.fixture(scope="module")
def ask(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Any]]:
    """An explorer beside the town's node; a function that returns the JSON of a page at the tip."""
    folder, port = tmp_path_factory.mktemp("explorer"), free_ports(1)[0]
    options = [f"--anchor={town.anchor}", f"--database={folder / 'index'}", f"--port={port}"]
    process = Process(
        "ccxx-explorer",
        [program("ccxx-explorer"), "serve", *options],
        folder / "explorer.log",
        town.environment,
    )

    def get(page: str) -> Any:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}.json", timeout=30) as it:
                return json.load(it)
        except urllib.error.HTTPError as error:
            error.close()
            return None
        except OSError:
            return None

    def at_tip() -> bool:
        status = get("status")
        best = town.client.call("getbestblockhash")
        return bool(status and status["tip"] and status["tip"]["hash"] == best)

    def ask_at_tip(page: str) -> Any:
        process.wait_until(at_tip)
        return get(page)

    yield ask_at_tip
    process.stop()


@contextmanager
def _stand_between(node: str, answer: Callable[[bytes, Ask], bytes | None]) -> Iterator[str]:

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))

            def ask() -> bytes:
                with closing(http.client.HTTPConnection(node)) as connection:
                    headers = {"Authorization": self.headers["Authorization"]}
                    connection.request("POST", "/", body, headers)
                    return connection.getresponse().read()

            found = answer(body, ask)
            if found is None:
                self.close_connection = True
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(found)))
            self.end_headers()
            self.wfile.write(found)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
