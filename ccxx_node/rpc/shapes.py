"""Scripts, transactions, headers and blocks as JSON: the field names and order of the family."""

from __future__ import annotations

from ccxx_core.address import encode_address
from ccxx_core.block import Block
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import format_hash, hash160
from ccxx_core.network import Network
from ccxx_core.opcodes import Op
from ccxx_core.script import (
    ScriptKind,
    SolvedScript,
    is_unspendable,
    p2pkh_script,
    read_ops,
    solve_script,
)
from ccxx_core.transaction import Transaction, TxInput, TxOutput
from ccxx_node.chainstate.block_entry import BlockEntry
from ccxx_node.consensus import flags
from ccxx_node.consensus.script_failure import ScriptError
from ccxx_node.consensus.script_numbers import decode_number
from ccxx_node.consensus.signature_encoding import check_signature_encoding
from ccxx_node.rpc.wire import Amount, Json, Real

SIGHASH_NAMES = {
    0x01: "ALL",
    0x81: "ALL|ANYONECANPAY",
    0x02: "NONE",
    0x82: "NONE|ANYONECANPAY",
    0x03: "SINGLE",
    0x83: "SINGLE|ANYONECANPAY",
}
_OP_NAMES = {int(op): op.name for op in Op}


def script_asm(script: bytes, *, shows_sighash: bool = False) -> str:
    """Return a script as words; with `shows_sighash` signatures end in `[ALL]` and the like."""
    words: list[str] = []
    names_sighash = shows_sighash and not is_unspendable(script)
    try:
        for opcode, data, _ in read_ops(script):
            if data is None:
                words.append(_op_word(opcode))
            elif len(data) <= 4:
                words.append(str(decode_number(data, minimal=False)))
            else:
                words.append(_signature_word(data) if names_sighash else data.hex())
    except DecodeError:
        words.append("[error]")
    return " ".join(words)


def _op_word(opcode: int) -> str:
    if opcode == Op.OP_1NEGATE:
        return "-1"
    if Op.OP_1 <= opcode <= Op.OP_16:
        return str(opcode - Op.OP_1 + 1)
    return _OP_NAMES.get(opcode, "OP_UNKNOWN")


def _signature_word(data: bytes) -> str:
    try:
        check_signature_encoding(data, flags.STRICTENC)
    except ScriptError:
        return data.hex()
    name = SIGHASH_NAMES.get(data[-1])
    return data.hex() if name is None else f"{data[:-1].hex()}[{name}]"


def script_shape(script: bytes, network: Network, *, with_hex: bool = True) -> dict[str, Json]:
    """Return an output script: words, bytes, kind, and the addresses that can spend it."""
    solved = solve_script(script)
    shape: dict[str, Json] = {"asm": script_asm(script)}
    if with_hex:
        shape["hex"] = script.hex()
    addresses = addresses_of(script, solved, network)
    if addresses:
        shape["reqSigs"] = solved.required or 1
    shape["type"] = str(solved.kind)
    if addresses:
        shape["addresses"] = addresses
    return shape


def addresses_of(script: bytes, solved: SolvedScript, network: Network) -> list[str]:
    """Return the addresses of a script; keys stand as the address of their hash."""
    if solved.kind in (ScriptKind.PUBKEY, ScriptKind.MULTISIG):
        scripts = [p2pkh_script(hash160(key)) for key in solved.solutions]
    else:
        scripts = [script]
    found = (encode_address(one, network) for one in scripts)
    return [address for address in found if address is not None]


def transaction_shape(
    tx: Transaction, network: Network, *, with_hex: bool = True
) -> dict[str, Json]:
    """Return a decoded transaction."""
    shape: dict[str, Json] = {
        "txid": format_hash(tx.txid),
        "hash": format_hash(tx.wtxid),
        "version": tx.version,
        "size": tx.size,
        "vsize": tx.vsize,
        "weight": tx.weight,
        "locktime": tx.locktime,
        "vin": [_input_shape(tx_input, tx.is_coinbase) for tx_input in tx.inputs],
        "vout": [
            _output_shape(output, position, network) for position, output in enumerate(tx.outputs)
        ],
    }
    if with_hex:
        shape["hex"] = tx.encode().hex()
    return shape


def _input_shape(tx_input: TxInput, is_coinbase: bool) -> dict[str, Json]:
    if is_coinbase:
        return {"coinbase": tx_input.script_sig.hex(), "sequence": tx_input.sequence}
    shape: dict[str, Json] = {
        "txid": format_hash(tx_input.prevout.txid),
        "vout": tx_input.prevout.vout,
        "scriptSig": {
            "asm": script_asm(tx_input.script_sig, shows_sighash=True),
            "hex": tx_input.script_sig.hex(),
        },
    }
    if tx_input.witness:
        shape["txinwitness"] = [item.hex() for item in tx_input.witness]
    shape["sequence"] = tx_input.sequence
    return shape


def _output_shape(output: TxOutput, position: int, network: Network) -> dict[str, Json]:
    return {
        "value": Amount(output.value),
        "n": position,
        "scriptPubKey": script_shape(output.script_pubkey, network),
    }


def difficulty(bits: int) -> float:
    """Return how much harder a target is than the easiest of the main network (of Bitcoin)."""
    value = 0xFFFF / (bits & 0xFFFFFF)
    exponent = bits >> 24
    return float(value * 256.0 ** (29 - exponent))


def header_shape(
    entry: BlockEntry, tip: BlockEntry, next_entry: BlockEntry | None
) -> dict[str, Json]:
    """Return what `getblockheader` shows; `next_entry` is the block's child in the best chain."""
    shape = _front(entry, tip)
    shape |= _place(entry)
    return shape | _back(entry, next_entry)


def block_shape(
    block: Block, entry: BlockEntry, tip: BlockEntry, next_entry: BlockEntry | None
) -> dict[str, Json]:
    """Return what `getblock` shows, with an empty `tx` for the caller to fill."""
    shape = _front(entry, tip)
    shape |= {"strippedsize": block.base_size, "size": block.size, "weight": block.weight}
    shape |= _place(entry)
    shape["tx"] = []
    return shape | _back(entry, next_entry)


def confirmations(entry: BlockEntry, tip: BlockEntry) -> int:
    """Return how deep a block lies in the best chain, or -1 if it is not in it."""
    return tip.height - entry.height + 1 if tip.ancestor(entry.height) is entry else -1


def _front(entry: BlockEntry, tip: BlockEntry) -> dict[str, Json]:
    return {"hash": format_hash(entry.hash), "confirmations": confirmations(entry, tip)}


def _place(entry: BlockEntry) -> dict[str, Json]:
    return {
        "height": entry.height,
        "version": entry.version,
        "versionHex": f"{entry.version & 0xFFFFFFFF:08x}",
        "merkleroot": format_hash(entry.merkle_root),
    }


def _back(entry: BlockEntry, next_entry: BlockEntry | None) -> dict[str, Json]:
    shape: dict[str, Json] = {
        "time": entry.time,
        "mediantime": entry.median_time_past,
        "nonce": entry.nonce,
        "bits": f"{entry.bits:08x}",
        "difficulty": Real(difficulty(entry.bits)),
        "chainwork": f"{entry.chain_work:064x}",
        "nTx": entry.tx_count,
    }
    if entry.parent is not None:
        shape["previousblockhash"] = format_hash(entry.parent.hash)
    if next_entry is not None:
        shape["nextblockhash"] = format_hash(next_entry.hash)
    return shape
