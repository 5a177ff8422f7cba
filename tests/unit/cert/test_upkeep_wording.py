"""What comes after the issue, in words, before anybody signs."""

from typing import Any

import pytest

from ccxx_cert.custody import permit_script, wrap
from ccxx_cert.errors import CertificateError, Refusal
from ccxx_cert.identity import cert_ref
from ccxx_cert.records import (
    BatchMessage,
    ClaimMessage,
    RekeyMessage,
    RevocationReason,
    RevokeMessage,
    RootMessage,
    StatusMessage,
)
from ccxx_cert.revocation import WHOLE
from ccxx_cert.state import CreditKind, Moment, get_root
from ccxx_cert.template import draft_claim, draft_deferred_batch, draft_recover
from ccxx_cert.upkeep import (
    draft_close,
    draft_refresh,
    draft_rekey,
    draft_revoke,
    draft_root,
    draft_status,
    draft_surrender,
    next_sequence,
)
from ccxx_cert.upkeep_wording import format_chain_name
from ccxx_cert.verify import Meaning, SpentOutput, check_meaning, explain
from ccxx_core.hashes import sha256
from ccxx_core.transaction import OutPoint, Transaction, TxOutput

NOTE = sha256(b"note")


def meaning_of(world: Any, tx: Transaction) -> Meaning:
    """Explain a transaction with the scripts that its witnesses show."""
    moment = Moment(world.height + 1, 0, 0)
    spent: dict[OutPoint, SpentOutput] = {}
    return explain(tx, world.registry, world.anchor, next_block=moment, spent=spent)


@pytest.fixture
def permit_id(world: Any) -> OutPoint:
    """A permit under which all may be done."""
    message = world.permit_message(issuer_revokes=True, root_revokes=True, recovery=True)
    found: OutPoint = world.grant(message)
    return found


def test_recovery_is_not_called_a_transfer(world: Any, permit_id: OutPoint) -> None:
    certificate = world.certificate(world.issue(permit_id, 7))
    script = world.learn(world.certificate_inner("alice 2"))
    draft = draft_recover([certificate], [script], world.key("alice 2"), NOTE)

    lines = meaning_of(world, world.tx_of(draft)).lines

    assert lines[0].startswith("gives a new key to certificate ccert1")
    assert "serial 7 of permit UNICDEG" in lines[0]


def test_surrender_says_what_the_permit_gets_back(world: Any, permit_id: OutPoint) -> None:
    certificate = world.certificate(world.issue(permit_id, 7))

    meaning = meaning_of(
        world, world.tx_of(draft_surrender([certificate], world.permit(permit_id), NOTE))
    )

    assert meaning.accepted
    assert meaning.lines[0].startswith("surrenders certificate ccert1")
    assert meaning.lines[1].startswith("0.00100000 CCXX return to permit UNICDEG")
    assert meaning.lines[1].endswith("credit for 10 certificates")


def test_rekey_and_close_say_where_credit_goes(world: Any, permit_id: OutPoint) -> None:
    permit, coin = world.permit(permit_id), world.coin_of(permit_id)
    inner = permit_script(world.key("root"), world.key("issuer 2"), world.key("system"))
    message = RekeyMessage(cert_ref(permit_id), sha256(inner), NOTE)

    rekey = meaning_of(world, world.tx_of(draft_rekey(permit, [coin], wrap(inner), message)))
    close = meaning_of(
        world, world.tx_of(draft_close(permit, [coin], get_root(world.registry), NOTE))
    )

    assert rekey.lines[0].startswith("moves 0.01000000 CCXX of permit UNICDEG")
    assert close.lines[0].startswith("CLOSES permit UNICDEG")


def test_root_rotation_without_its_document_says_that_keys_are_unknown(world: Any) -> None:
    message = RootMessage(sha256(b"document"), sha256(b"next"), 1)
    draft = draft_root(message, world.credit(CreditKind.ROOT), world.plain_script("K1"))

    lines = meaning_of(world, world.tx_of(draft)).lines

    assert lines[0].startswith("MOVES THE ROOT to rccx1")
    assert lines[1] == "keys of new permits: UNKNOWN, their document is missing"
    assert lines[3] == f"the one after must be {sha256(b'next').hex()}"


