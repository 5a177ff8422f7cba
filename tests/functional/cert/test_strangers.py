"""What strangers mine: every message without the coins that would give it a meaning."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ccxx_cert.errors import Refusal
from ccxx_cert.identity import cert_ref
from ccxx_cert.records import (
    BatchMessage,
    ClaimMessage,
    CloseMessage,
    IssueMessage,
    Message,
    RecoverMessage,
    RekeyMessage,
    RevocationReason,
    RevokeMessage,
    RootMessage,
    SideMessage,
    StatusMessage,
    SurrenderMessage,
    TransferMessage,
)
from ccxx_cert.registry import state_hash
from ccxx_cert.status import Status
from ccxx_cert.template import draft_deferred_batch, message_output
from ccxx_core.hashes import sha256
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput

World = Any
NOTHING = bytes(32)
DUST = 600


def a_full_life(world: World) -> tuple[OutPoint, OutPoint, OutPoint]:
    """Grant, issue and defer a batch; return permit, certificate and the batch's transaction."""
    permit_id = world.grant(
        world.permit_message(issuer_revokes=True, root_revokes=True, recovery=True), coins=2
    )
    certificate_id = world.issue(permit_id)
    message = BatchMessage(serial_start=50, count=3, merkle_root=NOTHING, deferred=True)
    (verdict,) = world.mine(world.tx_of(draft_deferred_batch(message, world.coin_of(permit_id))))
    assert verdict.accepted
    return permit_id, certificate_id, OutPoint(verdict.txid, 0)


def hostile_messages(
    world: World, permit_id: OutPoint, certificate_id: OutPoint, batch: OutPoint
) -> dict[str, tuple[Message, Refusal]]:
    """Every message that moves or judges something, and why a stranger's does not count."""
    permit_ref, ref, key = cert_ref(permit_id), cert_ref(certificate_id), world.key("mallory")
    no_credit, no_authority = Refusal.NO_CREDIT, Refusal.NO_AUTHORITY
    reason = RevocationReason.ISSUED_IN_ERROR
    return {
        "root": (RootMessage(sha256(b"mine"), NOTHING, 1), no_credit),
        "permit": (world.permit_message(), no_credit),
        "rekey": (RekeyMessage(permit_ref, sha256(b"script"), NOTHING), no_credit),
        "close": (CloseMessage(permit_ref, NOTHING), no_credit),
        "issue": (IssueMessage(serial=9, doc_hash=NOTHING), no_credit),
        "batch": (BatchMessage(serial_start=9, count=1, merkle_root=NOTHING), no_credit),
        "claim": (ClaimMessage(batch.txid, 0, NOTHING), no_credit),
        "transfer": (TransferMessage(ref, key, NOTHING), no_credit),
        "recover": (RecoverMessage(ref, key, NOTHING), no_credit),
        "surrender": (SurrenderMessage(ref, NOTHING), no_credit),
        "revoke": (RevokeMessage(*certificate_id, reason, 0, NOTHING), no_authority),
        "revoke permit": (RevokeMessage(permit_id.txid, 0xFFFF, reason, 0, NOTHING), no_authority),
        "revoke batch": (RevokeMessage(batch.txid, 0xFFFF, reason, 0, NOTHING), no_authority),
        "status": (StatusMessage(b"list-001", 1, 8, NOTHING, bytes(20)), no_authority),
        "side": (SideMessage(b"SIDE", 1, NOTHING, NOTHING), no_authority),
    }


def test_no_message_of_a_stranger_changes_anything(world: World) -> None:
    subjects = a_full_life(world)
    (dust,) = world.pay(world.plain_script("mallory"))
    messages = hostile_messages(world, *subjects)
    before = state_hash(world.registry.records)

    # As a permit's or certificate's outputs would stand; the coins are the stranger's own.
    own = TxOutput(100_000, world.learn(world.certificate_inner("mallory")))
    txs = [
        world.tx([dust] if name == "root" else [], [own, message_output(message)])
        for name, (message, _) in messages.items()
    ]
    verdicts = world.mine(*txs)

    wanted = {name: refusal for name, (_, refusal) in messages.items()}
    found = [verdict.refusal for verdict in verdicts]
    assert dict(zip(messages, found, strict=True)) == wanted
    assert state_hash(world.registry.records) == before


def test_no_dust_to_those_with_authority_gives_any(world: World) -> None:
    subjects = a_full_life(world)
    messages = hostile_messages(world, *subjects)
    scripts = (
        *(world.plain_script(name) for name in ("issuer", "root", "K0")),
        world.permit_script,
        world.certificate(subjects[1]).script_pubkey,
    )
    paid = [TxOutput(DUST, script) for script in scripts]

    verdicts = world.mine(
        *(world.tx([], [message_output(message), *paid]) for message, _ in messages.values())
    )

    # Without outputs before the message a movement has no credit either.
    assert {verdict.refusal for verdict in verdicts} == {Refusal.NO_CREDIT, Refusal.NO_AUTHORITY}
    assert world.status(subjects[1]) is Status.VALID
    assert world.permit(subjects[0]).revocation is None


@pytest.mark.parametrize(
    "field", [{"root_value": 1}, {"root_script": b"\x51"}, {"root_height": 20}]
)
def test_root_coin_that_is_not_as_the_anchor_says_is_no_credit(
    world: World, observe: Any, tmp_path: Path, field: dict[str, Any]
) -> None:
    permit_id = world.grant(world.permit_message())
    altered = replace(world.anchor, **field)

    observers = observe(tmp_path / "altered", altered)

    shown = observers.explorer_verdict(world.root_tx)
    assert (shown["accepted"], shown["refusal"]) == (False, Refusal.ANCHOR_MISMATCH)
    assert observers.state_hashes() == {state_hash({})}
    assert world.permit(permit_id).credit > 0


def test_a_second_coin_at_the_roots_script_is_no_credit_and_joins_none(world: World) -> None:
    (gift,) = world.pay(world.root_script)
    (root,) = [
        each for each in world.registry.records.values() if each.__class__.__name__ == "Credit"
    ]
    outputs = (
        TxOutput(root.value + 10_000, world.root_script),
        message_output(RootMessage(sha256(b"next"), NOTHING, 1)),
    )
    tx = Transaction(2, tuple(map(TxInput, (root.outpoint, gift, world.plain_coin()))), outputs)

    (verdict,) = world.mine(tx)

    assert verdict.refusal is Refusal.NOT_CONSERVED
    assert verdict.lost == root.value
