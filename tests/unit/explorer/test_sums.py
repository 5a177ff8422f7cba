"""What the index keeps added up equals what a look at everything finds, forwards and undone."""

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import select

from ccxx_cert.records import ExpiryKind, RevocationReason
from ccxx_cert.revocation import WHOLE
from ccxx_cert.state import CreditKind, get_credit
from ccxx_cert.status import Status, certificate_status
from ccxx_core.address import encode_address
from ccxx_core.hashes import sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.network import REGTEST
from ccxx_core.script import is_unspendable, p2wpkh_script
from ccxx_core.transaction import OutPoint, TxOutput
from ccxx_explorer.database import holdings, reader
from ccxx_explorer.database.filters import CertificateFilter
from ccxx_explorer.database.listings import (
    CERTIFICATE_STATUSES,
    Sorting,
    count_listed,
    list_certificates,
)
from ccxx_explorer.database.records import RecordTables
from ccxx_explorer.database.schema import addresses, blocks, scripts, verdicts

EVERY = 1_000


@pytest.fixture(name="chain")
def _chain(any_chain: Any) -> Any:
    return any_chain


def tell_story(chain: Any) -> None:
    """Let certificates reach every status, by themselves, by their batch and by their permit."""
    permit = chain.grant(issuer_revokes=True)
    other = chain.grant(issuer_revokes=True, transferable=False, code="OTHER")
    single = chain.issue(permit, 1, "alice")
    batch = chain.batch(permit, 10, 5)
    expiring = {"expiry_kind": ExpiryKind.BLOCKS_AFTER_ISSUE, "expiry": 4}
    chain.issue(permit, 2, "dora", **expiring)
    timed = {"expiry_kind": ExpiryKind.SECONDS_AFTER_ISSUE, "expiry": 600}
    held = chain.issue(permit, 3, "emil", **timed)
    chain.transfer(single, "bob")
    chain.revoke(batch.txid, WHOLE, RevocationReason.HOLD)
    chain.revoke(held.txid, 0, RevocationReason.HOLD)
    chain.revoke(batch.txid, 2, RevocationReason.SUPERSEDED)
    chain.revoke(batch.txid, WHOLE, RevocationReason.REMOVE_FROM_HOLD)
    chain.revoke(held.txid, 0, RevocationReason.REMOVE_FROM_HOLD)
    chain.transfer(chain.issue(other, 1, "carol"), "mallory")
    late = chain.issue(other, 2, "frank")
    chain.issue(permit, 4, "gina")
    chain.revoke(permit.txid, WHOLE, RevocationReason.KEY_COMPROMISE, len(chain.blocks) - 1)
    chain.revoke(other.txid, WHOLE, RevocationReason.CESSATION)
    chain.revoke(late.txid, 0, RevocationReason.HOLD)
    for _ in range(6):
        chain.mine()


def statuses(connection: Any) -> dict[OutPoint, Status]:
    """Judge every certificate by the rules."""
    view, tip = RecordTables(connection), reader.tip(connection)
    assert tip is not None
    return {
        each.id: certificate_status(view, each, tip.height, tip.median_time_past)
        for each in holdings.latest_certificates(connection, None, 0, EVERY)
    }


def listed(connection: Any) -> dict[OutPoint, Status]:
    """Find every certificate by the status that a list is filtered by."""
    found: dict[OutPoint, Status] = {}
    for status in Status:
        if status not in CERTIFICATE_STATUSES:
            continue
        wanted = CertificateFilter(status=status)
        rows = list_certificates(connection, wanted, Sorting.OLDEST, None, EVERY).certificates
        assert count_listed(connection, wanted) == len(rows)
        assert not found.keys() & {row.id for row in rows}
        found |= {row.id: status for row in rows}
    return found


def test_lists_by_status_agree_with_the_rules_at_every_block(chain: Any) -> None:
    tell_story(chain)
    with chain.database.read() as connection:
        seen = set(statuses(connection).values())

    while len(chain.blocks) > 5:
        with chain.database.read() as connection:
            assert listed(connection) == statuses(connection)
        seen |= set(statuses_of(chain).values())
        chain.disconnect()

    assert seen >= {
        Status.DESTROYED,
        Status.REVOKED,
        Status.SUSPENDED,
        Status.EXPIRED,
        Status.PROVISIONAL,
        Status.VALID,
    }


def statuses_of(chain: Any) -> dict[OutPoint, Status]:
    """Judge every certificate of a chain."""
    with chain.database.read() as connection:
        return statuses(connection)


def test_totals_after_each_block_are_what_counting_finds(chain: Any) -> None:
    tell_story(chain)

    while len(chain.blocks) > 5:
        with chain.database.read() as connection:
            totals = reader.totals(connection)
            assert totals is not None
            alive = Counter[CreditKind]()
            tables = RecordTables(connection)
            for new in chain.blocks:
                for tx in new.block.transactions:
                    for vout in range(len(tx.outputs)):
                        credit = get_credit(tables, OutPoint(tx.txid, vout))
                        if credit is not None:
                            alive[credit.kind] += credit.value
            refused = select(verdicts).where(~verdicts.c.accepted)
            assert totals.refused == len(connection.execute(refused).all())
            found = holdings.latest_certificates(connection, None, 0, EVERY)
            assert totals.certificates == len(found)
            assert totals.permits == len(holdings.latest_permits(connection, 0, EVERY))
            assert totals.transactions == sum(len(new.block.transactions) for new in chain.blocks)
            assert totals.root_credit == alive[CreditKind.ROOT]
            assert totals.permit_credit == alive[CreditKind.PERMIT]
            assert totals.certificate_credit == alive[CreditKind.CERTIFICATE]
            lost = chain.anchor.root_value - alive.total()
            assert totals.destroyed_credit == lost
            assert totals.height == chain.blocks[-1].height
        chain.disconnect()


