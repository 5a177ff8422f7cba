"""What the ledger remembers, and who may ask."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ccxx_core.hashes import Txid
from ccxx_core.keys import PrivateKey
from ccxx_core.transaction import OutPoint
from ccxx_root.cosigner.ledger import Ledger, StoredToken
from ccxx_root.cosigner.policy import Order, Usage
from ccxx_root.cosigner.refusals import CosignerError, Refusal
from ccxx_root.cosigner.throttle import Throttle
from ccxx_root.cosigner.tokens import Caller, TokenRole, check_caller, find_caller, new_token

ISSUER, OTHER = (PrivateKey(bytes([n]) * 32).public_key for n in (7, 8))
PERMIT = OutPoint(Txid(bytes([1]) * 32), 0)
BATCH = Order(
    action="batch",
    issuer_key=ISSUER,
    permit=PERMIT,
    signable=(0,),
    issued=10,
    serial_start=5,
    value=1_000_000,
)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger(tmp_path / "ledger")
    yield opened
    opened.close()


def count(ledger: Ledger, order: Order, time: int, name: int = 9) -> Txid:
    txid = Txid(bytes([name]) * 32)
    with ledger.transaction():
        ledger.add_signed(order, "caller", time, (txid, b"psbt"))
    return txid


def test_usage_is_that_of_one_issuer_since_a_time(ledger: Ledger) -> None:
    count(ledger, BATCH, 100, 1)
    count(ledger, BATCH, 200, 2)
    count(ledger, replace(BATCH, issuer_key=OTHER), 200, 3)

    assert ledger.usage(ISSUER, 0) == Usage(20, 0, 2_000_000)
    assert ledger.usage(ISSUER, 100) == Usage(10, 0, 1_000_000)
    assert ledger.usage(None, 0) == Usage()


def test_a_claim_was_counted_with_its_batch_and_still_takes_its_serial(ledger: Ledger) -> None:
    count(ledger, replace(BATCH, value=0), 100, 1)
    claim = replace(BATCH, action="claim", issued=1, serial_start=7, value=100_000)
    count(ledger, claim, 200, 2)

    assert ledger.usage(ISSUER, 0) == Usage(10, 0, 100_000)
    assert len(ledger.with_serials(PERMIT, 7, 1)) == 2


def test_what_was_signed_survives_closing(tmp_path: Path) -> None:
    first = Ledger(tmp_path / "ledger")
    txid = count(first, BATCH, 100)
    first.close()

    again = Ledger(tmp_path / "ledger")
    found = again.signed(txid)
    usage = again.usage(ISSUER, 0)
    again.close()

    assert found is not None
    assert (found.issuer_key, found.action, found.psbt) == (ISSUER, "batch", b"psbt")
    assert usage.issued == 10


@pytest.mark.parametrize(
    ("start", "length", "is_found"),
    [(0, 5, False), (0, 6, True), (14, 1, True), (15, 1, False), (0, 100, True), (7, 2, True)],
)
def test_serials_that_were_signed_are_found(
    ledger: Ledger, start: int, length: int, is_found: bool
) -> None:
    count(ledger, BATCH, 100)

    assert bool(ledger.with_serials(PERMIT, start, length)) is is_found
    assert ledger.with_serials(OutPoint(PERMIT.txid, 1), start, length) == []


def test_an_officer_counts_once(ledger: Ledger) -> None:
    for officer in ("anna", "anna", "boris"):
        ledger.add_approval(PERMIT, officer, 1)

    assert ledger.approvals(PERMIT) == ["anna", "boris"]
    assert ledger.approvals(OutPoint(PERMIT.txid, 1)) == []


def test_a_token_is_found_by_itself_alone(ledger: Ledger, tmp_path: Path) -> None:
    token = new_token(ledger, bytes(32), StoredToken("uni", TokenRole.ISSUER, b"", (ISSUER,)))

    assert find_caller(ledger, token, None) == Caller("uni", TokenRole.ISSUER, (ISSUER,))
    assert token.encode() not in (tmp_path / "ledger").read_bytes()
    for wrong in ("", token[:-1], token.upper(), token + " "):
        with pytest.raises(CosignerError) as error:
            find_caller(ledger, wrong, None)
        assert error.value.refusal is Refusal.UNAUTHORIZED


def test_a_bound_token_needs_its_certificate(ledger: Ledger) -> None:
    stored = StoredToken("uni", TokenRole.ISSUER, b"", (ISSUER,), fingerprint=bytes([5]) * 32)
    token = new_token(ledger, bytes(32), stored)

    assert find_caller(ledger, token, bytes([5]) * 32).name == "uni"
    for fingerprint in (None, bytes(32)):
        with pytest.raises(CosignerError):
            find_caller(ledger, token, fingerprint)


def test_a_removed_token_opens_nothing(ledger: Ledger) -> None:
    token = new_token(ledger, bytes(32), StoredToken("anna", TokenRole.OFFICER, b""))

    assert ledger.remove_token("anna")
    assert not ledger.remove_token("anna")
    with pytest.raises(CosignerError):
        find_caller(ledger, token, None)


@pytest.mark.parametrize(
    "kept",
    [
        StoredToken("", TokenRole.HOLDER, b""),
        StoredToken("operator", TokenRole.HOLDER, b""),
        StoredToken("a b", TokenRole.HOLDER, b""),
        StoredToken("taken", TokenRole.HOLDER, b""),
        StoredToken("uni", TokenRole.ISSUER, b""),
    ],
)
def test_a_token_that_makes_no_sense_is_not_made(ledger: Ledger, kept: StoredToken) -> None:
    new_token(ledger, bytes([1]) * 32, StoredToken("taken", TokenRole.HOLDER, b""))

    with pytest.raises(CosignerError) as error:
        new_token(ledger, bytes(32), kept)

    assert error.value.refusal is Refusal.BAD_TOKEN


@pytest.mark.parametrize(
    ("role", "action", "allowed"),
    [
        (TokenRole.ISSUER, "issue", True),
        (TokenRole.ISSUER, "permit", False),
        (TokenRole.HOLDER, "transfer", True),
        (TokenRole.HOLDER, "issue", False),
        (TokenRole.OFFICER, "permit", True),
        (TokenRole.OFFICER, "transfer", False),
        (TokenRole.OPERATOR, "batch", True),
    ],
)
def test_each_role_asks_for_its_own(role: TokenRole, action: str, allowed: bool) -> None:
    if allowed:
        check_caller(Caller("x", role), action, ISSUER)
        return
    with pytest.raises(CosignerError) as error:
        check_caller(Caller("x", role), action, ISSUER)
    assert error.value.refusal is Refusal.ROLE_NOT_ALLOWED


def test_a_token_is_for_its_issuers_only() -> None:
    caller = Caller("uni", TokenRole.ISSUER, (ISSUER,))

    check_caller(caller, "issue", ISSUER)
    for key in (OTHER, None):
        with pytest.raises(CosignerError) as error:
            check_caller(caller, "issue", key)
        assert error.value.refusal is Refusal.NOT_YOUR_ISSUER


def test_a_throttle_lets_as_many_through_as_it_says() -> None:
    throttle = Throttle(60)

    at_once = [throttle.seconds_to_wait("a", 0.0) for _ in range(61)]

    assert at_once == [0.0] * 60 + [1.0]
    assert throttle.seconds_to_wait("b", 0.0) == 0
    assert throttle.seconds_to_wait("a", 1.0) == 0
    assert throttle.seconds_to_wait("a", 1.0) == 1


def test_a_throttle_forgets_nothing_by_a_clock_that_goes_back() -> None:
    throttle = Throttle(1)

    throttle.seconds_to_wait("a", 100.0)

    assert throttle.seconds_to_wait("a", 0.0) == 60
