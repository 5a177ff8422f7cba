"""Killed at any moment, an issue of many ends with one certificate for each recipient.

Co-signer, issuer's wallet and node are killed at random points spread over the whole run, then
started again, and the job is resumed. `CCXX_CRASHES=200` kills as often, in an issue of 500;
`CCXX_SEED` chooses other moments.
"""

import csv
import json
import os
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ccxx_cert.recognize import read_message
from ccxx_cert.record_json import record_from_json
from ccxx_cert.records import BatchMessage, IssueMessage
from ccxx_cert.state import Credit, RecordKind
from ccxx_cert.trust import TrustAnchor
from ccxx_core.hashes import sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.transaction import Transaction
from ccxx_regtest.node import RegtestNode
from ccxx_regtest.processes import Process, free_ports, program
from ccxx_wallet.store import Store

Town = Any

CRASHES = int(os.environ.get("CCXX_CRASHES") or 6)
SEED = int(os.environ.get("CCXX_SEED") or 7)
RECIPIENTS = 500 if CRASHES > 50 else 40
# As many chains of singles; a batch takes a transaction of each coin.
COINS = {"each": 8, "batch": RECIPIENTS // 5}
# Which part of the kills falls on which way to issue.
SHARE = {"each": 0.75, "batch": 0.25}
MATURITY = 10
POLICY = """
[limits]
certificates_a_day = 100000
[permits]
approvals = 0
[service]
requests_a_minute = 100000
"""
MINE_EVERY = 1.5
# A run that makes no progress for so long hangs.
STUCK_SECONDS = 180


@dataclass
class Network:
    """A node, a co-signer and an issuer, each of which may be killed and started again."""

    folder: Path
    port: int
    node: RegtestNode
    town: Town
    service: Process | None = None

    def start_service(self) -> None:
        """Start the co-signer and wait until it listens."""
        (self.folder / "policy.toml").write_text(POLICY)
        log = self.folder / "cosigner.log"
        log.write_text("")
        self.service = Process(
            "ccxx-root",
            [
                program("ccxx-root"), "cosigner", "serve", "--port", str(self.port),
                "--policy", str(self.folder / "policy.toml"),
            ],
            log,
            {**self.town.environment, "CCXX_WALLET": str(self.town.root.folder)},
        )  # fmt: skip
        self.service.wait_until(lambda: "Co-signer: http" in log.read_text())

    def kill(self, victim: str, wallet: "subprocess.Popen[bytes]") -> None:
        """End one of the three as a power cut would, and bring it back."""
        match victim:
            case "wallet":
                wallet.kill()
                wallet.wait()
            case "node":
                self.node.crash()
            case "cosigner":
                assert self.service is not None
                self.service.kill()
                self.start_service()


@pytest.fixture
def network(make_town: Callable[..., Town], tmp_path: Path) -> Iterator[Network]:
    """A town of its own whose node and co-signer can be killed."""
    options = (f"-testmaturity={MATURITY}",)
    with RegtestNode(tmp_path / "node", tmp_path / "node.log", options) as node:
        environment = node.settings | {"CCXX_PASSPHRASE": "correct horse battery staple"}
        made = Network(
            tmp_path, free_ports(1)[0], node, make_town(tmp_path, node.client, environment)
        )
        try:
            yield made
        finally:
            if made.service is not None:
                made.service.stop()


class Office:
    """An issuer with a permit in several coins, a token, and a table of recipients."""

    def __init__(self, network: Network, mode: str) -> None:
        self.network = network
        self.mode = mode
        town = network.town
        self.issuer = town.issuer("issuer")
        self.coins = COINS[mode]
        options = ("--fan-out", str(self.coins))
        self.permit = town.grant(self.issuer, *options, quantity=RECIPIENTS + self.coins)
        address = self.issuer.do("address")["address"]
        for _ in range(8):
            town.root.do("pay", address, "0.02")
            town.mine()
        token = network.folder / "issuer.token"
        key = self.issuer.do("key")["issuer_key"]
        town.root.do(
            "cosigner", "token", "add", "issuer", "--role", "issuer", "--out", token,
            "--issuer-key", key,
        )  # fmt: skip
        self.cosigner = ("--cosigner", f"http://127.0.0.1:{network.port}")
        self.cosigner += ("--token-file", str(token))
        self.keys = [
            PrivateKey(sha256(f"{mode} {n}".encode())).public_key for n in range(RECIPIENTS)
        ]
        self.table = network.folder / "recipients.csv"
        with self.table.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(["holder_key", "name"])
            writer.writerows([key.hex(), f"Person {n}"] for n, key in enumerate(self.keys))

    def words(self) -> list[str]:
        """Give the command that starts the job, or goes on with it once there is one."""
        if any(each.suffix == "" for each in (self.issuer.folder / "jobs").glob("*")):
            return ["certificate", "batch", "resume", *self._job(), *self.cosigner]
        kind = self.network.folder / "issuer-patron-share.granted.json"
        options = ["--each"] if self.mode == "each" else []
        options += ["--type", str(kind), "--out", str(self.network.folder / "psbts")]
        options += ["--documents", str(self.network.folder / "documents")]
        options += ["--report", str(self.network.folder / "report.jsonl"), "--send"]
        return ["certificate", "batch", str(self.table), *options, *self.cosigner]

    def _job(self) -> list[str]:
        folders = (self.issuer.folder / "jobs").glob("*")
        return [each.name for each in folders if each.suffix == ""]

    def start(self) -> "subprocess.Popen[bytes]":
        """Start a run of the job as a process of its own."""
        environment = os.environ | self.issuer.environment
        log = (self.network.folder / "wallet.log").open("ab")
        with log:
            return subprocess.Popen(
                [program("ccxx-issuer"), *self.words(), "--json", "--yes", "--no-input"],
                env=environment | {"CCXX_WALLET": str(self.issuer.folder)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )


class Chain:
    """What the node has of the job: mines now and then, and counts certificates."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._height = -1
        self._mined: list[tuple[int, int]] = []
        self._waiting: dict[str, int] = {}
        self._last = time.monotonic()

    def look(self) -> int:
        """Mine when it is time; return how many certificates blocks and pool hold."""
        if time.monotonic() - self._last > MINE_EVERY:
            self._town.mine()
            self._last = time.monotonic()
        pool = self._town.client.call("getrawmempool")
        return len(self.serials()) + self._in_pool(pool)

    def serials(self) -> list[int]:
        """Return every serial that a transaction in a block makes a certificate for."""
        client = self._town.client
        tip = client.block_count()
        for height in range(self._height + 1, tip + 1):
            for tx in client.block(client.block_hash(height)).transactions:
                if (made := _certificates(tx)) is not None:
                    self._mined.append(made)
        self._height = tip
        return [serial + leaf for serial, count in self._mined for leaf in range(count)]

    def _in_pool(self, txids: list[str]) -> int:
        """Count the certificates of transactions that wait for a block."""
        for txid in set(txids) - self._waiting.keys():
            raw = self._town.client.call("getrawtransaction", txid, 0)
            made = _certificates(Transaction.decode(bytes.fromhex(raw)))
            self._waiting[txid] = 0 if made is None else made[1]
        return sum(self._waiting[txid] for txid in txids)


def _certificates(tx: Transaction) -> tuple[int, int] | None:
    """Give the first serial and the number of certificates that a transaction makes."""
    reading = read_message(tx)
    match None if reading is None else reading.message:
        case IssueMessage(serial=serial):
            return serial, 1
        case BatchMessage(serial_start=start, count=count):
            return start, count
        case _:
            return None


def kill_points(chance: random.Random, count: int) -> list[float]:
    """Spread points over the run: so many certificates must be sent before each; some at once."""
    return sorted(max(0.0, chance.uniform(-0.1, 1) * RECIPIENTS) for _ in range(count))


def run_until(
    point: float, wallet: "subprocess.Popen[bytes]", chain: Chain, chance: random.Random
) -> None:
    """Let a run go on to a point and a moment further, or until it ends."""
    deadline = time.monotonic() + STUCK_SECONDS
    # Where so many are there from the start, some moment of starting or drafting is meant.
    moment = chance.uniform(0, 3) if chain.look() >= point else chance.uniform(0, 0.05)
    while wallet.poll() is None and chain.look() < point:
        assert time.monotonic() < deadline, "no progress"
        with suppress(subprocess.TimeoutExpired):
            wallet.wait(0.01)
    with suppress(subprocess.TimeoutExpired):
        wallet.wait(moment)


@pytest.mark.parametrize("mode", ["each", "batch"])
def test_killed_at_any_moment_everybody_gets_one_certificate(network: Network, mode: str) -> None:
    office, chance = Office(network, mode), random.Random(SEED)
    chain = Chain(network.town)
    network.start_service()

    for point in kill_points(chance, round(CRASHES * SHARE[mode])):
        wallet = office.start()
        run_until(point, wallet, chain, chance)
        network.kill(chance.choice(["wallet", "cosigner", "node"]), wallet)
        # Without its node or its co-signer it says so, and ends; it may also wait and go on.
        if wallet.poll() is None:
            wallet.kill()
        assert wallet.wait() in (0, 1, -9), (network.folder / "wallet.log").read_text()
    wallet = office.start()
    run_until(RECIPIENTS + 1, wallet, chain, chance)
    network.town.mine()

    assert wallet.wait() == 0, (network.folder / "wallet.log").read_text()[-3000:]
    assert_one_each(network, office, chain)


def assert_one_each(network: Network, office: Office, chain: Chain) -> None:
    """Every recipient has one certificate, nobody two, and all credit is there."""
    certificates = office.issuer.do("certificate", "list")["certificates"]
    (permit,) = office.issuer.do("permit", "list")["permits"]
    (job,) = office.issuer.do("certificate", "batch", "list")["jobs"]
    report = (network.folder / "report.jsonl").read_text().splitlines()

    assert sorted(chain.serials()) == list(range(1, RECIPIENTS + 1))
    assert [each["serial"] for each in certificates] == list(range(1, RECIPIENTS + 1))
    assert all(each["status"] in ("valid", "provisional") for each in certificates)
    assert (permit["issued"], permit["left"]) == (RECIPIENTS, office.coins)
    assert job["finished"] and job["done"] == RECIPIENTS
    assert [json.loads(line)["key"] for line in report] == [key.hex() for key in office.keys]
    assert office.issuer.do("draft", "list")["drafts"] == []
    assert credit_of(office.issuer.folder) == root_value(network.town.anchor)


def credit_of(folder: Path) -> int:
    """Add up the root's credit, the permits' and the certificates', in satoshis."""
    store = Store(folder / "wallet.sqlite")
    records = map(record_from_json, store.records(f"{RecordKind.CREDIT}:"))
    total = sum(record.value for record in records if isinstance(record, Credit))
    store.close()
    return total


def root_value(anchor: Path) -> int:
    return TrustAnchor.decode(anchor.read_bytes()).root_value
