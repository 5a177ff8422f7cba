"""Search: every spelling leads to the page, and what leads nowhere says why."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccxx_cert.identity import certificate_id
from ccxx_core.address import encode_address
from ccxx_core.network import MAIN, REGTEST
from ccxx_explorer.database.words import words_of
from ccxx_explorer.views.search import (
    digests_beginning,
    heights_beginning,
    identities_beginning,
    plain_spelling,
    read_search,
)


@pytest.mark.parametrize(
    "spelling",
    ["7", " 7 ", "#7", "block 7", "Block: 7", "“7”", "https://explorer.example/block/7?x=1"],
)
async def test_height_is_read_in_any_spelling(client: Any, spelling: str) -> None:
    reply = await client.get("/search", params={"q": spelling}, allow_redirects=False)

    assert (reply.status, reply.headers["Location"]) == (303, "/block/7")


@pytest.mark.parametrize("text", ["12,345", "12.345", "12 345", "12'345", "12_345"])
def test_digits_may_be_grouped(text: str) -> None:
    assert read_search(text, REGTEST).height == 12_345


async def test_hash_is_read_with_prefix_spaces_and_capitals(
    client: Any, story: Any, hexed: Any
) -> None:
    txid = hexed(story.transfer.txid)

    for text in (txid.upper(), f"0x{txid}", f"{txid[:32]} {txid[32:]}", f"tx {txid}"):
        reply = await client.get("/search", params={"q": text}, allow_redirects=False)
        assert reply.headers["Location"] == f"/tx/{txid}"


async def test_word_of_a_title_leads_to_the_permit_and_several_to_a_choice(
    client: Any, page: Any, facts: Any, story: Any, named: Any
) -> None:
    one = await client.get("/search?q=digital", allow_redirects=False)

    several = await page("/search?q=d")
    found = await facts("/search.json", q="d")

    assert one.headers["Location"] == f"/permit/{named(story.permit)}"
    assert found["kind"] == "several"
    assert {each["title"] for each in found["candidates"]} == {"MSc Digital Currency", "Diploma"}
    assert "What “d” may mean" in several


async def test_serial_above_the_tip_leads_to_the_certificates_that_have_it(
    facts: Any, story: Any, named: Any
) -> None:
    shown = await facts(f"/certificate/{named(story.first_of_batch)}.json")

    found = await facts("/search.json", q=str(shown["serial"]))

    assert f"/certificate/{named(story.first_of_batch)}" in {
        each["url"] for each in found["candidates"]
    }


async def test_number_of_nothing_says_what_a_serial_is(client: Any) -> None:
    reply = await client.get("/search?q=202602001")
    body = await reply.text()

    assert reply.status == 404
    assert "A serial alone names no certificate" in body
    assert 'href="/verify">check a document or PDF' in body


async def test_address_of_another_network_is_called_so(facts: Any, story: Any) -> None:
    script = story.chain.learn("alice")

    problem = await facts("/search.json", 400, q=encode_address(script, MAIN))

    assert "an address of the main network" in problem["error"]["message"]
    assert "regtest" in problem["error"]["message"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ccert1qqqq", "no certificate id"),
        ("rccx1qqqq", "no address"),
        ("ab" * 20, "64 hex digits"),
        ("<script>", "no id, height, hash or address"),
    ],
)
async def test_what_leads_nowhere_says_why(facts: Any, text: str, words: str) -> None:
    problem = await facts("/search.json", 400, q=text)

    assert words in problem["error"]["message"]


async def test_beginnings_are_completed(facts: Any, story: Any, named: Any) -> None:
    identity = certificate_id(story.single)
    address = encode_address(story.chain.learn("alice"), REGTEST)
    assert address is not None

    for typed, url in [
        (identity[:12], f"/certificate/{named(story.single)}"),
        (identity[:12].upper(), f"/certificate/{named(story.single)}"),
        (address[:14], f"/address/{address}"),
        ("1", "/block/10"),
        ("dig", f"/permit/{named(story.permit)}"),
        ("UNIC", f"/permit/{named(story.permit)}"),
    ]:
        found = await facts("/suggest.json", q=typed)
        assert url in [each["url"] for each in found["candidates"]], typed


async def test_completion_gives_eight_at_most_and_nothing_twice(facts: Any) -> None:
    for typed in ("1", "ccert1", "r", "rccx1", "d", "0", ""):
        urls = [each["url"] for each in (await facts("/suggest.json", q=typed))["candidates"]]

        assert len(urls) == len(set(urls)) <= 8


async def test_completion_of_a_document_hash_finds_its_certificates(
    facts: Any, story: Any, named: Any
) -> None:
    shown = await facts(f"/certificate/{named(story.single)}.json")

    found = await facts("/suggest.json", q=shown["document_hash"][:10])

    assert {each["kind"] for each in found["candidates"]} == {"certificate"}


@given(st.text(max_size=80))
def test_any_text_can_be_read(text: str) -> None:
    read_search(text, REGTEST)
    identities_beginning(text)
    digests_beginning(text)
    heights_beginning(text, 100)
    words_of(text)

    assert len(plain_spelling(text)) <= len(text)


def test_identity_range_holds_every_id_that_begins_so() -> None:
    low, high = identities_beginning("ccert1q") or (b"", b"")

    assert low == bytes(20)
    assert high == bytes.fromhex("07" + "ff" * 19)
