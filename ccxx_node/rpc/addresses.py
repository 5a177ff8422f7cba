"""Methods about scripts and addresses."""

from __future__ import annotations

from ccxx_core.address import decode_address, encode_address
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import hash160
from ccxx_core.network import Network
from ccxx_core.script import (
    ScriptKind,
    p2sh_script,
    p2wpkh_script,
    p2wsh_script,
    solve_script,
    witness_program,
)
from ccxx_node.rpc.arguments import as_bytes, as_text
from ccxx_node.rpc.registry import Registry
from ccxx_node.rpc.services import NodeServices
from ccxx_node.rpc.shapes import script_shape
from ccxx_node.rpc.wire import Json

METHODS = Registry()

_NOT_WRAPPED = (
    ScriptKind.WITNESS_V0_KEYHASH,
    ScriptKind.WITNESS_V0_SCRIPTHASH,
    ScriptKind.WITNESS_UNKNOWN,
)


@METHODS.method("Rawtransactions")
def decodescript(node: NodeServices, hexstring: Json) -> dict[str, Json]:
    """Return what a script is, and the addresses of its P2SH and witness forms."""
    script = as_bytes(hexstring, "argument") if hexstring else b""
    shape = script_shape(script, node.network, with_hex=False)
    solved = solve_script(script)
    if solved.kind is ScriptKind.SCRIPTHASH:
        return shape
    shape["p2sh"] = encode_address(p2sh_script(script), node.network)
    wrapped = _witness_form(script)
    if wrapped is not None:
        segwit = script_shape(wrapped, node.network)
        segwit["p2sh-segwit"] = encode_address(p2sh_script(wrapped), node.network)
        shape["segwit"] = segwit
    return shape


def _witness_form(script: bytes) -> bytes | None:
    """Return the witness output that runs the same script; keys must be compressed for it."""
    solved = solve_script(script)
    match solved.kind:
        case ScriptKind.NULLDATA:
            return None
        case kind if kind in _NOT_WRAPPED:
            return None
        case ScriptKind.PUBKEY | ScriptKind.MULTISIG:
            if any(len(key) != 33 for key in solved.solutions):
                return None
            if solved.kind is ScriptKind.PUBKEY:
                return p2wpkh_script(hash160(solved.solutions[0]))
            return p2wsh_script(script)
        case ScriptKind.PUBKEYHASH:
            return p2wpkh_script(solved.solutions[0])
        case _:
            return p2wsh_script(script)


@METHODS.method("Util")
def validateaddress(node: NodeServices, address: Json) -> dict[str, Json]:
    """Tell whether an address is valid on this network, and which script it stands for."""
    try:
        script = decode_address(as_text(address), node.network)
    except DecodeError:
        return {"isvalid": False}
    return {"isvalid": True} | _address_shape(script, node.network)


def _address_shape(script: bytes, network: Network) -> dict[str, Json]:
    shape: dict[str, Json] = {
        "address": encode_address(script, network),
        "scriptPubKey": script.hex(),
    }
    program = witness_program(script)
    kind = solve_script(script).kind
    if kind is not ScriptKind.WITNESS_UNKNOWN:
        shape["isscript"] = kind in (ScriptKind.SCRIPTHASH, ScriptKind.WITNESS_V0_SCRIPTHASH)
    shape["iswitness"] = program is not None
    if program is not None:
        shape["witness_version"] = program[0]
        shape["witness_program"] = program[1].hex()
    return shape