def test_deferred_batch_and_claim_are_said_apart(world: Any, permit_id: OutPoint) -> None:
    message = BatchMessage(serial_start=5, count=3, merkle_root=NOTE, deferred=True)
    batch = world.tx_of(draft_deferred_batch(message, world.coin_of(permit_id)))
    deferred = meaning_of(world, batch)
    world.mine(batch)
    script = world.learn(world.certificate_inner("alice"))
    draft = draft_claim(ClaimMessage(batch.txid, 1, NOTE), script, world.coin_of(permit_id))

    claimed = meaning_of(world, world.tx_of(draft))

    assert deferred.lines[0] == "reserves serials 5 to 7 for a deferred batch"
    assert claimed.lines[0].startswith("issues certificate serial 6, leaf 1 of a deferred batch")


@pytest.mark.parametrize(
    ("reason", "since", "words"),
    [
        (RevocationReason.HOLD, 0, "SUSPENDS permit UNICDEG"),
        (RevocationReason.KEY_COMPROMISE, 12, "key compromise, since height 12"),
        (RevocationReason.SUPERSEDED, 1_700_000_000, "since unix time 1700000000"),
        (RevocationReason.CESSATION, 0, "since the block of this transaction"),
    ],
)
def test_revocation_says_of_what_why_and_since_when(
    world: Any, permit_id: OutPoint, reason: RevocationReason, since: int, words: str
) -> None:
    message = RevokeMessage(permit_id.txid, WHOLE, reason, since, NOTE)
    draft = draft_revoke(message, world.permit(permit_id), get_root(world.registry))
    (coin,) = world.pay(draft.spoken_by[-1])

    meaning = meaning_of(world, world.say_tx(message, coin))

    assert meaning.accepted
    assert words in meaning.lines[0]
    assert meaning.lines[1] == f"evidence {NOTE.hex()}"


def test_revocation_without_authority_is_refused_before_it_is_signed(
    world: Any, permit_id: OutPoint
) -> None:
    message = RevokeMessage(permit_id.txid, WHOLE, RevocationReason.CESSATION, 0, NOTE)

    meaning = meaning_of(world, world.say_tx(message, world.plain_coin()))

    with pytest.raises(CertificateError) as error:
        check_meaning(meaning)
    assert error.value.refusal is Refusal.NO_AUTHORITY
    assert meaning.lines[0] == "claims to be REVOKE, and does not count"


def test_revocation_is_spoken_by_those_whom_the_permit_lets(world: Any) -> None:
    permit_id = world.grant(world.permit_message(issuer_revokes=True))
    message = RevokeMessage(permit_id.txid, WHOLE, RevocationReason.CESSATION, 0, NOTE)
    root = get_root(world.registry)

    hidden = draft_revoke(message, world.permit(permit_id), root).spoken_by
    world.issue(permit_id)
    shown = draft_revoke(message, world.permit(permit_id), root).spoken_by

    assert hidden == (world.permit_script, world.root_script)
    assert world.plain_script("issuer") in shown
    assert world.plain_script("root") not in shown


def test_baton_spent_as_fee_is_said_to_end_its_list(world: Any) -> None:
    (coin,) = world.pay(world.root_script)
    message = StatusMessage(b"list-001", next_sequence(None), 8, NOTE, bytes(20))
    draft = draft_status(message, world.plain_script("root"))
    said = meaning_of(world, world.tx([coin], draft.outputs))
    (verdict,) = world.mine(world.tx([coin], draft.outputs))

    spent = meaning_of(
        world, world.tx([OutPoint(verdict.txid, 1)], [TxOutput(1, world.plain_script("x"))])
    )

    assert verdict.accepted
    assert said.lines[0].startswith("publishes STATUS list-001 number 1 as the root")
    assert spent.lines[0].startswith("ENDS the STATUS chain list-001 for ever")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (b"list-001", "list-001"),
        (b"papers  ", "papers"),
        ("жук".encode() + b"  ", "жук"),
        (b"papers\0\0", "7061706572730000"),
        (b"        ", "2020202020202020"),
        ("a\u202ebc".encode() + b"  ", "61e280ae62632020"),
        (b"\xff" * 4, "ffffffff"),
    ],
)
def test_a_name_is_shown_as_text_where_no_other_looks_like_it(name: bytes, words: str) -> None:
    assert format_chain_name(name) == words


def test_destroyed_certificate_cannot_be_refreshed(world: Any, permit_id: OutPoint) -> None:
    certificate_id = world.issue(permit_id)
    world.mine(world.tx([certificate_id], [TxOutput(1, world.plain_script("x"))]))

    with pytest.raises(CertificateError) as error:
        draft_refresh(world.certificate(certificate_id))

    assert error.value.refusal is Refusal.CERTIFICATE_NOT_VALID
