"""Live events, the pool and the broadcast page, beside a real node and in a real browser."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect

from ccxx_core.address import encode_address
from ccxx_core.hashes import format_hash, hash160, sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.network import REGTEST
from ccxx_core.script import p2pkh_script, p2wpkh_script
from ccxx_core.sighash import SIGHASH_ALL, segwit_sighash
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_regtest.node import RegtestNode
from ccxx_regtest.processes import Process, free_ports, program

KEY = PrivateKey(sha256(b"miner"))
KEY_HASH = hash160(KEY.public_key)
SCRIPT = p2wpkh_script(KEY_HASH)
MINER = encode_address(SCRIPT, REGTEST) or ""
OTHER = encode_address(p2wpkh_script(bytes(20)), REGTEST) or ""
MATURITY = 10
SECONDS = 60
# Heights of rewards that no test has spent yet.
REWARDS = count(1)


class Explorer:
    """A running `ccxx-explorer serve` that may be killed and started again at its address."""

    def __init__(self, folder: Path, node: RegtestNode, *options: str) -> None:
        port = free_ports(1)[0]
        self.url = f"http://127.0.0.1:{port}"
        self.log = folder / f"explorer-{port}.log"
        self.database = f"--database={folder / f'index-{port}.sqlite'}"
        self._settings = node.settings
        words = ("serve", self.database, f"--port={port}", *options)
        self._command = [program("ccxx-explorer"), *words]
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.process = Process("ccxx-explorer", self._command, self.log, self._settings)
        self.process.wait_until(lambda: self.get("/status.json") is not None)

    def get(self, path: str) -> Any:
        """Return the JSON at a path, None where there is none."""
        try:
            with urllib.request.urlopen(f"{self.url}{path}", timeout=30) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            error.close()
        except OSError:
            pass
        return None

    def post(self, path: str, body: bytes, **headers: str) -> tuple[int, str]:
        """Send a body, and return status and answer."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(f"{self.url}{path}", body, named)
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def wait_for_height(self, height: int) -> None:
        """Wait until the index has a block."""
        self.process.wait_until(lambda: self.get(f"/block/{height}.json") is not None)


class Listener:
    """A client of the stream, as simple as one can be."""

    def __init__(self, url: str, last_id: str | None = None) -> None:
        headers = {"Last-Event-ID": last_id} if last_id else {}
        request = urllib.request.Request(f"{url}/events", headers=headers)
        self._reply = urllib.request.urlopen(request, timeout=SECONDS)

    def next(self) -> tuple[str, str, Any]:
        """Read the next event: its id, its name and its facts."""
        fields: dict[str, str] = {}
        while True:
            name, _, value = self._reply.readline().decode().rstrip("\n").partition(": ")
            if name:
                fields[name] = value
            elif "event" in fields:
                return fields["id"], fields["event"], json.loads(fields["data"])

    def wait_for(self, wanted: str, fits: Callable[[Any], bool] = lambda _data: True) -> Any:
        """Read on to the next event of a name, and return its facts."""
        while True:
            _, name, data = self.next()
            if name == wanted and fits(data):
                return data

    def close(self) -> None:
        """Go away."""
        self._reply.close()


@pytest.fixture(scope="module")
def network(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[RegtestNode, Explorer]]:
    """A node whose first rewards may be spent, and an explorer beside it."""
    folder = tmp_path_factory.mktemp("live")
    options = (f"-testmaturity={MATURITY}",)
    with RegtestNode(folder / "node", folder / "node.log", options) as node:
        node.mine(MATURITY + 5, MINER)
        explorer = Explorer(folder, node)
        try:
            yield node, explorer
        finally:
            explorer.process.stop()


@pytest.fixture
def node(network: tuple[RegtestNode, Explorer]) -> RegtestNode:
    """The node: nothing waits in its pool, whatever the last test left there."""
    network[0].mine(1, MINER)
    return network[0]


@pytest.fixture
def explorer(network: tuple[RegtestNode, Explorer], node: RegtestNode) -> Explorer:
    """The explorer, which has caught up and has heard of the empty pool."""
    explorer = network[1]
    explorer.wait_for_height(node.client.block_count())
    explorer.process.wait_until(lambda: has_empty_pool(explorer.get("/mempool.json")))
    return explorer


def has_empty_pool(pool: Any) -> bool:
    """Tell whether the explorer knows that nothing waits."""
    return bool(pool) and pool["known"] and not pool["transactions"]


