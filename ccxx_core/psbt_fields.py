"""The key-value maps of a PSBT (BIP 174) as values, for one input and one output.

embit reads and writes the fields of a map. The frame around them, the transactions and the unsigned
transaction are read here: embit 0.8 takes truncated ones, allocates by counts it was told, and
turns a sequence of 0 into the final one.
"""

from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from embit import ec as embit_ec
from embit.psbt import DerivationPath, InputScope, OutputScope
from embit.script import Script, Witness

from ccxx_core.bip32 import KeyOrigin
from ccxx_core.encoding import encode_bytes, read_bytes
from ccxx_core.errors import DecodeError
from ccxx_core.script import is_key_shaped, read_ops
from ccxx_core.transaction import Transaction, TxOutput

Pairs = tuple[tuple[bytes, bytes], ...]
Origins = tuple[tuple[bytes, KeyOrigin], ...]

NON_WITNESS_UTXO = b"\x00"
WITNESS_UTXO = b"\x01"
FINAL_WITNESS = b"\x08"
# partial signature, sighash type, redeem and witness script, origin, final script and witness
_INPUT_TYPES = frozenset(range(2, 9))
# redeem and witness script, origin
_OUTPUT_TYPES = frozenset(range(3))


@dataclass(frozen=True, slots=True)
class PsbtInput:
    """What is known about one input.

    ``signatures`` and ``origins`` are sorted by public key; a signature is DER and its hash type.
    Legacy outputs need ``non_witness_utxo``, the whole transaction that made them.
    """

    non_witness_utxo: Transaction | None = None
    witness_utxo: TxOutput | None = None
    redeem_script: bytes | None = None
    witness_script: bytes | None = None
    origins: Origins = ()
    signatures: Pairs = ()
    sighash_type: int | None = None
    final_script_sig: bytes | None = None
    final_witness: tuple[bytes, ...] | None = None
    unknown: Pairs = ()

    def with_signatures(self, signatures: Pairs) -> "PsbtInput":
        """Give the same input with these signatures."""
        # One by one: ``dataclasses.replace`` takes twice as long.
        return PsbtInput(
            self.non_witness_utxo,
            self.witness_utxo,
            self.redeem_script,
            self.witness_script,
            self.origins,
            signatures,
            self.sighash_type,
            self.final_script_sig,
            self.final_witness,
            self.unknown,
        )


@dataclass(frozen=True, slots=True)
class PsbtOutput:
    """What is known about one output: its scripts and where its keys come from."""

    redeem_script: bytes | None = None
    witness_script: bytes | None = None
    origins: Origins = ()
    unknown: Pairs = ()


def read_map(data: bytes, offset: int) -> tuple[dict[bytes, bytes], int]:
    """Read one map up to its separator; DecodeError if truncated or if a key comes twice."""
    fields: dict[bytes, bytes] = {}
    while True:
        key, offset = read_bytes(data, offset)
        if not key:
            return fields, offset
        value, offset = read_bytes(data, offset)
        if key in fields:
            raise DecodeError(f"PSBT holds the key {key[:40].hex()} twice")
        fields[key] = value


def refuse_key_data(fields: Iterable[bytes], types: Collection[bytes]) -> None:
    """Raise DecodeError if a key left over is of a type that is a whole key by itself."""
    for key in fields:
        if key[:1] in types:
            raise DecodeError(f"PSBT key {key[:40].hex()} is longer than its type allows")


def encode_pairs(pairs: Pairs) -> bytes:
    """Write key-value pairs, without a separator."""
    return b"".join(encode_bytes(key) + encode_bytes(value) for key, value in pairs)


def decode_input(fields: dict[bytes, bytes]) -> PsbtInput:
    """Read the map of an input; raises DecodeError."""
    fields = dict(fields)
    previous = fields.pop(NON_WITNESS_UTXO, None)
    output = fields.pop(WITNESS_UTXO, None)
    refuse_key_data(fields, (NON_WITNESS_UTXO, WITNESS_UTXO))
    scope, unknown = _decode_scope(InputScope, fields, _INPUT_TYPES)
    final_witness = scope.final_scriptwitness
    if final_witness is not None and final_witness.serialize() != fields[FINAL_WITNESS]:
        raise DecodeError("PSBT final witness is truncated or not in its shortest form")
    return PsbtInput(
        non_witness_utxo=None if previous is None else Transaction.decode(previous),
        witness_utxo=None if output is None else _decode_output(output),
        redeem_script=_script_bytes(scope.redeem_script),
        witness_script=_script_bytes(scope.witness_script),
        origins=_decode_origins(scope),
        signatures=tuple(sorted((key.serialize(), s) for key, s in scope.partial_sigs.items())),
        sighash_type=scope.sighash_type,
        final_script_sig=_script_bytes(scope.final_scriptsig),
        final_witness=None if final_witness is None else tuple(final_witness.items),
        unknown=unknown,
    )


