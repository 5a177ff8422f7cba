"""Scripts of permits and certificates, and the keys that are read back from them."""

import pytest
from embit.descriptor import Descriptor

from ccxx_cert.custody import (
    Wrap,
    certificate_script,
    holder_of,
    is_wrapped,
    permit_script,
    revealed_script,
    third_key,
    wrap,
)
from ccxx_cert.records import Custody
from ccxx_core.hashes import Txid, sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.script import build_script, multisig_script
from ccxx_core.transaction import OutPoint, TxInput

R, I, S, H = (PrivateKey(sha256(name.encode())).public_key for name in "RISH")  # noqa: E741
SPENT = OutPoint(Txid(bytes(32)), 0)


def test_issuer_is_the_third_key_of_a_permit_script() -> None:
    assert third_key(permit_script(R, I, S), R, S) == I
    assert third_key(permit_script(R, I, S), S, R) == I


def test_permit_script_with_a_foreign_system_key_has_no_issuer() -> None:
    assert third_key(permit_script(R, I, H), R, S) is None


def test_permit_script_in_another_order_is_not_ours() -> None:
    keys = sorted((R, I, S), reverse=True)

    assert third_key(multisig_script(3, keys), R, S) is None


@pytest.mark.parametrize("required", [1, 2])
def test_permit_script_with_a_lower_threshold_is_not_ours(required: int) -> None:
    assert third_key(multisig_script(required, sorted((R, I, S))), R, S) is None


def test_root_may_be_its_own_issuer() -> None:
    assert third_key(permit_script(R, R, S), R, S) == R


@pytest.mark.parametrize("custody", list(Custody))
def test_holder_and_policy_are_read_from_a_certificate_script(custody: Custody) -> None:
    script = certificate_script(R, I, H, custody)

    assert holder_of(script, R, I) == (H, custody)
    assert holder_of(script, R, S) is None


def test_recoverable_script_is_the_miniscript_of_the_protocol() -> None:
    root, issuer, holder = (key.hex() for key in (R, I, H))
    after_delay = f"and_v(v:multi(2,{root},{issuer}),older(52560))"
    text = f"wsh(or_d(multi(3,{root},{issuer},{holder}),{after_delay}))"

    compiled = Descriptor.from_string(text).witness_script().data

    assert certificate_script(R, I, H, Custody.RECOVERABLE) == compiled


def test_recoverable_certificate_lives_in_p2wsh_only() -> None:
    script = certificate_script(R, I, H, Custody.RECOVERABLE)

    assert is_wrapped(script, wrap(script, Wrap.P2WSH), Custody.RECOVERABLE)
    assert not is_wrapped(script, wrap(script, Wrap.P2SH), Custody.RECOVERABLE)


def test_input_reveals_the_script_of_a_p2wsh_output() -> None:
    script = permit_script(R, I, S)

    shown = revealed_script(TxInput(SPENT, witness=(b"", script)), wrap(script))

    assert shown == script


def test_input_reveals_the_script_of_a_p2sh_output() -> None:
    script = permit_script(R, I, S)
    tx_input = TxInput(SPENT, script_sig=build_script(0, b"signature", script))

    assert revealed_script(tx_input, wrap(script, "p2sh")) == script


def test_input_that_shows_another_script_reveals_nothing() -> None:
    script, other = permit_script(R, I, S), permit_script(R, I, H)

    assert revealed_script(TxInput(SPENT, witness=(other,)), wrap(script)) is None
    assert revealed_script(TxInput(SPENT), wrap(script)) is None
    assert revealed_script(TxInput(SPENT, script_sig=b"\x4c"), wrap(script, "p2sh")) is None
