"""Rule 17: the root moves to another script and other keys."""

from dataclasses import replace
from typing import Any

import pytest

from ccxx_cert.custody import certificate_script, permit_script
from ccxx_cert.errors import Refusal
from ccxx_cert.records import Custody, IssueMessage, RootMessage
from ccxx_cert.state import CreditKind, get_root
from ccxx_cert.template import draft_issue, draft_permit
from ccxx_cert.trust import RootDocument, TrustAnchor
from ccxx_cert.upkeep import draft_root
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import sha256
from ccxx_core.transaction import OutPoint, Transaction, TxOutput


def document(world: Any, name: str = "K1", height: int = 0) -> RootDocument:
    """A document of the next root."""
    script = world.plain_script(name)
    return RootDocument(height, script, world.key(f"{name} R"), world.key(f"{name} S"))


def know(world: Any, *documents: RootDocument) -> None:
    """Give the observer documents."""
    world.anchor = replace(world.anchor, successors=documents)


def root_tx(
    world: Any, following: RootDocument, seq: int = 1, then: bytes = bytes(32)
) -> Transaction:
    """Move all root credit."""
    message = RootMessage(following.document_hash, then, seq)
    draft = draft_root(message, world.credit(CreditKind.ROOT), following.script)
    tx: Transaction = world.tx_of(draft)
    return tx


def issue_tx(world: Any, permit_id: OutPoint, keys: RootDocument) -> Transaction:
    """Issue under a permit of other keys."""
    inner = certificate_script(
        keys.root_key, world.key("issuer"), world.key("alice"), Custody.THREE_OF_THREE
    )
    message = IssueMessage(serial=1, doc_hash=bytes(32), tail=world.key("alice"))
    tx: Transaction = world.tx_of(
        draft_issue(message, world.learn(inner), world.coin_of(permit_id))
    )
    return tx


def grant_under(world: Any, keys: RootDocument) -> OutPoint:
    """Grant a permit of other keys."""
    inner = permit_script(keys.root_key, world.key("issuer"), keys.system_key)
    draft = draft_permit(world.permit_message(), world.learn(inner), world.credit(CreditKind.ROOT))
    (verdict,) = world.mine(world.tx_of(draft))
    assert verdict.accepted, verdict
    permit_id: OutPoint = verdict.subjects[0]
    return permit_id


def test_root_moves_and_new_permits_are_of_the_new_keys(world: Any) -> None:
    old = world.grant(world.permit_message())
    following = document(world)
    know(world, following)

    (verdict,) = world.mine(root_tx(world, following))

    (coin,) = world.credit(CreditKind.ROOT)
    assert verdict.accepted
    assert coin.script_pubkey == following.script
    assert get_root(world.registry).doc_hash == following.document_hash
    new = grant_under(world, following)
    assert world.mine(issue_tx(world, new, following))[0].accepted
    world.issue(old)


def test_keys_wait_for_the_height_of_their_document(world: Any) -> None:
    following = document(world, height=world.height + 3)
    know(world, following)
    world.mine(root_tx(world, following))

    before = world.permit(grant_under(world, following))
    after = world.permit(grant_under(world, following))

    assert before.root_key == world.key("root")
    assert after.root_key == following.root_key


def test_observer_without_the_document_follows_the_credit_and_does_not_guess(world: Any) -> None:
    following = document(world)
    (verdict,) = world.mine(root_tx(world, following))
    permit_id = grant_under(world, following)

    refusal = world.mine(issue_tx(world, permit_id, following))[0].refusal

    assert verdict.accepted
    assert refusal is Refusal.ROOT_DOCUMENT_UNKNOWN


def test_committed_document_must_come_next(world: Any) -> None:
    first, second, other = (document(world, name) for name in ("K1", "K2", "K3"))
    know(world, first, second, other)
    world.mine(root_tx(world, first, then=second.document_hash))

    (refused,) = world.mine(root_tx(world, other, seq=2))

    assert refused.refusal is Refusal.NOT_COMMITTED


def test_committed_document_is_accepted(world: Any) -> None:
    first, second = (document(world, name) for name in ("K1", "K2"))
    know(world, first, second)
    world.mine(root_tx(world, first, then=second.document_hash))

    assert world.mine(root_tx(world, second, seq=2))[0].accepted


@pytest.mark.parametrize("seq", [0, 2])
def test_roots_are_counted(world: Any, seq: int) -> None:
    assert world.mine(root_tx(world, document(world), seq))[0].refusal is Refusal.WRONG_SEQUENCE


def test_new_root_script_is_that_of_its_document(world: Any) -> None:
    following = document(world)
    know(world, following)
    tx = root_tx(world, following)
    elsewhere = tx.outputs[0]._replace(script_pubkey=world.plain_script("thief"))

    (verdict,) = world.mine(replace(tx, outputs=(elsewhere, *tx.outputs[1:])))

    assert verdict.refusal is Refusal.WRONG_ROOT_DOCUMENT


def test_root_moves_to_one_output(world: Any) -> None:
    tx = root_tx(world, document(world))
    half = tx.outputs[0]._replace(value=tx.outputs[0].value // 2)

    (verdict,) = world.mine(replace(tx, outputs=(half, half, *tx.outputs[1:])))

    assert verdict.refusal is Refusal.NOT_ONE_ROOT_OUTPUT


def test_credit_left_at_the_old_script_neither_grants_nor_rotates(world: Any) -> None:
    (root,) = world.credit(CreditKind.ROOT)
    half = TxOutput(root.value // 2, root.script_pubkey)
    world.mine(world.tx([root.outpoint], [half, half]))
    left, moved = world.credit(CreditKind.ROOT)
    following = document(world)
    message = RootMessage(following.document_hash, bytes(32), 1)
    world.mine(world.tx_of(draft_root(message, [moved], following.script)))

    grant = world.tx_of(draft_permit(world.permit_message(), world.permit_script, [left]))
    (granted,) = world.mine(grant)
    (left,) = [c for c in world.credit(CreditKind.ROOT) if c.script_pubkey == world.root_script]
    thief = RootMessage(following.document_hash, bytes(32), 2)
    (rotated,) = world.mine(world.tx_of(draft_root(thief, [left], world.plain_script("thief"))))

    assert granted.refusal is Refusal.OLD_ROOT_SCRIPT
    assert rotated.refusal is Refusal.OLD_ROOT_SCRIPT


def test_permit_credit_cannot_become_the_root(world: Any) -> None:
    coin = world.coin_of(world.grant(world.permit_message()))
    message = RootMessage(bytes(32), bytes(32), 1)

    (verdict,) = world.mine(world.tx_of(draft_root(message, [coin], world.plain_script("thief"))))

    assert verdict.refusal is Refusal.NOT_ROOT_CREDIT


def test_anchor_with_successors_reads_back_and_has_another_id(world: Any) -> None:
    anchor = replace(world.anchor, successors=(document(world), document(world, "K2", 700)))

    assert TrustAnchor.decode(anchor.encode()) == anchor
    assert anchor.anchor_id != world.anchor.anchor_id
    assert anchor.successor(sha256(b"other")) is None


@pytest.mark.parametrize("value", ["[]", "{}", "[{}]", "null and void", '"x"'])
def test_anchor_with_broken_successors_is_refused(world: Any, value: str) -> None:
    text = world.anchor.encode().decode()

    with pytest.raises(DecodeError):
        TrustAnchor.decode(f'{text[:-1]},"successors":{value}}}')
