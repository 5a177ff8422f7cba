"""The broadcast page without a node: what is read, what is refused, and what never happens."""

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given, settings
from hypothesis import strategies as st

from ccxx_core.bip32 import KeyOrigin
from ccxx_core.hashes import Txid, hash160, sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.psbt import Psbt
from ccxx_core.psbt_fields import PsbtInput
from ccxx_core.script import p2wpkh_script
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_explorer.problems import PageError
from ccxx_explorer.serving.settings import SERVING_DEFAULTS
from ccxx_explorer.views.rejection import reason_of, rejection_words
from ccxx_explorer.views.submission import read_submission
from ccxx_explorer.web import create_app

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TX = Transaction(
    2, (TxInput(OutPoint(Txid(bytes(31) + b"\x01"), 0), witness=(b"x",)),), (TxOutput(5, b"\x51"),)
)
HEX = TX.encode().hex()
KEY = PrivateKey(sha256(b"somebody"))
COIN = PsbtInput(
    witness_utxo=TxOutput(10, p2wpkh_script(hash160(KEY.public_key))),
    origins=((KEY.public_key, KeyOrigin(bytes(4), ())),),
)


@pytest.fixture
async def client(story: Any) -> AsyncIterator[Any]:
    """A client of the web server."""
    app = create_app(story.site(), replace(SERVING_DEFAULTS, rate=0))
    async with TestClient(TestServer(app)) as opened:
        yield opened


@pytest.mark.parametrize("text", [HEX, HEX.upper(), f"  {HEX[:20]}\n{HEX[20:]}\t", HEX + "\r\n"])
def test_hex_is_read_however_it_was_copied(text: str) -> None:
    assert read_submission(text) == TX


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "hello",
        "zz" * 100,
        HEX[:-2],
        HEX + "00",
        HEX[1:],
        "00" * 100_000,
        "ff" * 50,
        "é" * 10,
        "\x00",
        "cHNidP8=",
        "cHNidP" + "A" * 1_000,
        "70736274ff",
        "70736274ffzz",
        "70736274ff" + "00" * 50,
        "70736274FF01",
    ],
)
def test_garbage_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(PageError) as error:
        read_submission(text)

    assert (error.value.code, error.value.status) == ("bad-request", 400)
    assert error.value.hint


def test_psbt_that_nobody_signed_is_not_sent() -> None:
    bare = replace_inputs(TX)
    psbt = Psbt.create(bare, (COIN,))

    with pytest.raises(PageError, match="not signed by everybody"):
        read_submission(psbt.to_base64())
    with pytest.raises(PageError, match="not signed by everybody"):
        read_submission(psbt.encode().hex())


def test_psbt_that_everybody_signed_is_read_as_its_transaction() -> None:
    signed = Psbt.create(replace_inputs(TX), (COIN,)).sign([KEY])

    tx = read_submission(signed.to_base64())

    assert tx.txid == TX.txid
    assert tx.inputs[0].witness


@given(st.data())
@settings(max_examples=300)
def test_damaged_psbt_is_refused_and_never_breaks_anything(data: st.DataObject) -> None:
    raw = bytearray(Psbt.create(replace_inputs(TX), (COIN,)).sign([KEY]).encode())
    for place in data.draw(st.lists(st.integers(5, len(raw) - 1), min_size=1, max_size=4)):
        raw[place] = data.draw(st.integers(0, 255))

    with suppress(PageError):
        read_submission(raw.hex())


def replace_inputs(tx: Transaction) -> Transaction:
    """Take the witnesses away."""
    return Transaction(tx.version, tuple(TxInput(each.prevout) for each in tx.inputs), tx.outputs)


def test_coinbase_is_not_sent() -> None:
    coinbase = Transaction(
        1, (TxInput(OutPoint(Txid(bytes(32)), 0xFFFFFFFF), b"\x01\x01"),), (TxOutput(5, b"\x51"),)
    )

    with pytest.raises(PageError, match="first transaction of a block"):
        read_submission(coinbase.encode().hex())


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("66: min relay fee not met", "min relay fee not met"),
        ("min relay fee not met, 100 < 200 (code 66)", "min relay fee not met"),
        ("missing-inputs", "missing-inputs"),
        ("Missing inputs", "Missing inputs"),
        ("txn-mempool-conflict (code 18)", "txn-mempool-conflict"),
        ("", "rejected"),
        ("x" * 10_000, "x" * 100),
    ],
)
def test_stable_word_is_taken_out_of_the_nodes_answer(answer: str, reason: str) -> None:
    assert reason_of(answer) == reason


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("min relay fee not met", "higher feerate"),
        ("missing-inputs", "spent meanwhile"),
        ("bad-txns-inputs-missingorspent", "spent meanwhile"),
        ("non-BIP68-final", "too young"),
        ("non-final", "lock time"),
        ("mandatory-script-verify-flag-failed (Script failed)", "signature"),
        ("scriptpubkey", "script that nodes do not relay"),
        ("scriptsig-size", "form that nodes do not relay"),
        ("some-new-reason", "breaks a rule"),
    ],
)
def test_reasons_are_said_in_words_that_help(reason: str, word: str) -> None:
    assert word in rejection_words(reason)


