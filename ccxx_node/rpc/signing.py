"""Methods that sign raw transactions with keys given in the call, and join signatures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ccxx_core.errors import CcxxError, DecodeError
from ccxx_core.hashes import format_hash, hash160
from ccxx_core.keys import PrivateKey, verify_signature
from ccxx_core.script import (
    is_key_shaped,
    is_p2sh,
    p2sh_script,
    p2wpkh_script,
    p2wsh_script,
    push_data,
    read_ops,
)
from ccxx_core.spending import Lock, Template, open_lock, unlock
from ccxx_core.transaction import OutPoint, Transaction, TxInput, TxOutput
from ccxx_node.consensus import flags
from ccxx_node.consensus.checker import TransactionChecker
from ccxx_node.consensus.interpreter import verify_script
from ccxx_node.consensus.script_failure import ScriptError, ScriptFailure
from ccxx_node.mempool.pool import UnconfirmedView
from ccxx_node.rpc.arguments import (
    as_amount,
    as_bytes,
    as_integer,
    as_list,
    as_minable_transaction,
    as_object,
    as_text,
    as_txid,
)
from ccxx_node.rpc.errors import Code, RpcFault, not_found
from ccxx_node.rpc.registry import Registry
from ccxx_node.rpc.services import NodeServices
from ccxx_node.rpc.shapes import SIGHASH_NAMES
from ccxx_node.rpc.turns import in_turns
from ccxx_node.rpc.wire import Json

METHODS = Registry()

_SIGHASH_TYPES = {name: number for number, name in SIGHASH_NAMES.items()}
_SINGLE = 3
_MAX_UINT32 = 0xFFFFFFFF
_UNKNOWN_COIN = "Input not found or already spent"
_NO_STACK = "Unable to sign input, invalid stack size (possibly missing key)"


@dataclass(frozen=True, slots=True)
class _Spent:
    """The output that an input spends, and the script that the caller gave for it."""

    output: TxOutput
    script: bytes | None = None


@dataclass(frozen=True, slots=True)
class _Keys:
    """Private keys by public key, and what they sign."""

    private: Mapping[bytes, PrivateKey]
    hash_type: int


@METHODS.method("Rawtransactions")
async def signrawtransactionwithkey(
    node: NodeServices,
    hexstring: Json,
    privkeys: Json,
    prevtxs: Json = None,
    sighashtype: Json = "ALL",
) -> dict[str, Json]:
    """Sign the inputs that the given private keys (WIF) can sign.

    `prevtxs` describes outputs that the node does not know: `txid`, `vout`, `scriptPubKey`, and
    where needed `redeemScript` and `amount`.
    """
    tx = as_minable_transaction(hexstring)
    keys = await _read_keys(node, as_list(privkeys), sighashtype)
    spent = await _find_outputs(node, tx, [] if prevtxs is None else as_list(prevtxs))
    signed = list(tx.inputs)
    errors: list[Json] = []
    async for index, tx_input in in_turns(node, enumerate(tx.inputs)):
        coin = spent.get(tx_input.prevout)
        if coin is None:
            errors.append(_error_shape(tx_input, _UNKNOWN_COIN))
            continue
        signed[index] = _sign(tx, index, coin, keys)
        problem = _problem(replace(tx, inputs=tuple(signed)), index, coin.output)
        if problem is not None:
            errors.append(_error_shape(signed[index], problem))
    result = replace(tx, inputs=tuple(signed))
    shape: dict[str, Json] = {"hex": result.encode().hex(), "complete": not errors}
    return shape | ({"errors": errors} if errors else {})


@METHODS.method("Rawtransactions")
async def combinerawtransaction(node: NodeServices, txs: Json) -> str:
    """Join the signatures of several copies of one transaction."""
    copies = [as_minable_transaction(text) async for text in in_turns(node, as_list(txs))]
    if not copies:
        raise RpcFault(Code.DESERIALIZATION_ERROR, "Missing transactions")
    spent = await _find_outputs(node, copies[0], [])
    joined = list(copies[0].inputs)
    async for index, tx_input in in_turns(node, enumerate(copies[0].inputs)):
        coin = spent.get(tx_input.prevout)
        if coin is None:
            raise RpcFault(Code.VERIFY_ERROR, _UNKNOWN_COIN)
        variants = [copy.inputs[index] for copy in copies if index < len(copy.inputs)]
        joined[index] = _join(copies[0], index, coin, variants)
    return replace(copies[0], inputs=tuple(joined)).encode().hex()


async def _read_keys(node: NodeServices, texts: Sequence[Json], sighashtype: Json) -> _Keys:
    private = {}
    async for text in in_turns(node, texts):
        try:
            key = PrivateKey.from_wif(as_text(text), node.network)
        except DecodeError:
            raise not_found("Invalid private key") from None
        private[key.public_key] = key
    name = "ALL" if sighashtype is None else as_text(sighashtype)
    if name not in _SIGHASH_TYPES:
        raise RpcFault(Code.MISC_ERROR, f"{name} is not a valid sighash parameter.")
    return _Keys(private, _SIGHASH_TYPES[name])


async def _find_outputs(
    node: NodeServices, tx: Transaction, prevtxs: Sequence[Json]
) -> dict[OutPoint, _Spent]:
    view = UnconfirmedView(node.chain, node.acceptor.pool)
    found: dict[OutPoint, _Spent] = {}
    async for tx_input in in_turns(node, tx.inputs):
        coin = view.get_coin(tx_input.prevout)
        if coin is not None:
            found[tx_input.prevout] = _Spent(TxOutput(coin.value, coin.script_pubkey))
    async for value in in_turns(node, prevtxs):
        fields = as_object(value)
        outpoint = OutPoint(as_txid(fields.get("txid"), "txid"), as_integer(fields.get("vout")))
        if not 0 <= outpoint.vout <= _MAX_UINT32:
            raise RpcFault(Code.DESERIALIZATION_ERROR, "vout must be positive")
        script = as_bytes(fields.get("scriptPubKey"), "scriptPubKey")
        known = found.get(outpoint)
        if known is not None and known.output.script_pubkey != script:
            raise RpcFault(Code.DESERIALIZATION_ERROR, "Previous output scriptPubKey mismatch")
        value_known = 0 if known is None else known.output.value
        amount = as_amount(fields["amount"]) if "amount" in fields else value_known
        redeem = fields.get("redeemScript")
        given = as_bytes(redeem, "redeemScript") if redeem is not None else None
        found[outpoint] = _Spent(TxOutput(amount, script), given)
    return found


def _open(spent: _Spent, known_keys: Iterable[bytes], tx_input: TxInput) -> Lock | None:
    """Open an output with the scripts at hand: given, revealed by the input, made of the keys."""
    keys = frozenset(known_keys)
    scripts = [one for one in (spent.script, *_items([tx_input])) if one]
    scripts += [p2wsh_script(one) for one in scripts]
    scripts += [p2wpkh_script(hash160(key)) for key in keys]
    script = spent.output.script_pubkey
    redeem = next((s for s in scripts if p2sh_script(s) == script), None)
    inner = redeem if is_p2sh(script) and redeem is not None else script
    witness = next((s for s in scripts if p2wsh_script(s) == inner), None)
    try:
        return open_lock(spent.output, redeem, witness, keys)
    except CcxxError:
        return None


def _sign(tx: Transaction, index: int, spent: _Spent, keys: _Keys) -> TxInput:
    tx_input = tx.inputs[index]
    lock = _open(spent, [*keys.private, *_key_items([tx_input])], tx_input)
    if lock is None:
        return tx_input
    signatures = _signatures(tx, index, lock, [tx_input])
    if keys.hash_type & 0x1F != _SINGLE or index < len(tx.outputs):
        digest = lock.digest(tx, index, keys.hash_type)
        for public_key in lock.keys:
            if public_key in keys.private and public_key not in signatures:
                signature = keys.private[public_key].sign_short(digest)
                signatures[public_key] = signature + bytes([keys.hash_type])
    return _fill(tx, index, lock, signatures)


def _join(tx: Transaction, index: int, spent: _Spent, variants: list[TxInput]) -> TxInput:
    for variant in variants:
        lock = _open(spent, _key_items(variants), variant)
        if lock is not None:
            return _fill(tx, index, lock, _signatures(tx, index, lock, variants))
    return next((v for v in variants if v.script_sig or v.witness), variants[0])


def _fill(tx: Transaction, index: int, lock: Lock, signatures: Mapping[bytes, bytes]) -> TxInput:
    """Return the input with its signatures in place; missing ones of a multisig stay empty."""
    present = [signatures[key] for key in lock.keys if key in signatures]
    if len(present) >= lock.required:
        script_sig, witness = unlock(lock, tx, index, signatures)
    elif lock.template is Template.MULTISIG and present:
        stack = [b"", *present, *[b""] * (lock.required - len(present))]
        script_sig, witness = _place(lock, stack)
    else:
        script_sig, witness = b"", ()
    return tx.inputs[index]._replace(script_sig=script_sig, witness=witness)


def _place(lock: Lock, stack: list[bytes]) -> tuple[bytes, tuple[bytes, ...]]:
    if lock.is_segwit:
        redeem = push_data(lock.redeem_script) if lock.redeem_script else b""
        return redeem, (*stack, lock.witness_script)
    items = [*stack, lock.redeem_script] if lock.redeem_script else stack
    return b"".join(map(push_data, items)), ()


def _items(inputs: Iterable[TxInput]) -> list[bytes]:
    items: list[bytes] = []
    for tx_input in inputs:
        items += tx_input.witness
        try:
            items += [data for _, data, _ in read_ops(tx_input.script_sig) if data]
        except DecodeError:
            continue
    return items


def _key_items(inputs: Iterable[TxInput]) -> list[bytes]:
    return [item for item in _items(inputs) if is_key_shaped(item)]


def _signatures(
    tx: Transaction, index: int, lock: Lock, inputs: Iterable[TxInput]
) -> dict[bytes, bytes]:
    """Return the signatures in an input's copies, by the public key that they fit."""
    found: dict[bytes, bytes] = {}
    for item in _items(inputs):
        if not 9 <= len(item) <= 73:
            continue
        digest = lock.digest(tx, index, item[-1])
        for key in lock.keys:
            if key not in found and verify_signature(key, item[:-1], digest):
                found[key] = item
    return found


def _problem(tx: Transaction, index: int, output: TxOutput) -> str | None:
    tx_input = tx.inputs[index]
    checker = TransactionChecker(tx, index, output.value)
    try:
        verify_script(
            tx_input.script_sig, output.script_pubkey, tx_input.witness, flags.STANDARD, checker
        )
    except ScriptError as error:
        if error.failure is ScriptFailure.INVALID_STACK_OPERATION:
            return _NO_STACK
        return str(error.failure.message)
    return None


def _error_shape(tx_input: TxInput, problem: str) -> dict[str, Json]:
    return {
        "txid": format_hash(tx_input.prevout.txid),
        "vout": tx_input.prevout.vout,
        "witness": [item.hex() for item in tx_input.witness],
        "scriptSig": tx_input.script_sig.hex(),
        "sequence": tx_input.sequence,
        "error": problem,
    }
