"""Files are joined in any order, and whoever altered one is found out."""

from dataclasses import replace
from itertools import permutations

import pytest

from ccxx_cert.errors import Refusal as RuleRefusal
from ccxx_cert.state import Moment
from ccxx_cert.trust import RootDocument, TrustAnchor
from ccxx_core.hashes import Txid, hash160
from ccxx_core.keys import PrivateKey
from ccxx_core.network import MAIN, REGTEST
from ccxx_core.psbt import Psbt
from ccxx_core.script import p2wpkh_script, p2wsh_script, sorted_multisig_script
from ccxx_core.transaction import OutPoint, TxOutput
from ccxx_wallet.builder import CreditInput, Purse, build_draft
from ccxx_wallet.coin_selection import PlainCoin
from ccxx_wallet.errors import Refusal, WalletError
from ccxx_wallet.session import combine, finalize, read_psbt, signatures_of
from ccxx_wallet.signer import MOST_FEE, Review, check_fee, check_spent, describe_locks

ROOT, ISSUER, HOLDER, PAYER = (PrivateKey(bytes([n]) * 32) for n in (1, 2, 3, 4))
INNER = sorted_multisig_script(3, [key.public_key for key in (ROOT, ISSUER, HOLDER)])
CERTIFICATE = CreditInput(
    OutPoint(Txid(bytes([1]) * 32), 0), TxOutput(100_000, p2wsh_script(INNER)), INNER, 3
)
PLAIN_SCRIPT = p2wpkh_script(bytes(20))
ANCHOR = TrustAnchor(
    network="regtest",
    root_outpoint=CERTIFICATE.outpoint,
    root_value=100_000,
    root_height=1,
    root_script=PLAIN_SCRIPT,
    root_key=ROOT.public_key,
    system_key=ISSUER.public_key,
)
LATER_ROOT = RootDocument(9, PLAIN_SCRIPT, HOLDER.public_key, PAYER.public_key)


def payer_script() -> bytes:
    return p2wpkh_script(hash160(PAYER.public_key))


def draft() -> Psbt:
    coin = PlainCoin(OutPoint(Txid(bytes([2]) * 32), 1), 50_000, payer_script(), 5)
    purse = Purse([coin], change_script=PLAIN_SCRIPT, feerate=2)
    outputs = [TxOutput(100_000, PLAIN_SCRIPT)]
    return build_draft([CERTIFICATE], outputs, purse, REGTEST, bytes(32)).psbt


def test_credit_never_pays_the_fee() -> None:
    psbt = draft()

    change = psbt.transaction.outputs[-1].value

    assert psbt.transaction.outputs[0].value == 100_000
    assert psbt.fee == 50_000 - change
    assert psbt.fee >= 2 * 2 * 100


def test_the_estimated_fee_is_enough_for_the_signed_size() -> None:
    psbt = draft()
    for key in (ROOT, ISSUER, HOLDER, PAYER):
        psbt = psbt.sign_with(key)

    tx = finalize(psbt, {})

    assert 2 * tx.vsize <= psbt.fee <= 3 * tx.vsize


def test_any_order_of_signing_and_joining_gives_one_transaction() -> None:
    apart = [draft().sign_with(key) for key in (ROOT, ISSUER, HOLDER, PAYER)]

    finals = {finalize(combine(list(order)), {}).encode() for order in permutations(apart)}

    assert len(finals) == 1


def test_who_is_missing_is_named() -> None:
    psbt = draft().sign_with(ROOT).sign_with(PAYER)

    with pytest.raises(WalletError) as error:
        finalize(psbt, {ISSUER.public_key: "issuer"})

    assert error.value.refusal is Refusal.INCOMPLETE
    assert "issuer" in error.value.detail
    assert HOLDER.public_key.hex() in error.value.detail


def test_an_altered_output_is_noticed_before_anything_else() -> None:
    psbt = draft().sign_with(ROOT)
    outputs = (psbt.transaction.outputs[0]._replace(value=1), *psbt.transaction.outputs[1:])
    altered = replace(psbt, transaction=replace(psbt.transaction, outputs=outputs))

    with pytest.raises(WalletError) as error:
        signatures_of(altered)

    assert error.value.refusal is Refusal.ALTERED


def test_files_of_different_drafts_do_not_join() -> None:
    other = draft()
    other = replace(other, transaction=replace(other.transaction, locktime=7))

    with pytest.raises(WalletError) as error:
        combine([draft(), other])

    assert error.value.refusal is Refusal.DIFFERENT_TRANSACTIONS


@pytest.mark.parametrize("length", range(0, 400, 13))
def test_a_truncated_file_is_refused_by_name(length: int) -> None:
    data = draft().encode()

    with pytest.raises(WalletError) as error:
        read_psbt(data[:length], "gift.psbt", REGTEST, None)

    assert error.value.refusal is Refusal.BAD_FILE
    assert "gift.psbt" in error.value.detail


def test_a_file_for_another_network_or_anchor_is_refused() -> None:
    data = draft().encode()

    for network, anchor in ((MAIN, None), (REGTEST, ANCHOR)):
        with pytest.raises(WalletError) as error:
            read_psbt(data, "gift.psbt", network, anchor)
        assert error.value.refusal is Refusal.WRONG_NETWORK


def test_a_file_from_before_the_root_moved_is_still_read() -> None:
    psbt = replace(draft(), anchor_id=ANCHOR.anchor_id)

    read = read_psbt(psbt.encode(), "gift.psbt", REGTEST, ANCHOR.extended(LATER_ROOT))

    assert read == psbt


def test_a_file_made_under_a_later_root_says_that_the_anchor_is_old() -> None:
    psbt = replace(draft(), anchor_id=ANCHOR.extended(LATER_ROOT).anchor_id)

    with pytest.raises(WalletError) as error:
        read_psbt(psbt.encode(), "gift.psbt", REGTEST, ANCHOR)

    assert "anchor update" in error.value.detail


def test_a_value_that_our_node_does_not_confirm_is_refused() -> None:
    psbt = draft()
    spent = [psbt.spent_output(0), psbt.spent_output(1)._replace(value=60_000)]

    with pytest.raises(WalletError) as error:
        check_spent(psbt, spent)

    assert error.value.refusal is Refusal.INPUT_MISSTATED


@pytest.mark.parametrize("refusal", [None, RuleRefusal.NAKED_SPEND])
def test_an_absurd_fee_is_refused_by_itself(refusal: RuleRefusal | None) -> None:
    found = Review("transfer", (), MOST_FEE + 1, refusal)

    with pytest.raises(WalletError) as error:
        check_fee(found)

    assert error.value.refusal is Refusal.FEE_TOO_HIGH


@pytest.mark.parametrize(
    ("locktime", "sequence", "said"),
    [
        (0, 0xFFFFFFFE, ""),
        (99, 0xFFFFFFFE, ""),
        (100, 0xFFFFFFFE, "before block 101"),
        (9_000, 0xFFFFFFFF, ""),
        (1_600_000_000, 0xFFFFFFFE, "before the time 1600000001"),
        (1_500_000_000, 0xFFFFFFFE, ""),
        (0, 144, "older"),
        (0, 0, ""),
    ],
)
def test_a_signature_that_can_be_used_later_only_says_so(
    locktime: int, sequence: int, said: str
) -> None:
    tx = draft().transaction
    inputs = (tx.inputs[0]._replace(sequence=sequence),) * 2

    lines = describe_locks(
        replace(tx, locktime=locktime, inputs=inputs), Moment(100, 1_550_000_000, 1_550_000_000)
    )

    assert len(lines) == (1 if said else 0)
    assert said in "".join(lines)
