"""Whatever a script does with signatures, checking them later gives the verdict of checking now."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from ccxx_core.hashes import Txid, sha256
from ccxx_core.keys import PrivateKey
from ccxx_core.opcodes import Op
from ccxx_core.script import build_script, p2wsh_script, push_data, small_number_op
from ccxx_core.sighash import legacy_sighash, segwit_sighash
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_node.consensus import flags as f
from ccxx_node.consensus.coins import Coin
from ccxx_node.consensus.errors import ConsensusError
from ccxx_node.consensus.sigcheck import InlineVerifier, ScriptChecks, check_scripts

BLOCK_FLAGS = f.P2SH | f.WITNESS | f.DERSIG | f.NULLDUMMY
KEYS = [PrivateKey(sha256(bytes([i]))) for i in range(4)]
UNSIGNED = Transaction(
    2, (TxInput(OutPoint(Txid(bytes(32)), 0)),), (TxOutput(1, bytes([Op.OP_1])),)
)
VALUE = 5

key_pushes = st.sampled_from([push_data(key.public_key) for key in KEYS] + [push_data(b"key")])
numbers = st.integers(0, 4).map(lambda n: bytes([Op.OP_1 + n - 1 if n else 0]))
operations = st.sampled_from(
    [
        Op.OP_CHECKSIG,
        Op.OP_CHECKSIGVERIFY,
        Op.OP_CHECKMULTISIG,
        Op.OP_NOT,
        Op.OP_BOOLOR,
        Op.OP_IF,
        Op.OP_ELSE,
        Op.OP_ENDIF,
        Op.OP_SWAP,
        Op.OP_DUP,
        Op.OP_DROP,
        Op.OP_CODESEPARATOR,
    ]
).map(lambda op: bytes([op]))


@st.composite
def multisigs(draw: st.DrawFn) -> bytes:
    keys = draw(st.lists(key_pushes, min_size=1, max_size=4))
    required = draw(st.integers(0, len(keys)))
    number = bytes([Op.OP_1 + required - 1 if required else 0])
    return number + b"".join(keys) + bytes([Op.OP_1 + len(keys) - 1, Op.OP_CHECKMULTISIG])


single_checks = key_pushes.map(lambda push: push + bytes([Op.OP_CHECKSIG]))
scripts = st.lists(
    st.one_of(multisigs(), single_checks, key_pushes, numbers, operations), min_size=1, max_size=6
).map(b"".join)
# Which key signs, with which type; None is an empty signature, a number above the keys is rubbish.
signers = st.lists(
    st.one_of(
        st.none(), st.tuples(st.integers(0, len(KEYS)), st.sampled_from([1, 2, 3, 0x81, 0x04]))
    ),
    max_size=5,
)


def sign(script: bytes, signer: tuple[int, int] | None, is_witness: bool) -> bytes:
    if signer is None:
        return b""
    number, hash_type = signer
    if number == len(KEYS):
        return b"\x30\x06\x02\x01\x01\x02\x01\x01" + bytes([hash_type])
    if is_witness:
        digest = segwit_sighash(UNSIGNED, 0, script, VALUE, hash_type)
    else:
        digest = legacy_sighash(UNSIGNED, 0, script, hash_type)
    return KEYS[number].sign(digest) + bytes([hash_type])


def spend_of(script: bytes, stack: list[bytes], is_witness: bool) -> tuple[Transaction, Coin]:
    if is_witness:
        spend = UNSIGNED.inputs[0]._replace(witness=(*stack, script))
        coin = Coin(VALUE, p2wsh_script(script), 1, False)
    else:
        spend = UNSIGNED.inputs[0]._replace(script_sig=b"".join(map(push_data, stack)))
        coin = Coin(VALUE, script, 1, False)
    return replace(UNSIGNED, inputs=(spend,)), coin


def reason(tx: Transaction, coin: Coin, flags: int, is_deferred: bool) -> str:
    try:
        if is_deferred:
            checks = ScriptChecks(flags, InlineVerifier())
            try:
                checks.add(tx, [coin])
            finally:
                checks.finish()
        else:
            check_scripts(tx, [coin], flags)
    except ConsensusError as error:
        return error.reason
    return "valid"


@settings(max_examples=400, deadline=None)
@given(
    script=scripts,
    signers=signers,
    is_witness=st.booleans(),
    flags=st.sampled_from([f.NONE, BLOCK_FLAGS, f.STANDARD & ~f.CLEANSTACK, f.STANDARD]),
)
def test_deferred_verdict_is_the_direct_verdict(
    script: bytes, signers: list[tuple[int, int] | None], is_witness: bool, flags: int
) -> None:
    signatures = [sign(script, signer, is_witness) for signer in signers]
    tx, coin = spend_of(script, signatures, is_witness)

    assert reason(tx, coin, flags, is_deferred=True) == reason(tx, coin, flags, is_deferred=False)


def is_subsequence(signers: list[int], keys: list[int]) -> bool:
    """Tell whether the signers' keys stand in the script in the order of the signatures."""
    remaining = iter(keys)
    return all(signer in remaining for signer in signers)


@settings(max_examples=300, deadline=None)
@given(
    keys=st.lists(st.integers(0, 3), min_size=1, max_size=4),
    data=st.data(),
    is_witness=st.booleans(),
    wants_failure=st.booleans(),
)
def test_multisig_holds_exactly_if_signers_stand_in_the_order_of_their_keys(
    keys: list[int], data: st.DataObject, is_witness: bool, wants_failure: bool
) -> None:
    signers = data.draw(st.lists(st.sampled_from(keys), max_size=len(keys)))
    script = build_script(
        small_number_op(len(signers)),
        *(KEYS[key].public_key for key in keys),
        small_number_op(len(keys)),
        Op.OP_CHECKMULTISIG,
        Op.OP_NOT if wants_failure else Op.OP_NOP,
    )
    stack = [b"", *(sign(script, (signer, 1), is_witness) for signer in signers)]
    tx, coin = spend_of(script, stack, is_witness)

    verdicts = {reason(tx, coin, BLOCK_FLAGS, is_deferred) for is_deferred in (False, True)}

    assert len(verdicts) == 1
    assert ("valid" in verdicts) == (is_subsequence(signers, keys) != wants_failure)


@settings(max_examples=200, deadline=None)
@given(
    script=st.binary(max_size=60),
    script_sig=st.binary(max_size=30),
    witness=st.lists(st.binary(max_size=40), max_size=3),
    flags=st.integers(0, (1 << 17) - 1),
)
def test_any_bytes_end_in_a_verdict(
    script: bytes, script_sig: bytes, witness: list[bytes], flags: int
) -> None:
    spend = UNSIGNED.inputs[0]._replace(script_sig=script_sig, witness=tuple(witness))
    tx = replace(UNSIGNED, inputs=(spend,))
    coin = Coin(VALUE, script, 1, False)

    assert reason(tx, coin, flags, is_deferred=True) == reason(tx, coin, flags, is_deferred=False)
