"""A second opinion before a transaction leaves: none of our own parsing, hashing or curve code.

python-bitcoinlib parses and hashes the bytes anew and ecdsa verifies every signature, so a fault in
our code cannot move money alone. Known are P2WPKH, P2PKH and multisig in P2WSH or P2SH; any other
input is left to the node and named in the result.
"""

import hashlib
from collections.abc import Sequence

from bitcoin.core import CTransaction
from bitcoin.core.script import (
    OP_CHECKMULTISIG,
    SIGVERSION_BASE,
    SIGVERSION_WITNESS_V0,
    CScript,
    SignatureHash,
)
from ecdsa import BadSignatureError, SECP256k1, VerifyingKey
from ecdsa.errors import MalformedPointError
from ecdsa.util import sigdecode_der

from ccxx_core.hashes import format_hash
from ccxx_core.transaction import Transaction, TxOutput
from ccxx_wallet.errors import Refusal, WalletError


def check_again(tx: Transaction, spent: Sequence[TxOutput]) -> int:
    """Verify a signed transaction with foreign code; return how many signatures were verified.

    `spent` are the outputs that its inputs spend, in order. Raises WalletError SECOND_OPINION.
    """
    try:
        foreign = CTransaction.deserialize(tx.encode())
    except Exception as error:
        # Whatever the foreign parser raises, it means that it does not understand our bytes.
        raise _disagree(f"python-bitcoinlib cannot parse it: {error}") from error
    if foreign.GetTxid() != tx.txid:
        found = format_hash(foreign.GetTxid())
        raise _disagree(f"its id is {found}, ours is {format_hash(tx.txid)}")
    if len(foreign.vin) != len(spent):
        raise _disagree(f"it has {len(foreign.vin)} inputs, {len(spent)} expected")
    return sum(_check_input(foreign, index, output) for index, output in enumerate(spent))


def _check_input(foreign: CTransaction, index: int, output: TxOutput) -> int:
    script = CScript(output.script_pubkey)
    witness = list(foreign.wit.vtxinwit[index].scriptWitness.stack) if foreign.has_witness() else []
    pushes = [bytes(item) for item in _pushes(foreign.vin[index].scriptSig)]
    if script.is_witness_v0_keyhash() and len(witness) == 2:
        code = CScript(b"\x76\xa9\x14" + bytes(script)[2:] + b"\x88\xac")
        _check_hash(
            index,
            hashlib.new("ripemd160", hashlib.sha256(witness[1]).digest()).digest(),
            bytes(script)[2:],
        )
        return _check_keys(foreign, index, code, [witness[0]], [witness[1]], output.value)
    if script.is_witness_v0_scripthash() and len(witness) > 2:
        _check_hash(index, hashlib.sha256(witness[-1]).digest(), bytes(script)[2:])
        return _check_multisig(foreign, index, witness[-1], witness[1:-1], output.value)
    if script.is_p2sh() and len(pushes) > 2:
        return _check_multisig(foreign, index, pushes[-1], pushes[1:-1], None)
    if _is_p2pkh(script) and len(pushes) == 2:
        return _check_keys(foreign, index, script, [pushes[0]], [pushes[1]], None)
    return 0


def _check_multisig(
    foreign: CTransaction,
    index: int,
    script_bytes: bytes,
    signatures: list[bytes],
    value: int | None,
) -> int:
    script = CScript(script_bytes)
    items = list(script)
    if not items or items[-1] != OP_CHECKMULTISIG or not isinstance(items[0], int):
        return 0
    if len(signatures) != items[0]:
        raise _disagree(f"input {index} has {len(signatures)} signatures, {items[0]} wanted")
    return _check_keys(foreign, index, script, signatures, items[1:-2], value)


def _check_keys(
    foreign: CTransaction,
    index: int,
    code: CScript,
    signatures: list[bytes],
    keys: list[bytes],
    value: int | None,
) -> int:
    remaining = iter(keys)
    for signature in signatures:
        version = SIGVERSION_BASE if value is None else SIGVERSION_WITNESS_V0
        digest = SignatureHash(code, foreign, index, signature[-1], value, version)
        # As CHECKMULTISIG does: signatures stand in the order of their keys.
        if not any(_is_signed(key, signature[:-1], digest) for key in remaining):
            raise _disagree(f"a signature on input {index} does not verify")
    return len(signatures)


def _is_signed(key: bytes, signature: bytes, digest: bytes) -> bool:
    try:
        verifier = VerifyingKey.from_string(key, curve=SECP256k1)
        return bool(verifier.verify_digest(signature, digest, sigdecode=sigdecode_der))
    except (BadSignatureError, MalformedPointError):
        return False


def _check_hash(index: int, found: bytes, wanted: bytes) -> None:
    if found != wanted:
        raise _disagree(f"what unlocks input {index} does not match the output that it spends")


def _pushes(script: CScript) -> list[bytes]:
    return [item if isinstance(item, bytes) else b"" for item in script]


def _is_p2pkh(script: CScript) -> bool:
    raw = bytes(script)
    return len(raw) == 25 and raw[:3] == b"\x76\xa9\x14" and raw[23:] == b"\x88\xac"


def _disagree(detail: str) -> WalletError:
    return WalletError(
        Refusal.SECOND_OPINION,
        f"the second opinion does not agree with this transaction ({detail}); it was not sent",
    )
