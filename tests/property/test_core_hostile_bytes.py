"""Bytes and text from strangers raise ``DecodeError`` and nothing else."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ccxx_core.address import decode_address, encode_address
from ccxx_core.amount import parse_amount
from ccxx_core.base58 import decode_base58check
from ccxx_core.bech32 import decode_bech32
from ccxx_core.bip32 import HdKey, mnemonic_to_seed, parse_path
from ccxx_core.block import Block, BlockHeader
from ccxx_core.descriptor import parse_descriptor, parse_origin, recoverable_descriptor
from ccxx_core.encoding import read_bytes
from ccxx_core.errors import CcxxError, DecodeError
from ccxx_core.hashes import parse_txid, sha256
from ccxx_core.keys import PrivateKey, lift_x, recover_public_key, verify_signature
from ccxx_core.message import sign_message, verify_message
from ccxx_core.network import MAIN, REGTEST
from ccxx_core.psbt import Psbt, PsbtInput
from ccxx_core.script import (
    count_sigops,
    is_push_only,
    p2sh_script,
    p2wsh_script,
    read_ops,
    solve_script,
    sorted_multisig_script,
)
from ccxx_core.spending import parse_recoverable, recoverable_script
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput

relaxed = settings(deadline=None, max_examples=150)

KEYS = [PrivateKey(sha256(bytes([number]))) for number in range(3)]
PUBLIC = [key.public_key for key in KEYS]
MULTISIG = sorted_multisig_script(3, PUBLIC)
RECOVERABLE = recoverable_script(*PUBLIC, 52560)
PREVIOUS = Transaction(
    2,
    (TxInput(OutPoint(bytes(32), 0), b"\x51", 5, (b"witness",)),),
    (
        TxOutput(1000, p2sh_script(MULTISIG)),
        TxOutput(1000, p2wsh_script(RECOVERABLE)),
    ),
)
UNSIGNED = Transaction(
    2,
    tuple(TxInput(OutPoint(PREVIOUS.txid, number)) for number in range(2)),
    (TxOutput(1500, p2sh_script(MULTISIG)),),
)
PSBT = (
    Psbt.create(
        UNSIGNED,
        [
            PsbtInput(non_witness_utxo=PREVIOUS, redeem_script=MULTISIG),
            PsbtInput(witness_utxo=PREVIOUS.outputs[1], witness_script=RECOVERABLE),
        ],
        network=REGTEST,
        anchor_id=bytes(32),
    )
    .sign_with(KEYS[0])
    .sign_with(KEYS[1])
    .sign_with(KEYS[2])
)
HEADER = BlockHeader(1, bytes(32), bytes(32), 1, 0x207FFFFF, 2)
BLOCK = Block(HEADER, (PREVIOUS, PSBT.finalize()))
XPUB = HdKey.from_seed(bytes(16), MAIN).xpub()
ADDRESSES = [encode_address(output.script_pubkey, REGTEST) or "" for output in PREVIOUS.outputs]
KEY_ADDRESS = "mqf7T5LP69yvqC8q1RSGFv2KRdbrrQ7X1m"

BYTE_DECODERS: dict[str, tuple[Callable[[bytes], Any], bytes]] = {
    "transaction": (Transaction.decode, PSBT.finalize().encode()),
    "block": (Block.decode, BLOCK.encode()),
    "header": (BlockHeader.decode, HEADER.encode()),
    "psbt": (Psbt.decode, PSBT.encode()),
    "script": (lambda data: list(read_ops(data)), RECOVERABLE),
    "bytes": (lambda data: read_bytes(data, 0), b"\x03abc"),
    "x": (lambda data: lift_x(data, odd=True), PUBLIC[0][1:]),
    "recoverable": (
        lambda data: recover_public_key(data, bytes(32)),
        KEYS[0].sign_recoverable(bytes(32)),
    ),
}
TEXT_DECODERS: dict[str, tuple[Callable[[str], Any], str]] = {
    "address": (lambda text: decode_address(text, REGTEST), ADDRESSES[0]),
    "bech32 address": (lambda text: decode_address(text, REGTEST), ADDRESSES[1]),
    "base58": (decode_base58check, ADDRESSES[0]),
    "bech32": (decode_bech32, ADDRESSES[1]),
    "amount": (parse_amount, "12.5e-3"),
    "path": (parse_path, "m/48h/571'/0"),
    "origin": (parse_origin, "d34db33f/48h/571h"),
    "txid": (parse_txid, "ab" * 32),
    "psbt": (Psbt.decode, PSBT.to_base64()),
    "xpub": (lambda text: HdKey.parse(text, MAIN), XPUB),
    "wif": (lambda text: PrivateKey.from_wif(text, REGTEST), KEYS[0].to_wif(REGTEST)),
    "words": (mnemonic_to_seed, "abandon " * 11 + "about"),
    "descriptor": (
        lambda text: parse_descriptor(text, MAIN),
        recoverable_descriptor(*PUBLIC).partition("#")[0],
    ),
    "xpub descriptor": (
        lambda text: parse_descriptor(text, MAIN),
        f"sh(wsh(sortedmulti(1,[01234567/1h]{XPUB}/0/*)))",
    ),
    "message": (
        lambda text: verify_message(KEY_ADDRESS, text, "", REGTEST),
        sign_message(KEYS[0], ""),
    ),
}


@st.composite
def altered_bytes(draw: st.DrawFn, valid: bytes) -> bytes:
    """Valid bytes with a few places overwritten, cut out or repeated."""
    data = valid
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 8)))
        data = data[:start] + draw(st.binary(max_size=8)) + data[end:]
    return data


@st.composite
def altered_text(draw: st.DrawFn, valid: str) -> str:
    """Valid text with a few places overwritten, cut out or repeated."""
    alphabet = st.sampled_from(sorted(set(valid)) + list("()[]/#*',;h \u0661\u00e9\n09"))
    text = valid
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 4)))
        text = text[:start] + draw(st.text(alphabet, max_size=4)) + text[end:]
    return text


@pytest.mark.parametrize("name", list(BYTE_DECODERS))
@relaxed
@given(data=st.data())
def test_altered_bytes_are_decoded_or_refused(name: str, data: st.DataObject) -> None:
    decode, valid = BYTE_DECODERS[name]

    with suppress(DecodeError):
        decode(data.draw(altered_bytes(valid)))


@pytest.mark.parametrize("name", list(BYTE_DECODERS))
@relaxed
@given(noise=st.binary(max_size=300))
def test_noise_is_decoded_or_refused(name: str, noise: bytes) -> None:
    decode, _ = BYTE_DECODERS[name]

    with suppress(DecodeError):
        decode(noise)


@pytest.mark.parametrize("name", list(BYTE_DECODERS))
def test_every_beginning_is_decoded_or_refused(name: str) -> None:
    decode, valid = BYTE_DECODERS[name]

    decode(valid)
    for length in range(len(valid)):
        with suppress(DecodeError):
            decode(valid[:length])


@pytest.mark.parametrize("name", list(TEXT_DECODERS))
@relaxed
@given(data=st.data())
def test_altered_text_is_read_or_refused(name: str, data: st.DataObject) -> None:
    decode, valid = TEXT_DECODERS[name]

    with suppress(DecodeError):
        decode(data.draw(altered_text(valid)))


@pytest.mark.parametrize("name", list(TEXT_DECODERS))
@relaxed
@given(noise=st.text(max_size=120))
def test_foreign_text_is_read_or_refused(name: str, noise: str) -> None:
    decode, _ = TEXT_DECODERS[name]

    with suppress(DecodeError):
        decode(noise)


@relaxed
@given(data=st.data())
def test_altered_psbt_is_never_finished_into_something_else(data: st.DataObject) -> None:
    altered = data.draw(altered_bytes(PSBT.encode()))

    with suppress(CcxxError):
        psbt = Psbt.decode(altered)
        assert Psbt.decode(psbt.encode()) == psbt
        assert psbt.fee is not None
        tx = psbt.finalize()
        assert tx.base == psbt.transaction.base or tx.inputs[0].script_sig
        assert psbt.transaction == UNSIGNED


@relaxed
@given(st.binary(max_size=200))
@example(b"\x6a")
@example(b"\xae")
def test_any_script_can_be_looked_at(script: bytes) -> None:
    kind = solve_script(script).kind

    assert kind
    assert encode_address(script, REGTEST) is None or solve_script(script).solutions
    assert count_sigops(script, accurate=True) <= count_sigops(script, accurate=False)
    assert is_push_only(script) in (True, False)
    assert parse_recoverable(script) is None


@relaxed
@given(st.binary(max_size=70), st.binary(max_size=80), st.binary(min_size=32, max_size=32))
def test_any_bytes_can_be_verified_as_a_signature(
    public_key: bytes, signature: bytes, digest: bytes
) -> None:
    assert not verify_signature(public_key, signature, digest)


@relaxed
@given(data=st.data())
def test_altered_signatures_are_answered(data: st.DataObject) -> None:
    signature = data.draw(altered_bytes(KEYS[0].sign(bytes(32))))

    assert verify_signature(PUBLIC[0], signature, bytes(32)) in (True, False)
