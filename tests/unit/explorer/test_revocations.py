"""Revoked, suspended, surrendered and closed: shown with who said so and why, and undone."""

from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from ccxx_cert.records import RevocationReason, RevokeMessage
from ccxx_cert.revocation import WHOLE
from ccxx_cert.state import CreditKind, get_certificate, get_permit, get_root
from ccxx_cert.template import message_output
from ccxx_cert.upkeep import draft_close, draft_surrender
from ccxx_core.hashes import hash160, sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.network import REGTEST
from ccxx_core.script import p2wpkh_script
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_explorer.database.records import RecordTables
from ccxx_explorer.database.schema import METADATA
from ccxx_explorer.database.store import Database
from ccxx_explorer.indexer import NodeState
from ccxx_explorer.site import Site
from ccxx_explorer.web import create_app

ISSUER = p2wpkh_script(hash160(PrivateKey(sha256(b"issuer")).public_key))


@asynccontextmanager
async def serving(chain: Any) -> Any:
    """Serve a chain's index."""
    site = Site(chain.database, lambda: NodeState(online=True, since=1_700_000_000))
    async with TestClient(TestServer(create_app(site))) as client:

        async def get(path: str) -> Any:
            reply = await client.get(path)
            assert reply.status == 200, await reply.text()
            return await (reply.json() if path.endswith(".json") else reply.text())

        yield get


def revoke(
    chain: Any, txid: bytes, vout: int, reason: RevocationReason, since: int = 0
) -> Transaction:
    """Let the issuer revoke."""
    paid = chain.spend((), (TxOutput(10_000, ISSUER),))
    chain.mine(paid)
    message = RevokeMessage(txid, vout, reason, since, sha256(b"evidence"))
    outputs = (message_output(message), TxOutput(9_000, ISSUER))
    tx = Transaction(2, (TxInput(OutPoint(paid.txid, 0)),), outputs)
    chain.mine(tx)
    return tx


def issued(chain: Any) -> tuple[OutPoint, OutPoint]:
    """Grant a permit whose issuer may revoke, and issue a certificate; give both."""
    permit = chain.grant(issuer_revokes=True)
    return permit, chain.issue(permit, 1, "alice")


async def test_revoked_certificate_shows_by_whom_and_why(chain: Any, named: Any) -> None:
    _, certificate = issued(chain)
    tx = revoke(chain, certificate.txid, 0, RevocationReason.PRIVILEGE_WITHDRAWN, since=5)

    async with serving(chain) as get:
        facts = await get(f"/certificate/{named(certificate)}.json")
        page = await get(f"/certificate/{named(certificate)}")

    assert facts["status"] == "revoked"
    assert facts["verdict"]["tone"] == "bad"
    assert (facts["revocation"]["by"], facts["revocation"]["reason"]) == ("issuer", 9)
    assert (facts["revocation"]["since"], facts["revocation"]["txid"]) == (5, tx.txid[::-1].hex())
    assert facts["revocation"]["evidence"] == sha256(b"evidence").hex()
    assert "was revoked by the issuer" in page
    assert "privilege withdrawn. That holds since block 5." in page
    check = next(each for each in facts["checks"] if each["name"] == "status")
    assert check["result"] == "failed"


async def test_suspended_certificate_is_not_called_revoked(chain: Any, named: Any) -> None:
    _, certificate = issued(chain)
    revoke(chain, certificate.txid, 0, RevocationReason.HOLD)

    async with serving(chain) as get:
        facts = await get(f"/certificate/{named(certificate)}.json")

    assert facts["status"] == "suspended"
    assert "was suspended by the issuer" in facts["verdict"]["words"]


async def test_revocation_by_a_stranger_is_shown_as_refused(chain: Any, named: Any) -> None:
    _, certificate = issued(chain)
    message = RevokeMessage(certificate.txid, 0, RevocationReason.UNSPECIFIED, 0, bytes(32))
    tx = chain.spend((), (message_output(message), TxOutput(1_000, ISSUER)))
    chain.mine(tx)

    async with serving(chain) as get:
        facts = await get(f"/certificate/{named(certificate)}.json")
        shown = await get(f"/tx/{tx.txid[::-1].hex()}.json")

    assert facts["status"] == "provisional"
    assert facts["revocation"] is None
    assert shown["verdict"]["refusal"] == "no-authority"
    assert "nobody who may say so has signed it" in shown["verdict"]["words"]


async def test_surrendered_certificate_and_closed_permit_say_so(chain: Any, named: Any) -> None:
    permit, certificate = issued(chain)
    with chain.database.read() as connection:
        tables = RecordTables(connection)
        records = get_certificate(tables, certificate), get_permit(tables, permit)
        root = get_root(tables)
    assert records[0] is not None and records[1] is not None and root is not None
    chain.mine(chain.draft(draft_surrender([records[0]], records[1], bytes(32))))
    coin = chain.coin(CreditKind.PERMIT, permit)
    chain.mine(chain.draft(draft_close(records[1], [coin], root, bytes(32))))

    async with serving(chain) as get:
        facts = await get(f"/certificate/{named(certificate)}.json")
        permit_facts = await get(f"/permit/{named(permit)}.json")

    assert facts["status"] == "surrendered"
    assert "gave it back" in facts["verdict"]["words"]
    assert permit_facts["status"] == "closed"
    assert "returned to the root" in permit_facts["verdict"]["words"]


async def test_revoked_permit_says_why(chain: Any, named: Any) -> None:
    permit, certificate = issued(chain)
    revoke(chain, permit.txid, WHOLE, RevocationReason.CESSATION)

    async with serving(chain) as get:
        facts = await get(f"/permit/{named(permit)}.json")
        kept = await get(f"/certificate/{named(certificate)}.json")

    assert facts["status"] == "revoked"
    assert facts["revocation"]["words"] in facts["verdict"]["words"]
    assert kept["status"] == "provisional"


@pytest.mark.parametrize("batched", [True, False])
def test_marks_are_undone_and_equal_those_of_a_fresh_index(
    chain: Any, tmp_path: Path, batched: bool
) -> None:
    before = len(chain.blocks)
    start = dump(chain.database)
    _, certificate = issued(chain)
    for reason in (RevocationReason.HOLD, RevocationReason.SUPERSEDED):
        revoke(chain, certificate.txid, 0, reason)
    fresh = Database.open(tmp_path / "fresh.sqlite", REGTEST, chain.anchor)

    for blocks in [chain.blocks] if batched else [[each] for each in chain.blocks]:
        fresh.connect_blocks(blocks)

    assert dump(fresh) == dump(chain.database)
    fresh.close()
    while len(chain.blocks) > before:
        chain.disconnect()
    assert dump(chain.database) == start


def dump(database: Database) -> dict[str, list[Any]]:
    """Give every row of every table."""
    with database.read() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table)).all()))
            for table in METADATA.sorted_tables
        }
