"""Lists of certificates and permits: filtered, sorted, read on; what is chosen can be taken off."""

from itertools import islice
from typing import Any

import pytest

from ccxx_cert.records import RevocationReason
from ccxx_cert.state import Permit
from ccxx_core.address import encode_address
from ccxx_core.hashes import sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.network import REGTEST
from ccxx_explorer.database.grants import list_permits, permit_page

ISSUER = PrivateKey(sha256(b"issuer")).public_key.hex()


def ids(listed: Any) -> list[str]:
    """Name what a list shows."""
    return [line["id"] for line in listed["certificates"]]


async def all_of(get: Any, query: str) -> list[Any]:
    """Read a list to its end."""
    listed = await get(f"/certificates.json?{query}")
    lines = list(listed["certificates"])
    while listed["after"]:
        listed = await get(f"/certificates.json?{query}&after={listed['after']}")
        lines += listed["certificates"]
    return lines


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 54),
        (f"issuer={ISSUER}", 54),
        (f"issuer={'02' + 'ab' * 32}", 0),
        ("type=DIPLOMA", 1),
        ("type=NOTHING", 0),
        ("status=valid", 51),
        ("status=provisional", 1),
        ("status=expired", 1),
        ("status=destroyed", 1),
        ("status=revoked", 0),
        (f"status=valid&type=UNICDEG&issuer={ISSUER}", 51),
        ("status=destroyed&type=UNICDEG", 0),
    ],
)
async def test_list_has_what_was_asked_for_and_nothing_else(
    story: Any, serving: Any, query: str, count: int
) -> None:
    async with serving(story) as get:
        lines = await all_of(get, query)

    assert len({line["id"] for line in lines}) == len(lines) == count


async def test_holder_is_found_by_the_address_where_it_lies_now_alone(
    story: Any, named: Any, serving: Any
) -> None:
    past = encode_address(story.chain.learn("alice"), REGTEST)
    present = encode_address(story.chain.learn("bob"), REGTEST)

    async with serving(story) as get:
        before = await get(f"/certificates.json?address={past}")
        now = await get(f"/certificates.json?address={present}")

    assert ids(before) == []
    assert ids(now) == [named(story.single)]


@pytest.mark.parametrize("sort", ["newest", "oldest", "serial", "type"])
async def test_every_order_shows_every_certificate_once(
    story: Any, serving: Any, sort: str
) -> None:
    async with serving(story) as get:
        lines = await all_of(get, f"sort={sort}")

    assert len({line["id"] for line in lines}) == len(lines) == 54
    keys = {
        "newest": [-line["height"] for line in lines],
        "oldest": [line["height"] for line in lines],
        "serial": [(line["code"] == "DIPLOMA", line["serial"]) for line in lines],
        "type": [line["code"] == "DIPLOMA" for line in lines],
    }
    assert keys[sort] == sorted(keys[sort])


async def test_total_says_what_was_counted(story: Any, serving: Any) -> None:
    async with serving(story) as get:
        one = await get("/certificates.json?status=valid")
        two = await get("/certificates.json?status=valid&type=UNICDEG")

    assert (one["total"], one["total_is_least"]) == (51, False)
    assert (two["total"], two["total_is_least"]) == (None, False)


async def test_chosen_filter_is_seen_and_can_be_taken_off_without_scripts(
    story: Any, serving: Any
) -> None:
    async with serving(story) as get:
        page = await get("/certificates?status=valid&type=UNICDEG&sort=oldest")
        following = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
        second = await get(f"/certificates{following}")

    assert '<form class="filter" action="/certificates" method="get">' in page
    assert '<option value="valid" selected>' in page
    assert 'value="UNICDEG"' in page
    assert 'href="/certificates?status=valid&amp;sort=oldest" aria-label="Without: Type' in page
    assert "status=valid" in following and "after=" in following
    assert "To the beginning" in second


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/permits.json?status=valid", 2),
        ("/permits.json?status=closed", 0),
        ("/permits.json?type=DIPLOMA", 1),
        (f"/permits.json?issuer={ISSUER}&type=UNICDEG&status=valid", 1),
    ],
)
async def test_permits_are_filtered_alike(story: Any, serving: Any, path: str, wanted: int) -> None:
    async with serving(story) as get:
        listed = await get(path)

    assert (len(listed["permits"]), listed["total"]) == (wanted, None)


