"""Every status of a certificate, by its own word, and every check apart."""

from typing import Any

import pytest

from ccxx_cert.custody import CERTIFICATE_VALUE
from ccxx_cert.records import ExpiryKind, RevocationReason
from ccxx_cert.revocation import WHOLE
from ccxx_cert.state import get_certificate, get_permit
from ccxx_cert.upkeep import draft_surrender
from ccxx_core.hashes import Txid
from ccxx_core.script import null_data_script, p2wpkh_script
from ccxx_core.transaction import OutPoint, TxOutput
from ccxx_explorer.database.listings import CERTIFICATE_STATUSES
from ccxx_explorer.database.records import RecordTables
from ccxx_explorer.indexer import NodeState
from ccxx_explorer.pages.certificates import load_certificate
from ccxx_explorer.pool_snapshot import PendingSpend, PoolSnapshot
from ccxx_explorer.question import Question
from ccxx_explorer.site import Site


def record(chain: Any, certificate: OutPoint) -> Any:
    """Give a certificate's record."""
    with chain.database.read() as connection:
        return get_certificate(RecordTables(connection), certificate)


def issue(chain: Any, **changes: Any) -> OutPoint:
    permit = chain.grant(issuer_revokes=True)
    certificate: OutPoint = chain.issue(permit, 1, "alice", **changes)
    return certificate


def deepen(chain: Any) -> None:
    for _ in range(6):
        chain.mine()


def valid(chain: Any) -> OutPoint:
    certificate = issue(chain)
    deepen(chain)
    return certificate


def provisional(chain: Any) -> OutPoint:
    return issue(chain)


def expired(chain: Any) -> OutPoint:
    certificate = issue(chain, expiry_kind=ExpiryKind.BLOCKS_AFTER_ISSUE, expiry=1)
    deepen(chain)
    return certificate


def suspended(chain: Any) -> OutPoint:
    certificate = valid(chain)
    chain.revoke(certificate.txid, certificate.vout, RevocationReason.HOLD)
    return certificate


def revoked(chain: Any) -> OutPoint:
    certificate = valid(chain)
    chain.revoke(certificate.txid, certificate.vout, RevocationReason.SUPERSEDED)
    return certificate


def surrendered(chain: Any) -> OutPoint:
    certificate = valid(chain)
    with chain.database.read() as connection:
        tables = RecordTables(connection)
        found = get_certificate(tables, certificate)
        assert found is not None
        permit = get_permit(tables, found.permit_id)
    assert permit is not None
    chain.mine(chain.draft(draft_surrender([found], permit, bytes(32))))
    return certificate


def destroyed(chain: Any) -> OutPoint:
    certificate = valid(chain)
    at = record(chain, certificate).location
    chain.mine(chain.spend([at], [TxOutput(CERTIFICATE_VALUE, p2wpkh_script(bytes(20)))]))
    return certificate


def needs_newer(chain: Any) -> OutPoint:
    certificate = valid(chain)
    found = record(chain, certificate)
    message = b"CCXC" + bytes([2, 0x30, 0, 0]) + bytes(72)
    outputs = (
        TxOutput(CERTIFICATE_VALUE, found.script_pubkey),
        TxOutput(0, null_data_script(message)),
    )
    chain.mine(chain.spend([found.location], outputs))
    return certificate


MADE = {
    "valid": (valid, "Valid", "good"),
    "provisional": (provisional, "Provisional: not final yet", "warn"),
    "expired": (expired, "Expired", "warn"),
    "suspended": (suspended, "Suspended", "warn"),
    "revoked": (revoked, "Revoked", "bad"),
    "surrendered": (surrendered, "Surrendered", "warn"),
    "destroyed": (destroyed, "Destroyed", "bad"),
    "needs-newer": (needs_newer, "Could not be judged: needs a newer explorer", "calm"),
}


@pytest.mark.parametrize("status", MADE)
async def test_every_status_is_said_by_its_own_word_and_only_valid_is_green(
    chain: Any, named: Any, serving: Any, status: str
) -> None:
    make, title, tone = MADE[status]
    certificate = make(chain)

    async with serving(chain) as get:
        facts = await get(f"/certificate/{named(certificate)}.json")
        page = await get(f"/certificate/{named(certificate)}")

    assert (facts["status"], facts["verdict"]["tone"]) == (status, tone)
    assert facts["verdict"]["title"] == title
    assert f"<strong>{title}</strong>" in page
    assert facts["life"][-1]["tone"] == tone
    tones = {check["tone"] for check in facts["checks"]}
    assert ("good" in tones) is (status == "valid")
    assert ("badge good" in page) is (status == "valid")


