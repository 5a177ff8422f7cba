"""What may be done with a certificate, and each thing that may stand in the way."""

from dataclasses import replace
from typing import Any

import pytest

from ccxx_cert.errors import Refusal
from ccxx_cert.prospects import Case, Deed, Obstacle, Terms, Tip, hindrances
from ccxx_cert.records import Custody, ExpiryKind, IssueMessage, RevocationReason, RevokeMessage
from ccxx_cert.recovery import REMINDER_BLOCKS, format_blocks, open_certificate, recovery_path
from ccxx_cert.template import draft_issue
from ccxx_cert.upkeep import draft_surrender
from ccxx_core.hashes import sha256
from ccxx_core.transaction import OutPoint

NOTE = bytes(32)
MOVES = (Deed.TRANSFER, Deed.RECOVER)


def reasons(
    world: Any, certificate_id: OutPoint, deed: Deed, later: int = 10, terms: Terms = None
) -> list[Obstacle]:
    """Return what stands in the way of a deed, some blocks later."""
    tip = Tip(world.height + later, 0)
    case = Case(world.certificate(certificate_id), world.registry, tip, terms)
    return [each.reason for each in hindrances(case, deed)]


def issued(world: Any, **changes: Any) -> OutPoint:
    """Issue a certificate of a type that allows everything, unless changed."""
    message = world.permit_message(**({"recovery": True, "root_revokes": True} | changes))
    found: OutPoint = world.issue(world.grant(message))
    return found


def revoke(world: Any, certificate_id: OutPoint, reason: RevocationReason) -> None:
    (speaker,) = world.pay(world.plain_script("root"))
    message = RevokeMessage(certificate_id.txid, certificate_id.vout, reason, 0, NOTE)
    assert world.say(message, speaker).accepted


@pytest.mark.parametrize("deed", list(Deed))
def test_nothing_is_in_the_way_of_a_certificate_in_force(world: Any, deed: Deed) -> None:
    certificate_id = issued(world)

    assert reasons(world, certificate_id, deed) == []


@pytest.mark.parametrize(("later", "reason"), [(-1, Obstacle.PENDING), (2, Obstacle.PROVISIONAL)])
def test_a_young_certificate_is_not_shown_valid(world: Any, later: int, reason: Obstacle) -> None:
    certificate_id = issued(world)

    assert reasons(world, certificate_id, Deed.SHOW_VALID, later) == [reason]
    assert reasons(world, certificate_id, Deed.TRANSFER, later) == []


def test_a_type_may_forbid_transfer_and_recovery(world: Any) -> None:
    certificate_id = issued(world, transferable=False, recovery=False)

    found = [reasons(world, certificate_id, deed) for deed in MOVES]

    assert found == [[Obstacle.NOT_TRANSFERABLE], [Obstacle.RECOVERY_NOT_ALLOWED]]
    assert reasons(world, certificate_id, Deed.SHOW_VALID) == []


@pytest.mark.parametrize(
    ("why", "reason"),
    [
        (RevocationReason.SUPERSEDED, Obstacle.REVOKED),
        (RevocationReason.HOLD, Obstacle.SUSPENDED),
    ],
)
def test_a_revoked_certificate_is_not_moved_but_may_be_given_back(
    world: Any, why: RevocationReason, reason: Obstacle
) -> None:
    certificate_id = issued(world)

    revoke(world, certificate_id, why)

    for deed in (Deed.SHOW_VALID, *MOVES):
        assert reasons(world, certificate_id, deed) == [reason]
    assert reasons(world, certificate_id, Deed.SURRENDER) == []


@pytest.mark.parametrize(
    ("why", "found"),
    [(RevocationReason.SUPERSEDED, [Obstacle.REVOKED]), (RevocationReason.HOLD, [])],
)
def test_what_is_revoked_for_ever_need_not_be_refreshed(
    world: Any, why: RevocationReason, found: list[Obstacle]
) -> None:
    certificate_id = issued(world)

    revoke(world, certificate_id, why)

    assert reasons(world, certificate_id, Deed.REFRESH) == found


def test_a_destroyed_certificate_is_past_everything(world: Any) -> None:
    certificate_id = issued(world)

    world.mine(world.tx([certificate_id], []))

    for deed in Deed:
        assert reasons(world, certificate_id, deed)[0] is Obstacle.DESTROYED