WRONG = (
    "after=1-2-3",
    "after=%D9%A1",
    "after=-5",
    "after=" + "9" * 50,
    "issuer=xyz",
    "issuer=04" + "ab" * 32,
    "type=LONGERTHAN8",
    "type=%00%00%00%00%00%00%00%00%00",
    "status=active",
    "status=%3Cscript%3E",
    "sort=random",
    "address=nowhere",
    "permit=5",
    "document=zz",
)


@pytest.mark.parametrize(
    ("page", "query"),
    [
        *(("/certificates", query) for query in WRONG),
        *(("/permits", query) for query in WRONG[:10]),
        *(("/issuers", query) for query in WRONG[:4]),
    ],
)
async def test_wrong_parameters_are_a_page_that_helps(
    story: Any, serving: Any, page: str, query: str
) -> None:
    async with serving(story) as get:
        problem = (await get(f"{page}.json?{query}", 400))["error"]
        shown = await get(f"{page}?{query}", 400)

    assert problem["code"] == "bad-request"
    assert problem["hint"]
    assert "<script>" not in shown


async def test_status_in_a_list_follows_the_chain(chain: Any, named: Any, serving: Any) -> None:
    permit = chain.grant(issuer_revokes=True)
    certificate = chain.issue(permit, 1, "alice")
    chain.revoke(certificate.txid, 0, RevocationReason.HOLD)

    async with serving(chain) as get:
        held = await get("/certificates.json?status=suspended")
    chain.disconnect()
    async with serving(chain) as get:
        undone = await get("/certificates.json?status=suspended")

    assert ids(held) == [named(certificate)]
    assert ids(undone) == []


async def test_moved_lately_is_provisional_however_old_it_is(
    chain: Any, named: Any, serving: Any
) -> None:
    certificate = chain.issue(chain.grant(), 1, "alice")
    for _ in range(8):
        chain.mine()
    chain.transfer(certificate, "bob")

    async with serving(chain) as get:
        provisional = await get("/certificates.json?status=provisional")
        valid = await get("/certificates.json?status=valid")

    assert (ids(provisional), ids(valid)) == ([named(certificate)], [])


async def test_every_database_answers_alike(any_chain: Any, named: Any, serving: Any) -> None:
    permit = any_chain.grant(issuer_revokes=True)
    first = any_chain.batch(permit, 10, 3)
    single = any_chain.issue(permit, 1, "alice")
    any_chain.revoke(first.txid, 1, RevocationReason.SUPERSEDED)

    async with serving(any_chain) as get:
        found = {
            query: [
                line["serial"]
                for line in (await get(f"/certificates.json?{query}"))["certificates"]
            ]
            for query in (
                "sort=newest",
                "sort=oldest",
                "sort=serial",
                "sort=type&after=1-1",
                "status=provisional",
                f"status=revoked&issuer={ISSUER}",
            )
        }
        issuer = await get(f"/issuer/{ISSUER}.json")
        root = await get("/root.json")
        page = await get(f"/certificate/{named(single)}.json")

    assert list(found.values()) == [
        [1, 12, 11, 10],
        [10, 11, 12, 1],
        [1, 10, 11, 12],
        [11, 12, 1],
        [1, 12, 10],
        [11],
    ]
    assert {each["status"]: each["count"] for each in issuer["statuses"]} == {
        "valid": 3,
        "revoked": 1,
    }
    assert root["issuers"][0]["issued"] == 4
    assert len(page["history"]) == 1


@pytest.mark.parametrize(("length", "most"), [(1, 10), (2, 10), (9, 10), (9, 2), (9, 1), (1, 1)])
def test_page_that_had_to_stop_says_where_to_go_on(story: Any, length: int, most: int) -> None:
    pages: list[list[str]] = []
    below: int | None = None
    with story.database.read() as connection:
        while not pages or below is not None:
            rows = islice(list_permits(connection, None, None, below), most)
            found, below = permit_page(rows, _is_diploma, length, most)
            pages.append([permit.message.code for permit in found])

    assert [code for page in pages for code in page] == ["DIPLOMA"]


def _is_diploma(permit: Permit) -> bool:
    return permit.message.code == "DIPLOMA"
