"""A PDF certificate holds as long as its address has not said otherwise."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ccxx_cert.bdip import (
    Dialect,
    PdfIssue,
    PdfMessage,
    RevokeAddress,
    RevokeBatches,
    RevokeCredentials,
    decode_pdf_message,
)
from ccxx_cert.bdip_rules import (
    Observation,
    PdfCredential,
    PdfStatus,
    PdfVerdict,
    deadline_of,
    judge_credential,
)
from ccxx_cert.chainpoint import Receipt
from ccxx_cert.expiry import Deadline
from ccxx_cert.pdf_claims import read_claims
from ccxx_cert.vpdf import take_proof
from ccxx_core.address import decode_address
from ccxx_core.hashes import Txid, hash160, parse_txid, ripemd160, sha256
from ccxx_core.network import REGTEST
from ccxx_core.script import solve_script

TARGET, ADDRESS = sha256(b"file"), hash160(b"key")
ISSUED, OTHER = Txid(sha256(b"issue")), Txid(sha256(b"other"))
CREDENTIAL = PdfCredential(TARGET, Receipt(TARGET, TARGET, (), ()), ISSUED, ADDRESS)
TIP, TIME = 120, 1_700_000_000
BATCH, ONE = RevokeBatches((ISSUED,)), RevokeCredentials(ISSUED, (ripemd160(TARGET),))
SELF = RevokeAddress((ADDRESS,))


def said(message: PdfMessage, height: int | None = 105, **changes: Any) -> Observation:
    txid = Txid(sha256(repr((message, height)).encode()))
    seen = Observation(Dialect.BDIP, message, txid, height, True)
    return replace(seen, **changes)


def issue(expiry: int | None = None, **changes: Any) -> Observation:
    message = PdfIssue("UNicDC", TARGET, expiry)
    return replace(said(message, 100), txid=ISSUED, **changes)


def judge(*observations: Observation, tip: int = TIP, **changes: Any) -> PdfVerdict:
    return judge_credential(replace(CREDENTIAL, **changes), observations, tip, TIME)


def test_anchored_file_is_valid() -> None:
    verdict = judge(issue())

    assert (verdict.status, verdict.confirmations) == (PdfStatus.VALID, 21)


def test_fresh_one_is_provisional_and_unconfirmed_one_pending() -> None:
    assert judge(issue(), tip=100).status is PdfStatus.PROVISIONAL
    assert judge(issue(), tip=105).status is PdfStatus.VALID
    assert judge(issue(height=None)).status is PdfStatus.PENDING


def test_other_file_is_altered() -> None:
    assert judge(issue(), target_hash=sha256(b"other")).status is PdfStatus.ALTERED


def test_path_to_another_root_is_a_broken_proof() -> None:
    receipt = Receipt(TARGET, sha256(b"root"), (), ())

    assert judge(issue(), receipt=receipt).status is PdfStatus.BROKEN_PROOF


@pytest.mark.parametrize("seen", [(), (said(BATCH),), (said(BATCH, txid=ISSUED),)])
def test_anchor_that_is_no_issue_is_not_anchored(seen: Iterable[Observation]) -> None:
    assert judge(*seen).status is PdfStatus.NOT_ANCHORED


def test_issue_of_another_root_does_not_anchor_it() -> None:
    assert judge(issue(message=PdfIssue("U", bytes(32)))).status is PdfStatus.WRONG_ROOT


def test_strangers_payment_to_the_address_forges_nothing() -> None:
    verdict = judge(issue(spends_from_address=False))

    assert (verdict.status, verdict.issue) == (PdfStatus.ISSUER_MISMATCH, None)


@pytest.mark.parametrize(
    ("expiry", "expired"), [(120, False), (119, True), (TIME, False), (TIME - 1, True)]
)
def test_expiry_is_the_chains_height_or_median_time(expiry: int, expired: bool) -> None:
    verdict = judge(issue(expiry))

    assert verdict.is_expired is expired
    assert verdict.status is (PdfStatus.EXPIRED if expired else PdfStatus.VALID)


def test_expiry_in_cred_is_always_a_time() -> None:
    assert deadline_of(issue(119)) == Deadline(height=119)
    assert deadline_of(issue(119, dialect=Dialect.CRED)) == Deadline(time=119)
    assert deadline_of(issue()) == Deadline()


@pytest.mark.parametrize(
    ("message", "status"),
    [
        (BATCH, PdfStatus.BATCH_REVOKED),
        (RevokeBatches((OTHER, ISSUED)), PdfStatus.BATCH_REVOKED),
        (ONE, PdfStatus.CREDENTIAL_REVOKED),
        (RevokeCredentials(ISSUED, (bytes(20), ripemd160(TARGET))), PdfStatus.CREDENTIAL_REVOKED),
    ],
)
def test_later_revocation_counts(message: PdfMessage, status: PdfStatus) -> None:
    revocation = said(message)

    verdict = judge(issue(), revocation)

    assert (verdict.status, verdict.revocation) == (status, revocation)


@pytest.mark.parametrize(
    "revocation",
    [
        said(BATCH, spends_from_address=False),
        said(ONE, spends_from_address=False),
        said(BATCH, None),
        said(RevokeBatches((OTHER,))),
        said(RevokeCredentials(OTHER, (ripemd160(TARGET),))),
        said(RevokeCredentials(ISSUED, (bytes(20),))),
        said(RevokeAddress((bytes(20),))),
        said(SELF),
    ],
)
def test_other_messages_revoke_nothing(revocation: Observation) -> None:
    assert judge(issue(), revocation).status is PdfStatus.VALID


def test_revoked_address_issues_nothing_any_more() -> None:
    revocation = said(SELF, 90)

    verdict = judge(revocation, issue())

    assert (verdict.status, verdict.revocation) == (PdfStatus.ADDRESS_REVOKED, revocation)


@pytest.mark.parametrize(
    "before",
    [
        said(SELF, 90, spends_from_address=False),
        said(RevokeAddress((bytes(20),)), 90),
        said(BATCH, 90),
    ],
)
def test_what_others_said_before_counts_for_nothing(before: Observation) -> None:
    assert judge(before, issue()).status is PdfStatus.VALID


def test_revocation_after_the_address_was_revoked_does_not_count() -> None:
    assert judge(issue(), said(SELF, 103), said(BATCH)).status is PdfStatus.VALID
    assert judge(issue(), said(BATCH, 103), said(SELF)).status is PdfStatus.BATCH_REVOKED


def test_expired_file_still_tells_of_its_revocation() -> None:
    verdict = judge(issue(110), said(BATCH))

    assert verdict.status is PdfStatus.EXPIRED
    assert verdict.revocation is not None


RECORDED = {
    "valid-issue.pdf": PdfStatus.VALID,
    "valid-expiry.pdf": PdfStatus.VALID,
    "revoked-credential.pdf": PdfStatus.CREDENTIAL_REVOKED,
    "forged-dust-payment.pdf": PdfStatus.NOT_ANCHORED,
}


@pytest.mark.parametrize("name", RECORDED)
def test_recorded_file_has_its_recorded_verdict(vectors: Path, name: str) -> None:
    proven = take_proof((vectors / "pdf" / name).read_bytes())
    chain = json.loads((vectors / "pdf" / "chain.json").read_text())
    receipt, claims = proven.receipt(), read_claims(proven.form)
    script = decode_address(claims.issuer_address, REGTEST)
    credential = PdfCredential(
        proven.target_hash,
        receipt,
        receipt.anchors[0].txid,
        solve_script(script).solutions[0],
    )

    verdict = judge_credential(credential, list(recorded(chain)), 100, TIME)

    # The recorded chain is short: what is valid there is not deep.
    wanted = RECORDED[name]
    expected = {wanted, PdfStatus.PROVISIONAL} if wanted is PdfStatus.VALID else {wanted}
    assert verdict.status in expected


def recorded(chain: list[dict[str, Any]]) -> Iterable[Observation]:
    """What the address said, oldest first; the newest of the recorded ones stands at the tip."""
    for tx in reversed(chain):
        for output in tx["vout"]:
            script = bytes.fromhex(output["scriptPubKey"]["hex"])
            if script[:1] == b"\x6a":
                dialect, message = decode_pdf_message(script[2 + (script[1] == 0x4C) :])
                height = 101 - tx["confirmations"]
                yield Observation(dialect, message, parse_txid(tx["txid"]), height, True)
