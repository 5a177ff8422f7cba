"""A second opinion before a transaction leaves: none of our own parsing, hashing or curve code.

python-bitcoinlib parses and hashes the bytes anew and ecdsa verifies every signature, so a fault in
our code cannot move money alone. Known are P2WPKH, P2PKH, multisig in P2WSH or P2SH and recoverable
custody; any other input is left to the node, and named as not read.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from bitcoin.core import CTransaction, Hash160
from bitcoin.core.script import (
    OP_CHECKMULTISIG,
    OP_CHECKMULTISIGVERIFY,
    OP_CHECKSEQUENCEVERIFY,
    OP_ENDIF,
    OP_IFDUP,
    OP_NOTIF,
    SIGHASH_ALL,
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


@dataclass(frozen=True, slots=True)
class Opinion:
    """How many signatures foreign code verified, and which inputs it could not read."""

    signatures: int
    unread: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _SignedInput:
    """One input as foreign code sees it; `value` is None where no signature commits to it."""

    tx: CTransaction
    index: int
    code: CScript
    value: int | None

    def check(self, signatures: list[bytes], keys: list[bytes]) -> int:
        """Verify signatures in the order of their keys, as CHECKMULTISIG does."""
        version = SIGVERSION_BASE if self.value is None else SIGVERSION_WITNESS_V0
        remaining = iter(keys)
        for signature in signatures:
            if signature[-1:] != bytes([SIGHASH_ALL]):
                raise _disagree(f"a signature on input {self.index} is not for the whole of it")
            digest = SignatureHash(self.code, self.tx, self.index, SIGHASH_ALL, self.value, version)
            if not any(_is_signed(key, signature[:-1], digest) for key in remaining):
                raise _disagree(f"a signature on input {self.index} does not verify")
        return len(signatures)


def check_again(tx: Transaction, spent: Sequence[TxOutput]) -> Opinion:
    """Verify a signed transaction with foreign code; say how much of it that code could read.

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
    verified = [_check_input(foreign, index, output) for index, output in enumerate(spent)]
    unread = tuple(index for index, signatures in enumerate(verified) if not signatures)
    return Opinion(sum(verified), unread)


def _check_input(foreign: CTransaction, index: int, output: TxOutput) -> int:
    script = CScript(output.script_pubkey)
    witness = list(foreign.wit.vtxinwit[index].scriptWitness.stack) if foreign.has_witness() else []
    pushes = _pushes(foreign.vin[index].scriptSig)
    if script.is_witness_v0_keyhash() and len(witness) == 2:
        key_hash = bytes(script)[2:]
        _check_hash(index, Hash160(witness[1]), key_hash)
        code = CScript(b"\x76\xa9\x14" + key_hash + b"\x88\xac")
        return _SignedInput(foreign, index, code, output.value).check([witness[0]], [witness[1]])
    if script.is_witness_v0_scripthash() and len(witness) > 2:
        _check_hash(index, hashlib.sha256(witness[-1]).digest(), bytes(script)[2:])
        found = _SignedInput(foreign, index, CScript(witness[-1]), output.value)
        return _check_multisig(found, witness[1:-1])
    if script.is_p2sh() and len(pushes) > 2:
        _check_hash(index, Hash160(pushes[-1]), bytes(script)[2:22])
        return _check_multisig(
            _SignedInput(foreign, index, CScript(pushes[-1]), None), pushes[1:-1]
        )
    if _is_p2pkh(script) and len(pushes) == 2:
        _check_hash(index, Hash160(pushes[1]), bytes(script)[3:23])
        return _SignedInput(foreign, index, script, None).check([pushes[0]], [pushes[1]])
    return 0


def _check_multisig(found: _SignedInput, signatures: list[bytes]) -> int:
    items = list(found.code)
    if _is_recoverable(items):
        return _check_recoverable(found, signatures, items)
    if not items or items[-1] != OP_CHECKMULTISIG or not isinstance(items[0], int):
        return 0
    if len(signatures) != items[0]:
        count = f"{len(signatures)} signatures, {items[0]} wanted"
        raise _disagree(f"input {found.index} has {count}")
    return found.check(signatures, items[1:-2])


def _is_recoverable(items: list[bytes | int]) -> bool:
    """Tell whether a script is or_d(multi(3,R,I,H),and_v(v:multi(2,R,I),older(n)))."""
    if len(items) != 16:
        return False
    root, issuer, holder, number = items[1], items[2], items[3], items[13]
    return all(isinstance(each, bytes) for each in (root, issuer, holder, number)) and items == [
        *(3, root, issuer, holder, 3, OP_CHECKMULTISIG, OP_IFDUP, OP_NOTIF),
        *(2, root, issuer, 2, OP_CHECKMULTISIGVERIFY, number, OP_CHECKSEQUENCEVERIFY, OP_ENDIF),
    ]


def _check_recoverable(
    found: _SignedInput, signatures: list[bytes], items: list[bytes | int]
) -> int:
    """Verify the branch that is taken: all three keys, or root and issuer after the delay."""
    keys = [item for item in items[1:4] if isinstance(item, bytes)]
    given = [signature for signature in signatures if signature]
    waits_out = len(given) == 2
    if not waits_out and len(given) != len(keys):
        raise _disagree(f"input {found.index} has {len(given)} signatures, 3 wanted, or 2 late")
    if waits_out:
        _check_delay(found, items[13])
    return found.check(given, keys[:2] if waits_out else keys)


def _check_delay(found: _SignedInput, number: bytes | int) -> None:
    """Compare the input's sequence with the delay that the script asks for (BIP 68, BIP 112)."""
    delay = int.from_bytes(number, "little") if isinstance(number, bytes) else number
    sequence = found.tx.vin[found.index].nSequence
    # Neither switched off (bit 31) nor counted in seconds (bit 22).
    if found.tx.nVersion < 2 or sequence & 0x80400000 or sequence & 0xFFFF < delay:
        raise _disagree(f"input {found.index} does not wait {delay} blocks")


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
