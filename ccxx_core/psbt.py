"""Partially signed transactions (BIP 174, version 0): the only thing that travels between signers.

A ``Psbt`` is a value: signing or combining gives another. It carries the name of its network and
the id of a trust anchor in proprietary fields, so that a file for another network is noticed.
Signatures are made for the whole transaction (SIGHASH_ALL) and each is verified before it is used.
"""

from base64 import b64encode
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import count, product
from typing import Self

from ccxx_core.errors import DecodeError
from ccxx_core.keys import PrivateKey, is_canonical_signature, verify_signature
from ccxx_core.network import Network
from ccxx_core.psbt_fields import (
    Pairs,
    PsbtInput,
    PsbtOutput,
    decode_input,
    decode_output,
    encode_input,
    encode_output,
    encode_pairs,
    final_items,
    final_keys,
    read_map,
)
from ccxx_core.psbt_frame import (
    MAGIC,
    UNSIGNED_TX,
    VERSION_2_INPUTS,
    VERSION_2_OUTPUTS,
    check_unsigned,
    read_binary,
    read_network_name,
    read_unsigned_tx,
    refuse_types,
)
from ccxx_core.psbt_memory import Memory
from ccxx_core.psbt_merge import PsbtError, merge_inputs, merge_outputs, merge_pairs, same_or_known
from ccxx_core.script import is_key_shaped
from ccxx_core.sighash import SIGHASH_ALL
from ccxx_core.spending import Lock, SpendingError, missing_keys, open_lock, unlock
from ccxx_core.transaction import Transaction, TxInput, TxOutput

__all__ = ["Psbt", "PsbtError", "PsbtInput", "PsbtOutput"]

_ALL = bytes([SIGHASH_ALL])
# Proprietary keys: type fc, our identifier behind its length, a subtype.
_PROPRIETARY = b"\xfc\x04ccxx"
_NETWORK_NAME = _PROPRIETARY + b"\x00"
_ANCHOR_ID = _PROPRIETARY + b"\x01"


