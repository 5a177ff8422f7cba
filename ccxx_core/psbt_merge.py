"""Joining what two signers know about the same transaction (the combiner of BIP 174).

Each rule is symmetric, so that any order of joining gives the same bytes.
"""

from typing import TypeVar

from ccxx_core.psbt_fields import Origins, Pairs, PsbtInput, PsbtOutput
from ccxx_core.sighash import SIGHASH_ALL
from ccxx_core.spending import SpendingError

Value = TypeVar("Value")
Comparable = TypeVar("Comparable", bytes, tuple[bytes, ...])


class PsbtError(SpendingError):
    """The PSBT contradicts itself, its signatures or what it is joined with."""


def same_or_known(one: Value | None, other: Value | None, name: str) -> Value | None:
    """Give the one that is known; PsbtError if both are and differ."""
    if one is not None and other is not None and one != other:
        raise PsbtError(f"cannot combine: the PSBTs differ in the {name}")
    return other if one is None else one


def merge_pairs(one: Pairs, other: Pairs) -> Pairs:
    """Join two sorted maps; where both hold a key, the smaller value stays."""
    return tuple(sorted(dict(sorted((*one, *other), reverse=True)).items()))


def merge_inputs(one: PsbtInput, other: PsbtInput) -> PsbtInput:
    """Join what is known of one input; PsbtError where it differs in what must be one."""
    return PsbtInput(
        non_witness_utxo=same_or_known(
            one.non_witness_utxo, other.non_witness_utxo, "previous transaction"
        ),
        witness_utxo=same_or_known(one.witness_utxo, other.witness_utxo, "previous output"),
        redeem_script=same_or_known(one.redeem_script, other.redeem_script, "redeem script"),
        witness_script=same_or_known(one.witness_script, other.witness_script, "witness script"),
        origins=_merge_origins(one, other),
        signatures=merge_pairs(one.signatures, other.signatures),
        sighash_type=_merge_hash_types(one.sighash_type, other.sighash_type),
        final_script_sig=_smaller(one.final_script_sig, other.final_script_sig),
        final_witness=_smaller(one.final_witness, other.final_witness),
        unknown=merge_pairs(one.unknown, other.unknown),
    )


def merge_outputs(one: PsbtOutput, other: PsbtOutput) -> PsbtOutput:
    """Join what is known of one output; PsbtError where its scripts differ."""
    return PsbtOutput(
        redeem_script=same_or_known(one.redeem_script, other.redeem_script, "redeem script"),
        witness_script=same_or_known(one.witness_script, other.witness_script, "witness script"),
        origins=_merge_origins(one, other),
        unknown=merge_pairs(one.unknown, other.unknown),
    )


def _merge_origins(one: PsbtInput | PsbtOutput, other: PsbtInput | PsbtOutput) -> Origins:
    """Join key origins; of two for one key, that of the smaller fingerprint and path stays."""
    both = sorted(
        (*one.origins, *other.origins),
        key=lambda pair: (pair[0], pair[1].fingerprint, pair[1].path),
        reverse=True,
    )
    return tuple(sorted(dict(both).items(), key=lambda pair: pair[0]))


def _merge_hash_types(one: int | None, other: int | None) -> int | None:
    """Give the type both ask for; none means SIGHASH_ALL, which need not be said."""
    if (one or SIGHASH_ALL) != (other or SIGHASH_ALL):
        raise PsbtError("cannot combine: the PSBTs ask for different signature hash types")
    return one if one == other else None


def _smaller(one: Comparable | None, other: Comparable | None) -> Comparable | None:
    """Give the smaller of two finalised forms: both are complete, and order must not matter."""
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
