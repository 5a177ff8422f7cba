"""What is applied can be undone, and no order of spends makes credit."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ccxx_cert.custody import CERTIFICATE_VALUE, permit_script
from ccxx_cert.identity import cert_ref
from ccxx_cert.marks import WatchedCoin
from ccxx_cert.record_json import record_from_json, record_to_json
from ccxx_cert.records import (
    BatchMessage,
    ClaimMessage,
    RekeyMessage,
    RevocationReason,
    RevokeMessage,
    RootMessage,
    StatusMessage,
)
from ccxx_cert.registry import MemoryRegistry, apply_block, state_hash
from ccxx_cert.state import Batch, Certificate, Credit, CreditKind, Permit, get_root
from ccxx_cert.template import (
    draft_batch,
    draft_claim,
    draft_deferred_batch,
    draft_permit,
    draft_recover,
)
from ccxx_cert.trust import RootDocument
from ccxx_cert.upkeep import draft_close, draft_rekey, draft_root, draft_surrender
from ccxx_core.hashes import sha256
from ccxx_core.transaction import Transaction, TxOutput

HOLDERS = ("alice", "bob", "carol")
ACTIONS = ("issue", "transfer", "batch", "grant", "naked", "issue", "transfer", "upkeep", "upkeep")
UPKEEP = ("surrender", "recover", "rekey", "close", "defer", "claim", "root", "revoke", "status")
LEAVES = 3


def started(make_world: Callable[[], Any]) -> Any:
    """Make a chain with two permits, two certificates, and coins that give authority."""
    world = make_world()
    message = world.permit_message(
        quantity=20, issuer_revokes=True, root_revokes=True, recovery=True
    )
    permit_id = world.grant(message, coins=3)
    world.documents = [
        RootDocument(0, world.plain_script(f"K{each}"), world.key("root"), world.key("system"))
        for each in range(1, 4)
    ]
    world.anchor = replace(world.anchor, successors=tuple(world.documents[:2]))
    world.grant(world.permit_message(quantity=5, transferable=False))
    world.issue(permit_id, 1)
    world.issue(permit_id, 2)
    world.mine(draw_permit_move(world, world.coin_of(permit_id), "defer"))
    world.pay(*map(world.plain_script, ("issuer", "root", "stranger", "issuer")))
    return world


def draw_upkeep(world: Any, data: st.DataObject) -> Transaction | None:
    """Draw a transaction of what comes after grant and issue, at first sight a good one."""
    permits, held = world.credit(CreditKind.PERMIT), world.credit(CreditKind.CERTIFICATE)
    action = data.draw(st.sampled_from(UPKEEP))
    match action:
        case "surrender" | "recover" if held:
            coin = data.draw(st.sampled_from(held))
            return draw_return(world, world.certificate(coin.owner), action)
        case "rekey" | "close" | "defer" if permits:
            return draw_permit_move(world, data.draw(st.sampled_from(permits)), action)
        case "claim" if permits:
            batches = [
                each
                for each in world.registry.records.values()
                if isinstance(each, Batch) and each.message.deferred
            ]
            if not batches:
                return None
            batch = data.draw(st.sampled_from(batches))
            message = ClaimMessage(batch.txid, data.draw(st.integers(0, LEAVES)), bytes(32))
            own = [coin for coin in permits if coin.owner == batch.permit_id] or permits
            return world.tx_of(draft_claim(message, b"\x51", data.draw(st.sampled_from(own))))
        case "root":
            return draw_root(world, data)
        case "revoke" | "status":
            return draw_words(world, data, action)
        case _:
            return None


def draw_return(world: Any, certificate: Certificate, action: str) -> Transaction:
    """Give a certificate back, or recover it."""
    if action == "surrender":
        permit = world.permit(certificate.permit_id)
        return world.tx_of(draft_surrender([certificate], permit, bytes(32)))
    script = world.learn(world.certificate_inner("alice"))
    return world.tx_of(draft_recover([certificate], [script], world.key("alice"), bytes(32)))


def draw_permit_move(world: Any, coin: Credit, action: str) -> Transaction:
    """Move a permit coin to new keys or to the root, or defer a batch of it."""
    assert coin.owner is not None
    permit = world.permit(coin.owner)
    if action == "close":
        return world.tx_of(draft_close(permit, [coin], get_root(world.registry), bytes(32)))
    if action == "defer":
        message = BatchMessage(
            serial_start=100 + world.height, count=LEAVES, merkle_root=bytes(32), deferred=True
        )
        return world.tx_of(draft_deferred_batch(message, coin))
    inner = permit_script(world.key("root"), world.key("issuer 2"), world.key("system"))
    message = RekeyMessage(cert_ref(permit.id), sha256(inner), bytes(32))
    return world.tx_of(draft_rekey(permit, [coin], world.learn(inner), message))


def draw_root(world: Any, data: st.DataObject) -> Transaction | None:
    """Rotate the root."""
    roots = world.credit(CreditKind.ROOT)
    if not roots:
        return None
    document = data.draw(st.sampled_from(world.documents))
    seq = get_root(world.registry).seq + 1
    message = RootMessage(document.document_hash, bytes(32), seq)
    return world.tx_of(draft_root(message, roots, document.script))


def draw_words(world: Any, data: st.DataObject, action: str) -> Transaction | None:
    """Revoke, hold, release or publish by some watched coin, or by nobody's."""
    coins = [each for each in world.registry.records.values() if isinstance(each, WatchedCoin)]
    coin = data.draw(st.sampled_from([*(each.outpoint for each in coins), world.plain_coin()]))
    if action == "status":
        message = StatusMessage(bytes(8), data.draw(st.integers(1, 3)), 8, bytes(32), bytes(20))
        return world.say_tx(message, coin, change="issuer")
    subjects = [
        each for each in world.registry.records.values() if isinstance(each, Certificate | Permit)
    ]
    if not subjects:
        # A reorganisation may have taken every grant back.
        return None
    drawn = data.draw(st.sampled_from(subjects))
    subject, vout = drawn.id, 0xFFFF if isinstance(drawn, Permit) else drawn.id.vout
    reason = data.draw(st.sampled_from(RevocationReason))
    revoke = RevokeMessage(subject.txid, vout, reason, data.draw(st.integers(0, 40)), bytes(32))
    return world.say_tx(revoke, coin, change="issuer")


def draw_transaction(world: Any, data: st.DataObject) -> Transaction | None:
    """Draw a transaction that may count: a grant, an issue, a batch, a transfer or a refresh."""
    roots = world.credit(CreditKind.ROOT)
    permits = world.credit(CreditKind.PERMIT)
    held = world.credit(CreditKind.CERTIFICATE)
    action = data.draw(st.sampled_from(ACTIONS))
    if action == "upkeep":
        return draw_upkeep(world, data)
    if action == "grant" and sum(root.value for root in roots) >= 12 * CERTIFICATE_VALUE:
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
            case Certificate(ended=None, surrendered=None):
                assert coins[record.holding.location].owner == record.id
                assert coins[record.holding.location].value == CERTIFICATE_VALUE
            case Permit():
                mine = [c for c in credits if (c.kind, c.owner) == (CreditKind.PERMIT, record.id)]
                assert record.credit == sum(credit.value for credit in mine)
                assert all(credit.value % CERTIFICATE_VALUE == 0 for credit in mine)
            case _:
                pass
    living = [each for each in records.values() if isinstance(each, Certificate) and each.location]
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
    assert {key: record_from_json(record_to_json(each)) for key, each in fresh.records.items()} == (
        fresh.records
    )
    assert state_hash(fresh.records) == state_hash(world.registry.records)