def test_a_surrendered_certificate_is_past_everything(world: Any) -> None:
    certificate_id = issued(world)
    certificate = world.certificate(certificate_id)
    draft = draft_surrender([certificate], world.permit(certificate.permit_id), NOTE)

    world.mine(world.tx_of(draft))

    for deed in Deed:
        assert reasons(world, certificate_id, deed)[0] is Obstacle.SURRENDERED


def test_an_expired_certificate_is_neither_valid_nor_moved(world: Any) -> None:
    certificate_id = issued(world)
    certificate = replace(world.certificate(certificate_id), expires_height=world.height + 1)

    def found(deed: Deed, height: int) -> bool:
        case = Case(certificate, world.registry, Tip(height, 0))
        return Obstacle.EXPIRED in [each.reason for each in hindrances(case, deed)]

    # The next block is the first that a transfer may be in; what is shown is shown at the tip.
    for deed in MOVES:
        assert [found(deed, world.height + later) for later in (0, 1)] == [False, True]
    assert [found(Deed.SHOW_VALID, world.height + later) for later in (1, 2)] == [False, True]


def test_a_transfer_in_the_last_block_counts_and_one_in_the_next_does_not(world: Any) -> None:
    expiry = {"expiry_kind": ExpiryKind.HEIGHT, "expiry": world.height + 5}
    certificates = [world.issue(world.grant(world.permit_message(**expiry))) for _ in range(2)]
    foreseen, refusals = [], []

    for certificate_id in certificates:
        foreseen.append(reasons(world, certificate_id, Deed.TRANSFER, later=0))
        (verdict,) = world.mine(world.transfer_tx(certificate_id))
        refusals.append(verdict.refusal)

    assert foreseen == [[], [Obstacle.EXPIRED]]
    assert refusals == [None, Refusal.CERTIFICATE_EXPIRED]


def test_the_terms_of_a_type_limit_transfers(world: Any) -> None:
    certificate_id = issued(world)
    world.mine(world.transfer_tx(certificate_id))
    limited, slow = {"transfer_limit": 1}, {"waiting_blocks": 20}

    assert reasons(world, certificate_id, Deed.TRANSFER, 1, limited) == [Obstacle.TRANSFER_LIMIT]
    assert reasons(world, certificate_id, Deed.TRANSFER, 18, slow) == [Obstacle.WAITING_BLOCKS]
    assert reasons(world, certificate_id, Deed.TRANSFER, 19, slow) == []
    assert reasons(world, certificate_id, Deed.RECOVER, 1, limited | slow) == []


def test_the_recovery_path_opens_after_the_delay(world: Any) -> None:
    certificate = world.certificate(issued(world))
    path = recovery_path(certificate, Custody.RECOVERABLE)
    assert path is not None
    last = world.height + 52_560 - 1

    assert path.opens_height == last + 1
    assert [path.is_open(height) for height in (last - 1, last)] == [False, True]
    assert path.blocks_left(last - 1) == 1
    assert path.is_near(last - REMINDER_BLOCKS)
    assert not path.is_near(last - REMINDER_BLOCKS - 1)


@pytest.mark.parametrize("custody", [Custody.THREE_OF_THREE, Custody.TWO_OF_THREE, None])
def test_other_policies_have_no_recovery_path(world: Any, custody: Custody | None) -> None:
    assert recovery_path(world.certificate(issued(world)), custody) is None


@pytest.mark.parametrize("custody", list(Custody))
def test_an_opaque_certificate_is_opened_by_its_holders_key_alone(
    world: Any, custody: Custody
) -> None:
    permit_id = world.grant(world.permit_message(custody=custody, public_summary=True))
    message = IssueMessage(serial=1, doc_hash=sha256(b"d"), tail="Share")
    script = world.learn(world.certificate_inner("alice", custody))
    (verdict,) = world.mine(world.tx_of(draft_issue(message, script, world.coin_of(permit_id))))
    certificate = world.certificate(verdict.subjects[1])

    opened = open_certificate(certificate, world.key("alice"))

    assert open_certificate(certificate) is None
    assert open_certificate(certificate, world.key("bob")) is None
    assert opened == (world.certificate_inner("alice", custody), world.key("alice"), custody)


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        (1, "1 block, less than a day"),
        (575, "575 blocks, less than a day"),
        (576, "576 blocks, about 1 day"),
        (17_280, "17280 blocks, about 30 days"),
    ],
)
def test_blocks_are_said_in_days(blocks: int, words: str) -> None:
    assert format_blocks(blocks) == words