@pytest.mark.parametrize(
    ("status", "check"),
    [
        ("revoked", ("status", "failed")),
        ("suspended", ("status", "waiting")),
        ("surrendered", ("status", "failed")),
        ("destroyed", ("status", "failed")),
        ("expired", ("expiry", "failed")),
    ],
)
async def test_what_ended_it_is_the_word_of_its_check(
    chain: Any, named: Any, serving: Any, status: str, check: tuple[str, str]
) -> None:
    certificate = MADE[status][0](chain)

    async with serving(chain) as get:
        facts = await get(f"/certificate/{named(certificate)}.json")

    found = next(each for each in facts["checks"] if each["name"] == check[0])
    assert (found["result"], found["label"]) == (check[1], status)
    others = {each["label"] for each in facts["checks"] if each["name"] != check[0]}
    assert "failed" not in others or status in ("destroyed", "surrendered")


async def test_checks_are_the_five_and_expiry_in_their_order(
    story: Any, named: Any, serving: Any
) -> None:
    async with serving(story) as get:
        facts = await get(f"/certificate/{named(story.single)}.json")

    results = {check["name"]: check["result"] for check in facts["checks"]}
    assert results == {
        "integrity": "unknown",
        "issuer": "passed",
        "custody": "passed",
        "status": "passed",
        "expiry": "passed",
        "confirmations": "passed",
    }
    assert facts["checks"][0]["label"] == "could not check"
    assert facts["checks"][0]["tone"] == "calm"


async def test_custody_that_is_not_visible_could_not_be_checked(
    story: Any, named: Any, serving: Any
) -> None:
    async with serving(story) as get:
        facts = await get(f"/certificate/{named(story.recent)}.json")

    custody = next(each for each in facts["checks"] if each["name"] == "custody")
    assert (custody["result"], custody["label"]) == ("unknown", "could not check")


async def test_confirmations_wait_until_there_are_six(chain: Any, named: Any, serving: Any) -> None:
    certificate = issue(chain)
    chain.mine()

    async with serving(chain) as get:
        facts = await get(f"/certificate/{named(certificate)}.json")

    depth = facts["checks"][-1]
    assert (depth["result"], depth["label"]) == ("waiting", "waiting")
    assert "2 confirmations; 6 make it final" in depth["words"]


async def test_compromised_permit_fails_the_issuer_of_what_came_after(
    chain: Any, named: Any, serving: Any
) -> None:
    certificate = valid(chain)
    permit = record(chain, certificate).permit_id
    chain.revoke(permit.txid, WHOLE, RevocationReason.KEY_COMPROMISE, 1)

    async with serving(chain) as get:
        facts = await get(f"/certificate/{named(certificate)}.json")

    issuer = next(each for each in facts["checks"] if each["name"] == "issuer")
    assert (facts["status"], issuer["result"]) == ("revoked", "failed")
    assert "key compromise" in issuer["words"]


async def test_permit_that_ended_otherwise_leaves_the_issuer_standing(
    chain: Any, named: Any, serving: Any
) -> None:
    certificate = valid(chain)
    permit = record(chain, certificate).permit_id
    chain.revoke(permit.txid, WHOLE, RevocationReason.CESSATION)

    async with serving(chain) as get:
        facts = await get(f"/certificate/{named(certificate)}.json")

    issuer = next(each for each in facts["checks"] if each["name"] == "issuer")
    assert (facts["status"], issuer["result"]) == ("valid", "passed")
    assert "The permit has ended since" in issuer["words"]


async def test_reinstated_certificate_is_valid_and_its_life_tells_of_the_hold(
    chain: Any, named: Any, serving: Any
) -> None:
    certificate = suspended(chain)
    chain.revoke(certificate.txid, certificate.vout, RevocationReason.REMOVE_FROM_HOLD)

    async with serving(chain) as get:
        facts = await get(f"/certificate/{named(certificate)}.json")

    assert facts["status"] == "valid"
    titles = [event["title"] for event in facts["history"]]
    assert titles == ["Certificate issued", "Suspended", "Reinstated"]


def test_statuses_that_can_be_made_are_all_that_a_certificate_has() -> None:
    assert set(MADE) == set(CERTIFICATE_STATUSES)


async def test_verdict_says_no_more_of_custody_than_was_seen(
    story: Any, named: Any, serving: Any
) -> None:
    async with serving(story) as get:
        seen = await get(f"/certificate/{named(story.single)}.json")
        opaque = await get(f"/certificate/{named(story.first_of_batch)}.json")

    assert (seen["status"], opaque["status"]) == ("valid", "valid")
    assert "custody of its three keys" in seen["verdict"]["words"]
    assert "custody of its three keys" not in opaque["verdict"]["words"]


def test_transaction_that_waits_to_spend_it_is_named(story: Any, named: Any, hexed: Any) -> None:
    with story.database.read() as connection:
        found = get_certificate(RecordTables(connection), story.single)
        assert found is not None and found.location is not None
        waiting = PoolSnapshot(spends={found.location: PendingSpend(Txid(bytes(32)), 0)})
        site = Site(story.database, lambda: NodeState(online=True, since=0), pool=lambda: waiting)

        facts = load_certificate(site, connection, Question(named(story.single), {}))

    assert (facts.status, facts.pending_txid) == ("valid", hexed(bytes(32)))
