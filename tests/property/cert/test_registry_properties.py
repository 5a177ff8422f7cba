"""What is applied can be undone, and no order of spends makes credit."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ccxx_cert.custody import CERTIFICATE_VALUE
from ccxx_cert.records import BatchMessage
from ccxx_cert.registry import MemoryRegistry, apply_block, state_hash
from ccxx_cert.state import Certificate, Credit, CreditKind, Permit
from ccxx_cert.template import draft_batch, draft_permit
from ccxx_core.transaction import Transaction, TxOutput

HOLDERS = ("alice", "bob", "carol")
ACTIONS = ("issue", "transfer", "batch", "grant", "naked", "issue", "transfer")


def started(make_world: Callable[[], Any]) -> Any:
    """Make a chain with two permits and two certificates."""
    world = make_world()
    permit_id = world.grant(world.permit_message(quantity=20), coins=3)
    world.grant(world.permit_message(quantity=5, transferable=False))
    world.issue(permit_id, 1)
    world.issue(permit_id, 2)
    return world


def draw_transaction(world: Any, data: st.DataObject) -> Transaction | None:
    """Draw a transaction that may count: a grant, an issue, a batch, a transfer or a refresh."""
    roots = world.credit(CreditKind.ROOT)
    permits = world.credit(CreditKind.PERMIT)
    held = world.credit(CreditKind.CERTIFICATE)
    action = data.draw(st.sampled_from(ACTIONS))
    if action == "grant" and roots:
        message = world.permit_message(
            data.draw(st.integers(1, 12)), transferable=data.draw(st.booleans())
        )
        return world.tx_of(draft_permit(message, world.permit_script, roots, 3))
    if action == "issue" and permits:
        coin = world.coin_of(data.draw(st.sampled_from(permits)).owner)
        if coin.value < CERTIFICATE_VALUE:
            return None
        return world.issue_tx(coin.owner, data.draw(st.integers(1, 4)), "alice")
    if action == "batch" and permits:
        coin = data.draw(st.sampled_from(permits))
        count = data.draw(st.integers(1, max(1, coin.value // CERTIFICATE_VALUE)))
        start = data.draw(st.integers(1, 4))
        message = BatchMessage(serial_start=start, count=count, merkle_root=bytes(32))
        if coin.value < count * CERTIFICATE_VALUE:
            return None
        return world.tx_of(draft_batch(message, [b"\x51"] * count, coin))
    if action == "transfer" and held:
        ids = data.draw(st.lists(st.sampled_from(held), min_size=1, max_size=3, unique=True))
        holder = data.draw(st.sampled_from(HOLDERS))
        return world.transfer_tx(*(credit.owner for credit in ids), holder=holder)
    spendable = roots + permits + held
    if action == "naked" and spendable:
        spent = data.draw(st.lists(st.sampled_from(spendable), min_size=1, unique=True))
        outputs = [TxOutput(credit.value, credit.script_pubkey) for credit in spent]
        return world.tx([c.outpoint for c in spent], data.draw(st.permutations(outputs)))
    return None


def spoil(tx: Transaction, data: st.DataObject) -> Transaction:
    """Change a transaction as a clumsy or hostile maker might."""
    outputs = list(tx.outputs)
    position = data.draw(st.integers(0, len(outputs) - 1))
    match data.draw(st.sampled_from(["keep", "keep", "value", "drop", "twice", "swap"])):
        case "value":
            value = max(0, outputs[position].value + data.draw(st.integers(-100_000, 100_000)))
            outputs[position] = outputs[position]._replace(value=value)
        case "drop":
            del outputs[position]
        case "twice":
            outputs.insert(position, outputs[position])
        case "swap":
            outputs[0], outputs[position] = outputs[position], outputs[0]
    return replace(tx, outputs=tuple(outputs))


def grow(world: Any, data: st.DataObject, most: int) -> None:
    """Mine blocks of drawn transactions."""
    for _ in range(data.draw(st.integers(1, most))):
        tx = draw_transaction(world, data)
        if tx is not None:
            world.mine(spoil(tx, data))


def check_money(world: Any) -> None:
    """Credit never grows, every living certificate has its coin, every permit its account."""
    records = world.registry.records
    credits = [each for each in records.values() if isinstance(each, Credit)]
    coins = {credit.outpoint: credit for credit in credits}
    assert sum(credit.value for credit in credits) <= world.anchor.root_value
    for record in records.values():
        match record:
            case Certificate(ended=None):
                assert coins[record.holding.location].owner == record.id
                assert coins[record.holding.location].value == CERTIFICATE_VALUE
            case Permit():
                mine = [c for c in credits if (c.kind, c.owner) == (CreditKind.PERMIT, record.id)]
                assert record.credit == sum(credit.value for credit in mine)
            case _:
                pass
    living = [each for each in records.values() if isinstance(each, Certificate) and not each.ended]
    assert len([c for c in credits if c.kind is CreditKind.CERTIFICATE]) == len(living)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_sequence_of_spends_makes_credit(
    make_world: Callable[[], Any], data: st.DataObject
) -> None:
    world = started(make_world)

    grow(world, data, 12)

    check_money(world)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_undone_blocks_leave_no_trace(make_world: Callable[[], Any], data: st.DataObject) -> None:
    world = started(make_world)
    grow(world, data, 8)
    hashes = {world.height: state_hash(world.registry.records)}
    start = world.height
    while world.height < start + 6:
        tx = draw_transaction(world, data)
        world.mine(*([spoil(tx, data)] if tx is not None else []))
        hashes[world.height] = state_hash(world.registry.records)

    while world.height > start:
        assert state_hash(world.registry.records) == hashes[world.height]
        world.disconnect()

    assert state_hash(world.registry.records) == hashes[start]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_reorganised_registry_equals_a_fresh_one(
    make_world: Callable[[], Any], data: st.DataObject
) -> None:
    world = started(make_world)
    grow(world, data, 8)
    for _ in range(data.draw(st.integers(0, len(world.journal) - 1))):
        world.disconnect()
    grow(world, data, 8)
    fresh = MemoryRegistry()

    for block in world.blocks:
        fresh.apply(apply_block(fresh, world.anchor, block).changes)

    assert fresh.records == world.registry.records
    assert state_hash(fresh.records) == state_hash(world.registry.records)
