"""Methods that make unsigned things: raw transactions and multisig addresses."""

from __future__ import annotations

from collections.abc import Sequence

from ccxx_core.address import decode_address, encode_address
from ccxx_core.errors import DecodeError
from ccxx_core.keys import is_valid_public_key
from ccxx_core.script import (
    build_script,
    multisig_script,
    null_data_script,
    p2sh_script,
    p2wsh_script,
)
from ccxx_core.transaction import (
    SEQUENCE_FINAL,
    WITNESS_SCALE_FACTOR,
    OutPoint,
    Transaction,
    TxInput,
    TxOutput,
)
from ccxx_node.consensus.params import MAX_BLOCK_WEIGHT
from ccxx_node.mempool.replacement import MAX_REPLACEABLE_SEQUENCE
from ccxx_node.rpc.arguments import (
    as_amount,
    as_bytes,
    as_flag,
    as_integer,
    as_list,
    as_object,
    as_text,
    as_txid,
)
from ccxx_node.rpc.errors import misuse, not_found
from ccxx_node.rpc.registry import Registry
from ccxx_node.rpc.services import NodeServices
from ccxx_node.rpc.wire import Doubled, Json

METHODS = Registry()

_MAX_UINT32 = 0xFFFFFFFF
_MAX_REDEEM_SCRIPT = 520
_MAX_KEYS = 16
_COMPRESSED_SIZE = 33
# A transaction with more of the shortest there are is too large for a block.
_MOST_OUTPUTS = MAX_BLOCK_WEIGHT // WITNESS_SCALE_FACTOR // 31


@METHODS.method("Rawtransactions")
def createrawtransaction(
    node: NodeServices,
    inputs: Json,
    outputs: Json,
    locktime: Json = 0,
    replaceable: Json = False,
) -> str:
    """Return an unsigned transaction as hex.

    Inputs are objects with `txid`, `vout` and perhaps `sequence`; outputs are objects, or one
    object, of an address and an amount, or of `data` and hex.
    """
    return build_transaction(node, inputs, outputs, locktime, replaceable).encode().hex()


def build_transaction(
    node: NodeServices, inputs: Json, outputs: Json, locktime: Json, replaceable: Json
) -> Transaction:
    """Return the transaction that the parameters describe, or raise `RpcFault`."""
    lock = 0 if locktime is None else as_integer(locktime)
    if not 0 <= lock <= _MAX_UINT32:
        raise misuse("Invalid parameter, locktime out of range")
    is_replaceable = as_flag(replaceable, False)
    spent = tuple(_input(value, lock, is_replaceable) for value in as_list(inputs))
    if is_replaceable and spent and all(i.sequence > MAX_REPLACEABLE_SEQUENCE for i in spent):
        raise misuse(
            "Invalid parameter combination: Sequence number(s) contradict replaceable option"
        )
    return Transaction(2, spent, tuple(_outputs(node, outputs)), lock)


def _input(value: Json, locktime: int, is_replaceable: bool) -> TxInput:
    fields = as_object(value)
    txid = as_txid(fields.get("txid"), "txid")
    if not isinstance(fields.get("vout"), int):
        raise misuse("Invalid parameter, missing vout key")
    vout = as_integer(fields["vout"])
    if not 0 <= vout <= _MAX_UINT32:
        raise misuse("Invalid parameter, vout must be positive")
    sequence = SEQUENCE_FINAL - 1 if locktime else SEQUENCE_FINAL
    if is_replaceable:
        sequence = MAX_REPLACEABLE_SEQUENCE
    given = fields.get("sequence")
    if given is not None:
        sequence = as_integer(given)
        if not 0 <= sequence <= SEQUENCE_FINAL:
            raise misuse("Invalid parameter, sequence number is out of range")
    return TxInput(OutPoint(txid, vout), sequence=sequence)


def _outputs(node: NodeServices, value: Json) -> list[TxOutput]:
    pairs = _pairs(value) if isinstance(value, dict) else _pairs_of_list(as_list(value))
    if len(pairs) > _MOST_OUTPUTS:
        raise misuse(f"Invalid parameter, more than {_MOST_OUTPUTS} outputs")
    made: list[TxOutput] = []
    scripts: set[bytes] = set()
    for name, amount in pairs:
        if name == "data":
            made.append(TxOutput(0, _data_script(as_bytes(amount, "Data"))))
            continue
        script = _script(node, name)
        if script in scripts:
            raise misuse(f"Invalid parameter, duplicated address: {name}")
        scripts.add(script)
        made.append(TxOutput(as_amount(amount), script))
    return made


def _pairs(value: dict[str, Json]) -> Sequence[tuple[str, Json]]:
    return value.pairs if isinstance(value, Doubled) else list(value.items())


def _pairs_of_list(values: Sequence[Json]) -> list[tuple[str, Json]]:
    found: list[tuple[str, Json]] = []
    for one in values:
        if not isinstance(one, dict):
            raise misuse("Invalid parameter, key-value pair not an object as expected")
        pairs = _pairs(one)
        if len(pairs) != 1:
            raise misuse("Invalid parameter, key-value pair must contain exactly one key")
        found += pairs
    return found


def _data_script(payload: bytes) -> bytes:
    return null_data_script(payload) if payload else build_script(0x6A, 0)


def _script(node: NodeServices, address: str) -> bytes:
    try:
        return decode_address(address, node.network)
    except DecodeError:
        raise not_found(f"Invalid CounosX address: {address}") from None


@METHODS.method("Util")
def createmultisig(
    node: NodeServices, nrequired: Json, keys: Json, address_type: Json = "legacy"
) -> dict[str, Json]:
    """Return the address and script that ask for signatures of some of these public keys.

    `address_type` is `legacy`, `p2sh-segwit` or `bech32`.
    """
    required, texts = as_integer(nrequired), as_list(keys)
    # One more than there may be: the others are only counted.
    public_keys = [_public_key(as_text(text)) for text in texts[: _MAX_KEYS + 1]]
    if required < 1:
        raise misuse("a multisignature address must require at least one key to redeem")
    if len(texts) < required:
        raise misuse(
            f"not enough keys supplied (got {len(texts)} keys,"
            f" but need at least {required} to redeem)"
        )
    if len(public_keys) > _MAX_KEYS:
        raise misuse(
            "Number of keys involved in the multisignature address creation > 16\nReduce the number"
        )
    script = multisig_script(required, public_keys)
    if len(script) > _MAX_REDEEM_SCRIPT:
        raise misuse(f"redeemScript exceeds size limit: {len(script)} > {_MAX_REDEEM_SCRIPT}")
    kind = "legacy" if address_type is None else as_text(address_type)
    if any(len(key) != _COMPRESSED_SIZE for key in public_keys):
        kind = "legacy"
    wrapped = {
        "legacy": p2sh_script(script),
        "p2sh-segwit": p2sh_script(p2wsh_script(script)),
        "bech32": p2wsh_script(script),
    }
    if kind not in wrapped:
        raise not_found(f"Unknown address type '{kind}'")
    address = encode_address(wrapped[kind], node.network)
    return {"address": address, "redeemScript": script.hex()}


def _public_key(text: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(text) not in (66, 130) or not is_valid_public_key(key):
        raise not_found(
            f"Invalid public key: {text}\nNote that from v0.16, createmultisig no longer accepts"
            " addresses. Users must use addmultisigaddress to create multisig addresses with"
            " addresses known to the wallet."
        )
    return key
