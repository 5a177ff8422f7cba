"""The index: what is connected can be disconnected, and a fresh index is the same."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from ccxx_cert.chunks import split
from ccxx_cert.codec import encode_message
from ccxx_cert.registry import MemoryRegistry, apply_block, state_hash
from ccxx_cert.state import CreditKind, ObservedBlock, RecordKind
from ccxx_core.hashes import BlockHash, Txid, sha256
from ccxx_core.network import REGTEST, TEST
from ccxx_core.transaction import OutPoint
from ccxx_explorer.database import holdings, reader
from ccxx_explorer.database.schema import METADATA
from ccxx_explorer.database.store import Database
from ccxx_explorer.database.whole_state import registry_hash
from ccxx_explorer.indexer import Indexer
from ccxx_explorer.problems import ExplorerError
from ccxx_node.client.follow import BlockConnected, BlockDisconnected

TABLES = [table for table in METADATA.sorted_tables if table.name != "meta"]


@pytest.fixture(name="chain")
def _chain(any_chain: Any) -> Any:
    return any_chain


def dump(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table, in a fixed order."""
    with database.read() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(select(table))), key=repr)
            for table in TABLES
        }


def tell_story(chain: Any) -> None:
    """Grant, issue, transfer and destroy in blocks of their own."""
    permit = chain.grant()
    fixed = chain.grant(transferable=False)
    single = chain.issue(permit, 1, "alice")
    chain.batch(permit, 10, 5)
    chain.transfer(single, "bob")
    chain.transfer(chain.issue(fixed, 1, "carol"), "mallory")
    chain.say(b"hello")
    chain.say(encode_message(split(b"a document")[0]))


def test_disconnecting_a_block_restores_every_table(chain: Any, places: Any) -> None:
    states = []
    before = len(chain.blocks)
    states.append(dump(chain.database))
    tell_story(chain)
    blocks = chain.blocks[before:]
    fresh = Database.open(places(), REGTEST, chain.anchor)
    fresh.connect_blocks(chain.blocks[:before])
    for new in blocks:
        fresh.connect_blocks([new])
        states.append(dump(fresh))

    for state in reversed(states):
        assert dump(chain.database) == state
        if state is not states[0]:
            chain.disconnect()
    fresh.close()


def test_blocks_in_one_batch_give_the_same_index_as_one_by_one(chain: Any, places: Any) -> None:
    tell_story(chain)
    batched = Database.open(places(), REGTEST, chain.anchor)

    batched.connect_blocks(chain.blocks)

    assert dump(batched) == dump(chain.database)
    batched.close()


def in_memory(chain: Any) -> MemoryRegistry:
    """Let the rules judge the whole chain without any database."""
    memory = MemoryRegistry()
    for new in chain.blocks:
        time, transactions = new.block.header.time, new.block.transactions
        block = ObservedBlock(new.height, new.hash, time, new.median_time_past, transactions)
        memory.apply(apply_block(memory, chain.anchor, block).changes)
    return memory


def test_the_hash_of_an_index_is_that_of_the_same_registry_in_memory(chain: Any) -> None:
    tell_story(chain)
    memory = in_memory(chain)

    with chain.database.read() as connection:
        digest = registry_hash(connection)

    assert len({key.kind for key in memory.records}) >= 8
    assert digest == state_hash(memory.records)


def test_a_whole_story_in_one_block_is_judged_alike(chain: Any) -> None:
    before = len(chain.blocks)
    tell_story(chain)
    told = [chain.disconnect() for _ in chain.blocks[before:]]
    empty = dump(chain.database)

    chain.mine(*(tx for new in reversed(told) for tx in new.block.transactions[1:]))

    memory = in_memory(chain)
    with chain.database.read() as connection:
        assert registry_hash(connection) == state_hash(memory.records)
    assert sum(key.kind is RecordKind.CERTIFICATE for key in memory.records) == 7
    chain.disconnect()
    assert dump(chain.database) == empty


def test_reorganisation_gives_the_same_index_as_a_fresh_one(chain: Any, places: Any) -> None:
    tell_story(chain)
    indexer = Indexer(chain.database)
    gone = [chain.blocks.pop() for _ in range(4)]
    rivals = []
    for salt in range(1, 7):
        rival = chain.next_block(salt=salt)
        chain.blocks.append(rival)
        rivals.append(rival)
    events = [BlockDisconnected(old.height, old.hash) for old in gone]
    events += [BlockConnected(n.height, n.hash, n.block, n.median_time_past) for n in rivals]

    indexer.run(events, stop=NeverStop())

    fresh = Database.open(places(), REGTEST, chain.anchor)
    fresh.connect_blocks(chain.blocks)
    assert dump(chain.database) == dump(fresh)
    assert indexer.tip() == (rivals[-1].height, rivals[-1].hash)
    fresh.close()


class NeverStop:
    """An event that nobody sets."""

    def is_set(self) -> bool:
        """Answer no."""
        return False


