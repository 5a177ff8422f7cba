"""Methods about partially signed transactions (BIP 174)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from ccxx_core.address import encode_address
from ccxx_core.errors import CcxxError, DecodeError
from ccxx_core.network import Network
from ccxx_core.psbt import Psbt, PsbtInput, PsbtOutput
from ccxx_core.script import solve_script
from ccxx_core.spending import unlock
from ccxx_core.transaction import Transaction, TxOutput
from ccxx_node.rpc.arguments import as_flag, as_list, as_minable_transaction, as_text
from ccxx_node.rpc.building import build_transaction
from ccxx_node.rpc.errors import Code, RpcFault, misuse
from ccxx_node.rpc.registry import Registry
from ccxx_node.rpc.services import NodeServices
from ccxx_node.rpc.shapes import SIGHASH_NAMES, script_asm, transaction_shape
from ccxx_node.rpc.wire import Amount, Json

METHODS = Registry()


@METHODS.method("Rawtransactions")
def createpsbt(
    node: NodeServices,
    inputs: Json,
    outputs: Json,
    locktime: Json = 0,
    replaceable: Json = False,
) -> str:
    """Return an unsigned transaction as a PSBT; parameters are those of createrawtransaction."""
    return _empty(build_transaction(node, inputs, outputs, locktime, replaceable)).to_base64()


@METHODS.method("Rawtransactions")
def converttopsbt(
    node: NodeServices,  # noqa: ARG001
    hexstring: Json,
    permitsigdata: Json = False,
    iswitness: Json = None,  # noqa: ARG001
) -> str:
    """Return a raw transaction as a PSBT; with `permitsigdata` its signatures are dropped."""
    tx = as_minable_transaction(hexstring)
    is_signed = any(tx_input.script_sig or tx_input.witness for tx_input in tx.inputs)
    if is_signed and not as_flag(permitsigdata, False):
        raise RpcFault(
            Code.DESERIALIZATION_ERROR, "Inputs must not have scriptSigs and scriptWitnesses"
        )
    bare = tuple(i._replace(script_sig=b"", witness=()) for i in tx.inputs)
    return _empty(replace(tx, inputs=bare)).to_base64()


@METHODS.method("Rawtransactions")
def decodepsbt(node: NodeServices, psbt: Json) -> dict[str, Json]:
    """Return what a PSBT holds."""
    decoded = _decode(psbt)
    shape: dict[str, Json] = {
        "tx": transaction_shape(decoded.transaction, node.network, with_hex=False),
        "unknown": {key.hex(): value.hex() for key, value in decoded.unknown},
        "inputs": [_input_shape(one, node.network) for one in decoded.inputs],
        "outputs": [_output_shape(one) for one in decoded.outputs],
    }
    # Without it an input does not say what it spends.
    with suppress(CcxxError):
        shape["fee"] = Amount(decoded.fee)
    return shape


@METHODS.method("Rawtransactions")
def combinepsbt(node: NodeServices, txs: Json) -> str:  # noqa: ARG001
    """Join what several signers added to one transaction."""
    psbts = [_decode(text) for text in as_list(txs)]
    if not psbts:
        raise misuse("Parameter 'txs' cannot be empty")
    if any(psbt.transaction.base != psbts[0].transaction.base for psbt in psbts):
        raise misuse("PSBTs do not refer to the same transactions.")
    try:
        return Psbt.combine(psbts).to_base64()
    except CcxxError as error:
        raise misuse(str(error)) from error


@METHODS.method("Rawtransactions")
def finalizepsbt(node: NodeServices, psbt: Json, extract: Json = True) -> dict[str, Json]:  # noqa: ARG001
    """Put signatures in their places; if all are there, return the transaction as hex.

    With `extract` false, or while signatures are missing, a PSBT is returned.
    """
    decoded = _decode(psbt)
    inputs = tuple(_finalized(decoded, index) for index in range(len(decoded.inputs)))
    is_complete = all(_is_final(one) for one in inputs)
    if is_complete and as_flag(extract, True):
        return {"hex": _extract(decoded.transaction, inputs).encode().hex(), "complete": True}
    return {"psbt": replace(decoded, inputs=inputs).to_base64(), "complete": is_complete}


def _empty(tx: Transaction) -> Psbt:
    if not tx.inputs:
        raise misuse("a PSBT needs at least one input")
    return Psbt(tx, (PsbtInput(),) * len(tx.inputs), (PsbtOutput(),) * len(tx.outputs))


def _decode(text: Json) -> Psbt:
    try:
        return Psbt.decode(as_text(text))
    except DecodeError as error:
        raise RpcFault(Code.DESERIALIZATION_ERROR, f"TX decode failed {error}") from error


def _is_final(known: PsbtInput) -> bool:
    return known.final_script_sig is not None or known.final_witness is not None


def _finalized(psbt: Psbt, index: int) -> PsbtInput:
    """Return the input with final scripts in place of its parts, or as it is if any is missing."""
    known = psbt.inputs[index]
    if _is_final(known):
        return known
    try:
        script_sig, witness = unlock(
            psbt.lock(index), psbt.transaction, index, psbt.signatures(index)
        )
    except CcxxError:
        return known
    return PsbtInput(
        non_witness_utxo=known.non_witness_utxo,
        witness_utxo=known.witness_utxo,
        final_script_sig=script_sig or None,
        final_witness=witness or None,
        unknown=known.unknown,
    )


def _extract(tx: Transaction, inputs: tuple[PsbtInput, ...]) -> Transaction:
    signed = (
        tx_input._replace(
            script_sig=known.final_script_sig or b"", witness=known.final_witness or ()
        )
        for tx_input, known in zip(tx.inputs, inputs, strict=True)
    )
    return replace(tx, inputs=tuple(signed))


def _input_shape(known: PsbtInput, network: Network) -> dict[str, Json]:
    shape: dict[str, Json] = {}
    if known.non_witness_utxo is not None:
        shape["non_witness_utxo"] = transaction_shape(
            known.non_witness_utxo, network, with_hex=False
        )
    if known.witness_utxo is not None:
        shape["witness_utxo"] = _utxo_shape(known.witness_utxo, network)
    if known.signatures:
        shape["partial_signatures"] = {key.hex(): sig.hex() for key, sig in known.signatures}
    if known.sighash_type is not None:
        shape["sighash"] = SIGHASH_NAMES.get(known.sighash_type, "")
    shape |= _scripts_shape(known)
    if known.final_script_sig is not None:
        shape["final_scriptSig"] = {
            "asm": script_asm(known.final_script_sig, shows_sighash=True),
            "hex": known.final_script_sig.hex(),
        }
    if known.final_witness is not None:
        shape["final_scriptwitness"] = [item.hex() for item in known.final_witness]
    if known.unknown:
        shape["unknown"] = {key.hex(): value.hex() for key, value in known.unknown}
    return shape


def _output_shape(known: PsbtOutput) -> dict[str, Json]:
    shape = _scripts_shape(known)
    if known.unknown:
        shape["unknown"] = {key.hex(): value.hex() for key, value in known.unknown}
    return shape


def _scripts_shape(known: PsbtInput | PsbtOutput) -> dict[str, Json]:
    shape: dict[str, Json] = {}
    for name, script in (
        ("redeem_script", known.redeem_script),
        ("witness_script", known.witness_script),
    ):
        if script is not None:
            kind = str(solve_script(script).kind)
            shape[name] = {"asm": script_asm(script), "hex": script.hex(), "type": kind}
    if known.origins:
        shape["bip32_derivs"] = [
            {
                "pubkey": key.hex(),
                "master_fingerprint": origin.fingerprint.hex(),
                "path": _path_text(origin.path),
            }
            for key, origin in known.origins
        ]
    return shape


def _path_text(path: tuple[int, ...]) -> str:
    steps = (f"{n - (1 << 31)}'" if n >> 31 else str(n) for n in path)
    return "/".join(("m", *steps))


def _utxo_shape(output: TxOutput, network: Network) -> dict[str, Json]:
    script: dict[str, Json] = {
        "asm": script_asm(output.script_pubkey),
        "hex": output.script_pubkey.hex(),
        "type": str(solve_script(output.script_pubkey).kind),
    }
    address = encode_address(output.script_pubkey, network)
    if address is not None:
        script["address"] = address
    return {"amount": Amount(output.value), "scriptPubKey": script}