def encode_input(psbt_input: PsbtInput) -> bytes:
    """Write the map of an input with its separator."""
    utxos: list[tuple[bytes, bytes]] = []
    if psbt_input.non_witness_utxo is not None:
        utxos.append((NON_WITNESS_UTXO, psbt_input.non_witness_utxo.encode()))
    if psbt_input.witness_utxo is not None:
        utxos.append((WITNESS_UTXO, psbt_input.witness_utxo.encode()))
    scope = InputScope(unknown={})
    scope.redeem_script = _script(psbt_input.redeem_script)
    scope.witness_script = _script(psbt_input.witness_script)
    scope.bip32_derivations.update(_encode_origins(psbt_input.origins))
    for key, signature in psbt_input.signatures:
        scope.partial_sigs[embit_ec.PublicKey.parse(key)] = signature
    scope.sighash_type = psbt_input.sighash_type
    scope.final_scriptsig = _script(psbt_input.final_script_sig)
    if psbt_input.final_witness is not None:
        scope.final_scriptwitness = Witness(list(psbt_input.final_witness))
    scope.unknown.update(psbt_input.unknown)
    written: bytes = scope.serialize()
    return encode_pairs(tuple(utxos)) + written


def decode_output(fields: dict[bytes, bytes]) -> PsbtOutput:
    """Read the map of an output; raises DecodeError."""
    if not fields:
        return PsbtOutput()
    scope, unknown = _decode_scope(OutputScope, fields, _OUTPUT_TYPES)
    return PsbtOutput(
        redeem_script=_script_bytes(scope.redeem_script),
        witness_script=_script_bytes(scope.witness_script),
        origins=_decode_origins(scope),
        unknown=unknown,
    )


def encode_output(psbt_output: PsbtOutput) -> bytes:
    """Write the map of an output with its separator."""
    if psbt_output == PsbtOutput():
        return b"\0"
    scope = OutputScope(unknown={})
    scope.redeem_script = _script(psbt_output.redeem_script)
    scope.witness_script = _script(psbt_output.witness_script)
    scope.bip32_derivations.update(_encode_origins(psbt_output.origins))
    scope.unknown.update(psbt_output.unknown)
    written: bytes = scope.serialize()
    return written


def _decode_scope(
    scope_class: Any, fields: dict[bytes, bytes], types: frozenset[int]
) -> tuple[Any, Pairs]:
    """Let embit read the fields whose type it shall know; give its scope and the other fields."""
    known = tuple((key, value) for key, value in fields.items() if key[0] in types)
    unknown = sorted((key, value) for key, value in fields.items() if key[0] not in types)
    try:
        scope = scope_class.read_from(BytesIO(encode_pairs(known) + b"\0"))
    except Exception as error:
        # embit lets whatever its parser stumbles over escape: IndexError, ValueError, its own.
        raise DecodeError(f"PSBT field does not parse: {error}") from None
    return scope, tuple(unknown)


def _decode_output(data: bytes) -> TxOutput:
    if len(data) < 9:
        raise DecodeError("PSBT witness output is truncated")
    script, end = read_bytes(data, 8)
    if end != len(data):
        raise DecodeError("PSBT witness output has bytes left over")
    return TxOutput(int.from_bytes(data[:8], "little", signed=True), script)


def _decode_origins(scope: Any) -> Origins:
    origins = []
    for key, path in scope.bip32_derivations.items():
        if len(path.fingerprint) != 4:
            raise DecodeError("PSBT key origin has a short fingerprint")
        origins.append((key.serialize(), KeyOrigin(path.fingerprint, tuple(path.derivation))))
    return tuple(sorted(origins, key=lambda pair: pair[0]))


def _encode_origins(origins: Origins) -> list[tuple[Any, Any]]:
    return [
        (embit_ec.PublicKey.parse(key), DerivationPath(origin.fingerprint, list(origin.path)))
        for key, origin in origins
    ]


def _script(data: bytes | None) -> Any:
    return None if data is None else Script(data)


def _script_bytes(script: Any) -> bytes | None:
    return None if script is None else bytes(script.data)


def final_items(known: PsbtInput) -> tuple[bytes, ...]:
    """Give what a finalised input pushes: where another program put its signatures."""
    if known.final_witness is None and known.final_script_sig is None:
        return ()
    items = list(known.final_witness or ())
    # What does not parse shows no signatures, and must not hide those that stand elsewhere.
    with suppress(DecodeError):
        items += [data for _, data, _ in read_ops(known.final_script_sig or b"") if data]
    return tuple(items)


def final_keys(known: PsbtInput) -> tuple[bytes, ...]:
    """Give what a finalised input pushes that may be public keys."""
    return tuple(item for item in final_items(known) if is_key_shaped(item))