def test_failed_block_changes_nothing(chain: Any) -> None:
    tell_story(chain)
    before = dump(chain.database)
    tx = chain.say(b"later")
    block = chain.disconnect()
    stranger = tx.inputs[0]._replace(prevout=OutPoint(Txid(bytes(32)), 7))
    broken = replace(
        block.block, transactions=(block.block.transactions[0], replace(tx, inputs=(stranger,)))
    )

    with pytest.raises(KeyError):
        chain.database.connect_blocks([replace(block, block=broken, hash=BlockHash(bytes(32)))])

    assert dump(chain.database) == before


@pytest.mark.parametrize("height", [0, 3, 9])
def test_block_that_does_not_follow_the_last_is_refused(chain: Any, height: int) -> None:
    before = dump(chain.database)
    block = replace(chain.next_block(), height=height)

    with pytest.raises(ExplorerError, match="does not stand on the last"):
        chain.database.connect_blocks([block])

    assert dump(chain.database) == before


def test_block_on_another_branch_is_refused(chain: Any) -> None:
    gone = chain.disconnect()
    chain.mine()

    with pytest.raises(ExplorerError, match="does not stand on the last"):
        chain.database.connect_blocks([replace(gone, height=gone.height + 1)])
    with pytest.raises(ExplorerError, match="is not the last block"):
        chain.database.disconnect_tip(gone.hash)


def test_second_indexer_of_one_file_does_no_harm(chain: Any) -> None:
    first, second = Indexer(chain.database), Indexer(chain.database)
    top = chain.blocks[-1]
    gone = BlockDisconnected(top.height, top.hash)
    first.run([gone], stop=NeverStop())

    with pytest.raises(ExplorerError):
        second.run([gone], stop=NeverStop())

    assert first.tip() == second.tip() == chain.database.tip()
    assert chain.database.tip() == (top.height - 1, chain.blocks[-2].hash)


def test_index_goes_on_where_it_was_closed(chain: Any) -> None:
    tell_story(chain)
    before = dump(chain.database)
    chain.database.close()

    again = Database.open(chain.path, REGTEST, chain.anchor)

    assert dump(again) == before
    assert again.tip() == (chain.blocks[-1].height, chain.blocks[-1].hash)
    assert Indexer(again).hash_at(3) == chain.blocks[3].hash
    again.close()


def test_index_of_another_anchor_or_network_is_refused(chain: Any) -> None:
    other = replace(chain.anchor, root_value=1)

    with pytest.raises(ExplorerError, match="made with anchor"):
        Database.open(chain.path, REGTEST, other, is_writer=False)
    with pytest.raises(ExplorerError, match="made with network regtest"):
        Database.open(chain.path, TEST, chain.anchor, is_writer=False)


def test_without_an_anchor_only_the_chain_is_indexed(chain: Any, places: Any) -> None:
    tell_story(chain)
    plain = Database.open(places(), REGTEST, None)

    plain.connect_blocks(chain.blocks)

    tables = dump(plain)
    assert tables["outputs"] == dump(chain.database)["outputs"]
    assert not tables["certificates"] and not tables["verdicts"] and not tables["credits"]
    plain.close()


def test_recorded_chain_of_the_reference_is_indexed_and_undone(
    places: Any, recorded_blocks: Any
) -> None:
    database = Database.open(places(), REGTEST, None)
    base, rest = recorded_blocks[:5050], recorded_blocks[5050:]
    database.connect_blocks(base)
    before = dump(database)
    for new in rest:
        database.connect_blocks([new])

    for new in reversed(rest):
        database.disconnect_tip(new.hash)

    assert dump(database) == before
    database.close()


def test_spent_coin_knows_its_spender(chain: Any) -> None:
    permit = chain.grant()
    certificate = chain.issue(permit, 1, "alice")
    tx = chain.transfer(certificate, "bob")

    with chain.database.read() as connection:
        row = reader.output_at(connection, certificate)

    assert row is not None and row.spend is not None
    assert (row.spend.txid, row.spend.index) == (tx.txid, 0)
    assert chain.coin(CreditKind.CERTIFICATE, certificate).outpoint.txid == tx.txid


def test_address_leads_to_a_certificate_that_came_and_went_within_one_block(chain: Any) -> None:
    certificate = chain.issue(chain.grant(), 1, "alice")
    transfer = chain.transfer_tx(certificate, "bob")
    issue = chain.disconnect().block.transactions[1]
    before = dump(chain.database)

    chain.mine(issue, transfer)
    with chain.database.read() as connection:
        found = holdings.certificates_at(connection, sha256(chain.learn("alice")), 10)
        credit = holdings.credits_at(connection, [certificate])[certificate]
    chain.disconnect()

    assert [each.id for each in found] == [certificate]
    assert (credit.kind, credit.owner) == (CreditKind.CERTIFICATE, certificate)
    assert dump(chain.database) == before


def test_reader_sees_one_state_while_blocks_are_written(chain: Any) -> None:
    with chain.database.read() as connection:
        before = reader.tip(connection)
        chain.mine()
        during = reader.tip(connection)
    with chain.database.read() as connection:
        after = reader.tip(connection)

    assert before is not None and after is not None
    assert during == before
    assert after.height == before.height + 1