async def test_transaction_is_explained_even_while_the_node_is_away(client: Any) -> None:
    reply = await client.post("/broadcast", data=urlencode({"transaction": HEX}), headers=FORM)
    page = await reply.text()

    assert reply.status == 200
    assert "The node does not answer" in page
    assert "Try again" in page and "Send it now" not in page
    assert reply.headers["Cache-Control"] == "no-store"


async def test_confirmed_transaction_is_explained_as_it_was_judged(client: Any, story: Any) -> None:
    transactions = [tx for new in story.chain.blocks for tx in new.block.transactions]
    issue = next(tx for tx in transactions if tx.txid == story.single.txid)

    facts = await (
        await client.post("/broadcast.json", json={"transaction": issue.encode().hex()})
    ).json()
    page = await (await client.get(f"/tx/{facts['txid']}.json")).json()

    assert facts["status"] == "confirmed"
    assert facts["meaning"] == page["verdict"]["words"]
    assert facts["tone"] == page["verdict"]["tone"]
    assert facts["transaction"] == page


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    ],
)
async def test_form_of_another_site_is_refused(client: Any, headers: dict[str, str]) -> None:
    body = urlencode({"transaction": HEX, "step": "send"})

    reply = await client.post("/broadcast", data=body, headers=FORM | headers)

    assert reply.status == 403
    assert "another site" in await reply.text()


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "same-origin"}])
async def test_form_of_our_own_is_taken(client: Any, headers: dict[str, str]) -> None:
    origin = {"Origin": f"http://{client.server.host}:{client.server.port}"}
    body = urlencode({"transaction": HEX})

    reply = await client.post("/broadcast", data=body, headers=FORM | headers | origin)

    assert reply.status == 200


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"a=1&" * 5_000, "application/x-www-form-urlencoded"),
        (b"transaction=" + HEX.encode(), "text/plain"),
        (b"transaction=" + HEX.encode(), "multipart/form-data; boundary=x"),
        (b"transaction=%ff%fe", "application/x-www-form-urlencoded; charset=nonsense"),
        (b"{}", "application/json"),
    ],
)
async def test_strange_form_is_refused_with_a_page(client: Any, body: bytes, kind: str) -> None:
    reply = await client.post("/broadcast", data=body, headers={"Content-Type": kind})

    assert reply.status == 400
    assert "<h1>" in await reply.text()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"transaction": 5}',
        b'{"transaction": "00", "send": "yes"}',
        b'{"transaction": "\xff"}',
        b"[" * 100_000,
        b"\xff",
        json.dumps({"transaction": "zz"}).encode(),
    ],
)
async def test_strange_json_is_refused_as_json(client: Any, body: bytes) -> None:
    reply = await client.post("/broadcast.json", data=body)

    assert reply.status == 400
    assert (await reply.json())["error"]["hint"]


@pytest.mark.parametrize("path", ["/broadcast", "/broadcast.json"])
async def test_fifty_megabytes_are_refused_unread(client: Any, path: str) -> None:
    reply = await client.post(path, data=BytesIO(b"0" * 50_000_000), headers=FORM)

    assert reply.status == 413


@pytest.mark.parametrize("path", ["/broadcast", "/broadcast.json"])
async def test_fifty_megabytes_in_pieces_are_refused_before_they_end(
    client: Any, path: str
) -> None:
    sent = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(800):
            sent += 1
            yield b"0" * 65_536

    try:
        reply = await client.post(path, data=pieces(), headers=FORM)
        assert reply.status == 413
    except ConnectionError:
        # The server may be gone before the client has sent it all.
        pass

    assert sent <= 800


async def test_nothing_is_sent_where_it_is_turned_off(story: Any) -> None:
    app = create_app(story.site(), replace(SERVING_DEFAULTS, broadcast=False))
    async with TestClient(TestServer(app)) as client:
        form = await (await client.get("/broadcast")).text()
        reply = await client.post("/broadcast.json", json={"transaction": HEX})
        refused = (await reply.json())["error"]["code"]

    assert "sends no transactions" in form
    assert "<textarea" not in form
    assert (reply.status, refused) == (403, "broadcast-off")


async def test_form_does_not_trust_what_is_pasted(client: Any) -> None:
    body = urlencode({"transaction": '"><script>alert(1)</script>'})

    page = await (await client.post("/broadcast", data=body, headers=FORM)).text()

    assert "<script>alert" not in page