def histories(chain: Any) -> dict[bytes, list[tuple[bytes, int, int]]]:
    """Work out every script's history by reading the chain: txid, received, left."""
    coins: dict[OutPoint, TxOutput] = {}
    found: dict[bytes, list[tuple[bytes, int, int]]] = {}
    for new in chain.blocks:
        for tx in new.block.transactions:
            paid, spent = Counter[bytes](), Counter[bytes]()
            concerned = set()
            for tx_input in tx.inputs if not tx.is_coinbase else ():
                output = coins.pop(tx_input.prevout)
                spent[output.script_pubkey] += output.value
                concerned.add(output.script_pubkey)
            for vout, output in enumerate(tx.outputs):
                coins[OutPoint(tx.txid, vout)] = output
                if not is_unspendable(output.script_pubkey):
                    paid[output.script_pubkey] += output.value
                    concerned.add(output.script_pubkey)
            for script in concerned:
                before = found.setdefault(script, [])
                received, left = before[-1][1:] if before else (0, 0)
                received, left = received + paid[script], left + paid[script] - spent[script]
                before.append((tx.txid, received, left))
    return found


@pytest.mark.parametrize("undone", [0, 1, 7, 30])
def test_every_address_is_summed_up_by_its_newest_touch(chain: Any, undone: int) -> None:
    tell_story(chain)
    for _ in range(undone):
        chain.disconnect()

    for script, history in histories(chain).items():
        with chain.database.read() as connection:
            summary = reader.summary_of_script(connection, sha256(script))
            rows = reader.history_by_position(connection, sha256(script), EVERY, EVERY)
            page = reader.history_by_position(connection, sha256(script), 3, 2)

        assert [(each.row.txid, each.received, each.balance) for each in reversed(rows)] == history
        assert (summary.received, summary.unspent) == history[-1][1:]
        assert summary.transaction_count == len(history)
        assert [each.position for each in page] == [3, 2, 1][:3][3 - min(len(history), 3) :][:2]


def test_addresses_are_found_by_how_they_begin_until_their_first_output_is_undone(
    chain: Any,
) -> None:
    tell_story(chain)
    script = p2wpkh_script(bytes(range(20)))
    address = encode_address(script, REGTEST)
    assert address is not None
    chain.mine(chain.spend((), (TxOutput(1_000, script),)))

    with chain.database.read() as connection:
        found = reader.addresses_beginning(connection, address[:12], 10)
        every = reader.addresses_beginning(connection, "", EVERY)
        known = connection.execute(select(addresses)).all()
    chain.disconnect()
    with chain.database.read() as connection:
        gone = reader.addresses_beginning(connection, address[:12], 10)
        left = len(connection.execute(select(addresses)).all())

    assert found == [address] and gone == []
    assert every == sorted(every) and len(every) == len(known) == left + 1


def test_scripts_are_numbered_in_the_order_of_the_chain(chain: Any) -> None:
    tell_story(chain)
    in_order = dict.fromkeys(
        output.script_pubkey
        for new in chain.blocks
        for tx in new.block.transactions
        for output in tx.outputs
    )

    with chain.database.read() as connection:
        query = select(scripts.c.script_pubkey).order_by(scripts.c.number)
        found = list(connection.execute(query).scalars())
        firsts = list(connection.execute(select(blocks.c.first_script)).scalars())

    assert found == list(in_order)
    assert firsts == sorted(firsts) and firsts[0] == 1


def test_certificates_are_filtered_and_sorted(chain: Any) -> None:
    tell_story(chain)
    key = PrivateKey(sha256(b"issuer")).public_key

    def find(sorting: Sorting = Sorting.NEWEST, **wanted: Any) -> list[Any]:
        with chain.database.read() as connection:
            matching = CertificateFilter(**wanted)
            found = list_certificates(connection, matching, sorting, None, EVERY)
            return list(found.certificates)

    every = find()
    bob = next(each for each in every if len(each.holdings) > 1 and each.ended is None)

    assert find(issuer_key=key) == every and find(issuer_key=bytes(33)) == []
    assert [each.serial for each in find(type_code="OTHER")] == [2, 1]
    assert find(type_code="NONE") == []
    assert find(permit_id=bob.permit_id, sorting=Sorting.OLDEST)[0] == bob
    assert bob in find(holder_script_hash=sha256(bob.script_pubkey))
    assert find(holder_script_hash=sha256(bob.holdings[0].script_pubkey), type_code="X") == []
    assert find(sorting=Sorting.OLDEST) == every[::-1]
    serials = [each.serial for each in find(Sorting.SERIAL, permit_id=bob.permit_id)]
    assert serials == sorted(serials)
