"""Issuers and the root: sums, names, and where the credit lies."""

import json
from typing import Any

import pytest

from ccxx_cert.trust import TrustAnchor
from ccxx_core.hashes import sha256
from ccxx_core.keys import PrivateKey

ISSUER = PrivateKey(sha256(b"issuer")).public_key.hex()


async def test_issuer_sums_up_what_it_may_and_did_issue(
    story: Any, named: Any, serving: Any
) -> None:
    async with serving(story) as get:
        facts = await get(f"/issuer/{ISSUER}.json")
        page = await get(f"/issuer/{ISSUER}")

    assert (facts["permit_count"], facts["issued"]) == (2, 54)
    assert facts["credit"] == (947 + 9) * 100_000
    assert {each["status"]: each["count"] for each in facts["statuses"]} == {
        "valid": 52,
        "expired": 1,
        "destroyed": 1,
    }
    assert {line["id"] for line in facts["permits"]} == {
        named(story.permit),
        named(story.fixed_permit),
    }
    assert facts["first_txid"] == named(story.single).split(":")[0]
    assert facts["last_txid"] == named(story.recent).split(":")[0]
    assert f"/certificates?issuer={ISSUER}&amp;status=expired" in page


async def test_issuers_are_listed_with_their_first_certificate(story: Any, serving: Any) -> None:
    async with serving(story) as get:
        listed = await get("/issuers.json")

    (line,) = listed["issuers"]
    assert (listed["total"], listed["after"]) == (1, None)
    assert (line["key"], line["permits"], line["issued"]) == (ISSUER, 2, 54)


@pytest.mark.parametrize(
    ("name", "status"), [("02" + "ab" * 32, 404), ("nobody", 400), ("04" * 33, 400), ("0", 400)]
)
async def test_unknown_issuer_is_a_page_that_helps(
    story: Any, serving: Any, name: str, status: int
) -> None:
    async with serving(story) as get:
        problem = await get(f"/issuer/{name}.json", status)
        await get(f"/issuer/{name}", status)

    assert problem["error"]["hint"]


async def test_root_says_how_its_credit_divides(story: Any, serving: Any) -> None:
    async with serving(story) as get:
        facts = await get("/root.json")
        page = await get("/root")

    assert sum(share["value"] for share in facts["shares"]) == facts["credit"]["total"]
    assert [share["name"] for share in facts["shares"]] == [
        "root",
        "permits",
        "certificates",
        "destroyed",
    ]
    assert [line["operation"] for line in facts["messages"]] == ["PERMIT", "PERMIT", None]
    assert facts["messages"][-1]["meaning"] == "Root coin registered"
    assert [term["in_force"] for term in facts["terms"]] == [True]
    assert 'class="share-root"' in page


async def test_permits_whose_issuer_is_hidden_are_counted(chain: Any, serving: Any) -> None:
    chain.grant()

    async with serving(chain) as get:
        facts = await get("/root.json")

    assert (facts["issuers"], facts["hidden_permits"]) == ([], 1)


async def test_anchor_is_handed_out_as_the_file_it_was(chain: Any, serving: Any) -> None:
    async with serving(chain) as get:
        anchor = await get("/root/anchor.json")

    assert TrustAnchor.decode(json.dumps(anchor)) == chain.anchor


async def test_permit_says_who_may_do_what(story: Any, named: Any, serving: Any) -> None:
    async with serving(story) as get:
        moving = await get(f"/permit/{named(story.permit)}.json")
        fixed = await get(f"/permit/{named(story.fixed_permit)}.json")

    allowed = {power["name"]: power["allowed"] for power in moving["powers"]}
    assert allowed == {
        "issue": True,
        "transfer": True,
        "recover": False,
        "surrender": True,
        "revoke": True,
        "close": True,
    }
    assert not next(each for each in fixed["powers"] if each["name"] == "transfer")["allowed"]