@pytest.fixture
def listener(explorer: Explorer) -> Iterator[Listener]:
    """A client of its stream."""
    opened = Listener(explorer.url)
    yield opened
    opened.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page whose console may complain of a server that is away, as it must."""
    opened = chromium.new_page(viewport={"width": 1280, "height": 900})
    yield opened
    opened.close()


def payment(node: RegtestNode, height: int = 0, fee: int = 10_000) -> Transaction:
    """Spend the reward of a block, by default of the next that nobody has spent."""
    height = height or next(REWARDS)
    coinbase = node.client.block(node.client.block_hash(height)).transactions[0]
    value = coinbase.outputs[0].value
    outputs = (TxOutput(value - fee, SCRIPT),)
    tx = Transaction(2, (TxInput(OutPoint(coinbase.txid, 0)),), outputs)
    digest = segwit_sighash(tx, 0, p2pkh_script(KEY_HASH), value, SIGHASH_ALL)
    witness = (KEY.sign(digest) + bytes([SIGHASH_ALL]), KEY.public_key)
    return Transaction(2, (tx.inputs[0]._replace(witness=witness),), outputs)


def test_block_and_reorganisation_reach_a_listener(node: RegtestNode, listener: Listener) -> None:
    height = node.client.block_count()

    node.mine(1, MINER)
    tip = listener.wait_for("tip", lambda data: data["height"] == height + 1)
    node.client.call("invalidateblock", node.client.call("getblockhash", height - 1))
    node.mine(4, OTHER)
    reorganisation = listener.wait_for("reorganisation")

    assert tip["time"] > 0
    assert reorganisation["common_height"] <= height - 2


def test_transaction_is_told_and_shown_until_a_block_takes_it(
    node: RegtestNode, explorer: Explorer, listener: Listener
) -> None:
    tx = payment(node)

    node.client.send(tx)
    listener.wait_for("mempool", lambda data: data["count"] == 1)
    shown = explorer.get("/mempool.json")
    node.mine(1, MINER)
    listener.wait_for("mempool", lambda data: data["count"] == 0)

    assert [line["txid"] for line in shown["transactions"]] == [format_hash(tx.txid)]
    assert shown["transactions"][0]["fee"] == 10_000
    assert sum(band["count"] for band in shown["fees"]) == 1
    assert explorer.get("/mempool.json")["transactions"] == []


def test_node_that_is_killed_is_told_and_found_again(
    node: RegtestNode, explorer: Explorer, listener: Listener
) -> None:
    height = node.client.block_count()
    node.client.send(payment(node))
    listener.wait_for("mempool", lambda data: data["count"] == 1)

    node.process.kill()
    gone = listener.wait_for("node")
    away = explorer.get("/mempool.json")
    node.crash()
    back = listener.wait_for("node")
    node.mine(1, MINER)
    listener.wait_for("tip", lambda data: data["height"] == height + 1)

    assert gone["online"] is False and back["online"] is True
    assert not away["known"] and away["transactions"] == []


def test_listener_goes_on_where_it_was(node: RegtestNode, explorer: Explorer) -> None:
    height = node.client.block_count()
    first = Listener(explorer.url)
    place, _, _ = first.next()
    first.close()
    node.mine(1, MINER)
    explorer.wait_for_height(height + 1)

    second = Listener(explorer.url, place)

    assert second.wait_for("tip", lambda data: data["height"] == height + 1)
    second.close()


def test_several_web_processes_tell_the_same(
    tmp_path: Path, node: RegtestNode, explorer: Explorer
) -> None:
    height = node.client.block_count()
    other = Explorer(tmp_path, node, "--no-index", explorer.database)
    try:
        listeners = [Listener(each.url) for each in (explorer, other)]
        node.mine(1, MINER)
        told = [
            each.wait_for("tip", lambda data: data["height"] == height + 1) for each in listeners
        ]
        for each in listeners:
            each.close()
    finally:
        other.process.stop()

    assert told[0] == told[1]


def test_page_is_live_follows_blocks_and_says_when_it_is_cut_off(
    node: RegtestNode, explorer: Explorer, page: Page
) -> None:
    height = node.client.block_count()
    page.clock.install()
    page.goto(f"{explorer.url}/blocks")
    state = page.locator(".live")
    expect(state).to_have_attribute("data-state", "live", timeout=SECONDS * 1000)

    node.mine(1, MINER)
    expect(page.get_by_role("link", name=str(height + 1), exact=True)).to_be_visible(
        timeout=SECONDS * 1000
    )
    page.get_by_role("link", name=str(height - 3), exact=True).click()
    expect(state).to_have_attribute("data-state", "live", timeout=SECONDS * 1000)
    node.mine(1, MINER)
    expect(page.get_by_text("A newer block is there.")).to_be_visible(timeout=SECONDS * 1000)
    explorer.process.kill()
    expect(state).to_contain_text("not connected since", timeout=SECONDS * 1000)
    explorer.start()
    page.clock.fast_forward(SECONDS * 1000)
    expect(state).to_have_attribute(
        "data-state", re.compile("live|polling"), timeout=SECONDS * 1000
    )


def test_search_in_the_middle_of_a_page_completes_after_blocks_came(
    node: RegtestNode, explorer: Explorer, page: Page
) -> None:
    page.goto(f"{explorer.url}/")
    expect(page.locator(".live")).to_have_attribute("data-state", "live")

    node.mine(1, MINER)
    height = str(node.client.block_count())
    # A page asks for news only every few seconds, and this one may have just done so.
    expect(page.locator("main dl.tiles dd").first).to_have_text(height, timeout=SECONDS * 1000)
    page.get_by_role("combobox").fill(height)

    expect(page.get_by_role("option").first).to_be_visible()


def test_page_says_since_when_the_node_is_away(
    node: RegtestNode, explorer: Explorer, page: Page
) -> None:
    page.goto(f"{explorer.url}/blocks")
    state = page.locator(".live")
    expect(state).to_contain_text("live", timeout=SECONDS * 1000)

    node.process.kill()
    expect(state).to_contain_text("the node is away since", timeout=SECONDS * 1000)
    node.crash()
    expect(state).to_have_text("live", timeout=SECONDS * 1000)


def test_page_polls_where_streams_are_full(explorer: Explorer, page: Page) -> None:
    page.route("**/events", lambda route: route.fulfill(status=503))
    page.route("**/events?*", lambda route: route.fulfill(status=503))
    page.goto(f"{explorer.url}/blocks")

    state = page.locator(".live")
    expect(state).to_have_attribute("data-state", "polling", timeout=SECONDS * 1000)
    expect(state).to_contain_text("asks every 15 seconds")


def test_broadcast_page_explains_first_and_sends_then_without_javascript(
    node: RegtestNode, explorer: Explorer, chromium: Browser
) -> None:
    tx = payment(node)
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()

    page.goto(f"{explorer.url}/broadcast")
    page.get_by_label("Transaction in hex").fill(tx.encode().hex())
    page.get_by_role("button", name="Explain it").click()
    expect(page.get_by_text("The node would take it")).to_be_visible()
    before = node.client.call("getrawmempool")
    page.get_by_role("button", name="Send it now").click()
    expect(page.get_by_text("Sent", exact=True)).to_be_visible()
    context.close()

    assert before == []
    assert node.client.call("getrawmempool") == [format_hash(tx.txid)]


def test_programs_try_out_and_send(node: RegtestNode, explorer: Explorer) -> None:
    height = next(REWARDS)
    tx = payment(node, height)
    question = {"transaction": tx.encode().hex()}

    tried = explorer.post("/broadcast.json", json.dumps(question).encode())
    sent = explorer.post("/broadcast.json", json.dumps(question | {"send": True}).encode())
    again = explorer.post("/broadcast.json", json.dumps(question | {"send": True}).encode())
    conflict = payment(node, height, 9_999)
    refused = explorer.post(
        "/broadcast.json", json.dumps({"transaction": conflict.encode().hex()}).encode()
    )

    assert json.loads(tried[1])["status"] == "acceptable"
    assert json.loads(sent[1])["status"] == "sent"
    assert json.loads(again[1])["status"] in ("sent", "waiting")
    assert json.loads(refused[1])["status"] == "refused"
    assert node.client.call("getrawmempool") == [format_hash(tx.txid)]


def test_broadcast_is_refused_where_it_is_turned_off(tmp_path: Path, node: RegtestNode) -> None:
    explorer = Explorer(tmp_path, node, "--no-broadcast")
    body = urlencode({"transaction": payment(node).encode().hex(), "step": "send"}).encode()
    try:
        status, page = explorer.post("/broadcast", body)
    finally:
        explorer.process.stop()

    assert status == 403
    assert "turned that off" in page
    assert node.client.call("getrawmempool") == []


def test_nothing_that_was_sent_is_logged(node: RegtestNode, explorer: Explorer) -> None:
    tx = payment(node).encode().hex()

    explorer.post("/broadcast", urlencode({"transaction": tx}).encode())
    explorer.post("/broadcast.json", json.dumps({"transaction": tx, "send": True}).encode())

    assert tx[:40] not in explorer.log.read_text()