@dataclass(frozen=True, slots=True)
class Psbt:
    """An unsigned transaction, what signers know about it, and the signatures so far."""

    transaction: Transaction
    inputs: tuple[PsbtInput, ...]
    outputs: tuple[PsbtOutput, ...]
    network_name: str | None = None
    anchor_id: bytes | None = None
    unknown: Pairs = ()
    _memory: Memory = field(default_factory=Memory, init=False, repr=False, compare=False)

    @classmethod
    def create(
        cls,
        transaction: Transaction,
        inputs: Sequence[PsbtInput],
        *,
        outputs: Sequence[PsbtOutput] | None = None,
        network: Network | None = None,
        anchor_id: bytes | None = None,
    ) -> Self:
        """Start from a transaction without signatures and what is known of inputs and outputs.

        Raises PsbtError if they are not as many as the transaction has, or if an input's previous
        output is missing, contradicts the transaction or does not fit the scripts given for it.
        """
        check_unsigned(transaction, PsbtError)
        wanted = len(transaction.inputs)
        if len(inputs) != wanted:
            raise PsbtError(f"{len(inputs)} inputs described, the transaction has {wanted}")
        wanted = len(transaction.outputs)
        known = outputs or (PsbtOutput(),) * wanted
        if len(known) != wanted:
            raise PsbtError(f"{len(known)} outputs described, the transaction has {wanted}")
        name = None if network is None else network.chain
        psbt = cls(transaction, tuple(inputs), tuple(known), name, anchor_id)
        for index in range(len(inputs)):
            psbt.lock(index)
        return psbt

    @classmethod
    def decode(cls, data: bytes | str) -> Self:
        """Read a PSBT, as bytes or in base64; raises DecodeError and nothing else."""
        raw = read_binary(data)
        fields, offset = read_map(raw, len(MAGIC))
        tx = read_unsigned_tx(fields)
        inputs, outputs = [], []
        for _ in tx.inputs:
            entries, offset = read_map(raw, offset)
            refuse_types(entries, VERSION_2_INPUTS)
            inputs.append(decode_input(entries))
        for _ in tx.outputs:
            entries, offset = read_map(raw, offset)
            refuse_types(entries, VERSION_2_OUTPUTS)
            outputs.append(decode_output(entries))
        if offset != len(raw):
            raise DecodeError(f"{len(raw) - offset} bytes behind the PSBT")
        name = fields.pop(_NETWORK_NAME, None)
        anchor_id = fields.pop(_ANCHOR_ID, None)
        return cls(
            tx,
            tuple(inputs),
            tuple(outputs),
            None if name is None else read_network_name(name),
            anchor_id,
            tuple(sorted(fields.items())),
        )

    def encode(self) -> bytes:
        """Write the binary form; equal values give equal bytes."""
        fields = [*self.unknown]
        if self.network_name is not None:
            fields.append((_NETWORK_NAME, self.network_name.encode()))
        if self.anchor_id is not None:
            fields.append((_ANCHOR_ID, self.anchor_id))
        unsigned = (UNSIGNED_TX, self.transaction.encode_without_witness())
        return b"".join(
            (
                MAGIC,
                encode_pairs((unsigned, *sorted(fields))),
                b"\0",
                *map(encode_input, self.inputs),
                *map(encode_output, self.outputs),
            )
        )

    def to_base64(self) -> str:
        """Write the base64 form."""
        return b64encode(self.encode()).decode()

    def check_network(self, network: Network, anchor_id: bytes | None = None) -> None:
        """Raise PsbtError if it says that it is for another network or another trust anchor."""
        if self.network_name not in (None, network.chain):
            raise PsbtError(f"PSBT is for the network {self.network_name}, not {network.chain}")
        if None not in (anchor_id, self.anchor_id) and anchor_id != self.anchor_id:
            raise PsbtError("PSBT was made under another trust anchor")

    def spent_output(self, index: int) -> TxOutput:
        """Give the output that an input spends.

        Raises PsbtError if it is missing, or if only a witness output vouches for a legacy one: a
        legacy signature does not sign the value, so the fee could be a lie.
        """
        known, prevout = self.inputs[index], self.transaction.inputs[index].prevout
        previous, output = known.non_witness_utxo, known.witness_utxo
        if previous is None:
            return self.lock(index).output
        if previous.txid != prevout.txid or prevout.vout >= len(previous.outputs):
            raise PsbtError(f"input {index} comes with another previous transaction")
        if output is not None and output != previous.outputs[prevout.vout]:
            raise PsbtError(f"input {index} says two things about the output it spends")
        return previous.outputs[prevout.vout]

    @property
    def fee(self) -> int:
        """Inputs less outputs in satoshis; raises PsbtError if an input's output is not known."""
        spent = sum(self.spent_output(index).value for index in range(len(self.inputs)))
        return spent - sum(output.value for output in self.transaction.outputs)

    def lock(self, index: int, keys: Collection[bytes] = ()) -> Lock:
        """Open the output that an input spends; ``keys`` are tried for a key hash, too.

        Raises PsbtError or SpendingError.
        """
        lock = self._memory.locks.get(index)
        if lock is None:
            lock = self._memory.locks[index] = self._open(index)
        if lock.keys or not keys:
            return lock
        known = self.inputs[index]
        return open_lock(lock.output, known.redeem_script, known.witness_script, frozenset(keys))

    def _open(self, index: int) -> Lock:
        """Open the output of an input with the keys that the file names."""
        known = self.inputs[index]
        output = known.witness_utxo
        if known.non_witness_utxo is not None:
            output = self.spent_output(index)
        if output is None:
            raise PsbtError(f"input {index} does not say which output it spends")
        keys = {key for key, _ in (*known.origins, *known.signatures)}
        keys.update(final_keys(known))
        lock = open_lock(output, known.redeem_script, known.witness_script, frozenset(keys))
        if known.non_witness_utxo is None and not lock.is_segwit:
            raise PsbtError(f"input {index} needs the whole previous transaction")
        return lock

    def inputs_of(self, public_key: bytes) -> tuple[int, ...]:
        """Give the positions of the inputs whose script names a public key."""
        return tuple(
            index
            for index in range(len(self.inputs))
            if public_key in self.lock(index, (public_key,)).keys
        )

    def sign_with(self, private_key: PrivateKey, indexes: Sequence[int] | None = None) -> Self:
        """Sign the inputs that name the key, or those at ``indexes``, for the whole transaction.

        Raises PsbtError if an index is given whose script does not name the key, or if the input
        asks for another kind of signature.
        """
        key = private_key.public_key
        inputs, memory = list(self.inputs), self._memory.copy()
        for index in self.inputs_of(key) if indexes is None else indexes:
            lock = self.lock(index, (key,))
            if key not in lock.keys:
                raise PsbtError(f"input {index} is not guarded by the key {key.hex()}")
            inputs[index] = self._sign_input(index, lock, (private_key,), memory)
        return self._with_inputs(tuple(inputs), memory)

    def sign(self, private_keys: Iterable[PrivateKey]) -> Self:
        """Sign every input for the whole transaction with those of some keys that it names.

        Raises PsbtError if an input asks for another kind of signature.
        """
        keys = {each.public_key: each for each in private_keys}
        inputs, memory = list(self.inputs), self._memory.copy()
        for index in range(len(inputs)):
            lock = self.lock(index, keys)
            if wanted := [keys[key] for key in lock.keys if key in keys]:
                inputs[index] = self._sign_input(index, lock, wanted, memory)
        return self._with_inputs(tuple(inputs), memory)

    def _sign_input(
        self, index: int, lock: Lock, private_keys: Sequence[PrivateKey], memory: Memory
    ) -> PsbtInput:
        known = self.inputs[index]
        if known.sighash_type not in (None, SIGHASH_ALL):
            raise PsbtError(f"input {index} asks for signatures of a part of the transaction")
        digest = memory.digest(self.transaction, index, lock)
        signatures = dict(known.signatures)
        for private_key in private_keys:
            signature = private_key.sign(digest) + _ALL
            signatures[private_key.public_key] = signature
            # What was made here need not be verified here.
            memory.good.add((index, private_key.public_key, signature))
        memory.locks[index] = lock
        return known.with_signatures(tuple(sorted(signatures.items())))

    def _with_inputs(self, inputs: tuple[PsbtInput, ...], memory: Memory) -> Self:
        """Give the same PSBT with other signatures, and what stays true of it."""
        psbt = type(self)(
            self.transaction,
            inputs,
            self.outputs,
            self.network_name,
            self.anchor_id,
            self.unknown,
        )
        object.__setattr__(psbt, "_memory", memory)
        return psbt

    def signatures(self, index: int) -> Mapping[bytes, bytes]:
        """Give the verified signatures of an input by public key, finalised ones included.

        Raises PsbtError if one does not fit, as when the transaction was altered after signing.
        """
        found = self._memory.signatures.get(index)
        if found is None:
            found = self._memory.signatures[index] = self._verified(index)
        return found

    def _verified(self, index: int) -> dict[bytes, bytes]:
        known, lock = self.inputs[index], self.lock(index)
        verified = {}
        for key, signature in known.signatures:
            if not self._is_signed(lock, index, key, signature):
                raise PsbtError(_fault(lock, index, key, signature))
            verified[key] = signature
        for signature in final_items(known):
            for key in lock.keys:
                if self._is_signed(lock, index, key, signature):
                    verified.setdefault(key, signature)
        return verified

    def _is_signed(self, lock: Lock, index: int, key: bytes, signature: bytes) -> bool:
        if (index, key, signature) in self._memory.good:
            return True
        # A co-signer may rewrite a good signature: nodes refuse what is not strict DER with low S.
        der, hash_type = signature[:-1], signature[-1:]
        if key not in lock.keys or hash_type != _ALL or not is_canonical_signature(der):
            return False
        digest = self._memory.digest(self.transaction, index, lock)
        is_good = verify_signature(key, der, digest)
        if is_good:
            self._memory.good.add((index, key, signature))
        return is_good

    def missing_signatures(self) -> tuple[tuple[bytes, ...], ...]:
        """Give, for each input, the keys that may still sign; all empty when nothing is missing.

        Where only the hash of the key is known, the hash (20 bytes) stands for it.
        """
        return tuple(
            missing_keys(
                self.lock(index), self.transaction, index, frozenset(self.signatures(index))
            )
            for index in range(len(self.inputs))
        )

    def finalize(self) -> Transaction:
        """Give the signed transaction.

        Every signature is verified first. Raises PsbtError or SpendingError if one is missing or
        does not fit.
        """
        signed = []
        for index, tx_input in enumerate(self.transaction.inputs):
            signatures = self.signatures(index)
            script_sig, witness = unlock(self.lock(index), self.transaction, index, signatures)
            signed.append(TxInput(tx_input.prevout, script_sig, tx_input.sequence, witness))
        return self.transaction.with_unlocked(tuple(signed))

    @classmethod
    def combine(cls, psbts: Sequence["Psbt"]) -> "Psbt":
        """Join what several signers added to one transaction; the order does not matter.

        Of several signatures for one key, one that fits stays. Raises PsbtError if the
        transactions, networks or previous outputs differ.
        """
        if not psbts:
            raise PsbtError("nothing to combine")
        combined = reduce(_combine_two, psbts)
        # The parts agree on what each input spends: what was verified in one is good in all.
        for psbt in psbts:
            combined._memory.good.update(psbt._memory.good)
        offered = zip(*(psbt.inputs for psbt in psbts), strict=True)
        inputs = tuple(map(combined._keep_fitting, count(), offered))
        return combined._with_inputs(inputs, Memory(good=combined._memory.good))

    def _keep_fitting(self, index: int, offered: Sequence[PsbtInput]) -> PsbtInput:
        """Give an input with the signatures that fit, where others were offered in their place.

        A hostile co-signer must not displace a good signature by a bad one for the same key.
        """
        known = self.inputs[index]
        pairs = {pair for each in offered for pair in each.signatures}
        finals = {final_items(each) for each in offered} - {()}
        if len(pairs) == len(known.signatures) and len(finals) < 2:
            return known
        items = {item for final in finals for item in final}
        shown = {key for key, _ in pairs}.union(filter(is_key_shaped, items))
        try:
            lock = self.lock(index, shown)
        except SpendingError:
            return known
        pairs.update(product(lock.keys, items))
        # Of two that fit the smaller stays, so that the order of the files does not matter.
        fitting = [
            (key, signature)
            for key, signature in sorted(pairs, reverse=True)
            if self._is_signed(lock, index, key, signature)
        ]
        signatures = {**dict(known.signatures), **dict(fitting)}
        return known.with_signatures(tuple(sorted(signatures.items())))


def _combine_two(one: Psbt, other: Psbt) -> Psbt:
    if one.transaction.base != other.transaction.base:
        raise PsbtError("cannot combine: the PSBTs are about different transactions")
    return Psbt(
        transaction=one.transaction,
        inputs=tuple(map(merge_inputs, one.inputs, other.inputs)),
        outputs=tuple(map(merge_outputs, one.outputs, other.outputs)),
        network_name=same_or_known(one.network_name, other.network_name, "network"),
        anchor_id=same_or_known(one.anchor_id, other.anchor_id, "trust anchor"),
        unknown=merge_pairs(one.unknown, other.unknown),
    )


def _fault(lock: Lock, index: int, key: bytes, signature: bytes) -> str:
    """Say why a signature does not count."""
    if key not in lock.keys:
        return f"input {index} has a signature of the foreign key {key.hex()}"
    if signature[-1:] != _ALL:
        return f"signature on input {index} is not for the whole transaction"
    if not is_canonical_signature(signature[:-1]):
        return f"signature on input {index} is in a form that nodes refuse"
    return (
        f"signature of {key.hex()} on input {index} does not fit: "
        "the transaction was altered after signing"
    )
