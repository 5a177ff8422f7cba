"""Methods that sign and verify messages."""

from __future__ import annotations

import base64
import binascii

from ccxx_core.address import decode_address
from ccxx_core.errors import DecodeError
from ccxx_core.keys import PrivateKey
from ccxx_core.message import sign_message, verify_message
from ccxx_core.script import ScriptKind, solve_script
from ccxx_node.rpc.arguments import as_text
from ccxx_node.rpc.errors import Code, RpcFault, not_found
from ccxx_node.rpc.registry import Registry
from ccxx_node.rpc.services import NodeServices
from ccxx_node.rpc.wire import Json

METHODS = Registry()


@METHODS.method("Util")
def signmessagewithprivkey(node: NodeServices, privkey: Json, message: Json) -> str:
    """Sign a message with a private key (WIF); returns the signature in base64."""
    try:
        key = PrivateKey.from_wif(as_text(privkey), node.network)
    except DecodeError:
        raise not_found("Invalid private key") from None
    return sign_message(key, as_text(message))


@METHODS.method("Util")
def verifymessage(node: NodeServices, address: Json, signature: Json, message: Json) -> bool:
    """Tell whether a signature in base64 proves that the owner of an address wrote a message."""
    text = as_text(address)
    try:
        script = decode_address(text, node.network)
    except DecodeError:
        raise RpcFault(Code.TYPE_ERROR, "Invalid address") from None
    if solve_script(script).kind is not ScriptKind.PUBKEYHASH:
        raise RpcFault(Code.TYPE_ERROR, "Address does not refer to key")
    try:
        base64.b64decode(as_text(signature), validate=True)
    except (binascii.Error, ValueError):
        raise not_found("Malformed base64 encoding") from None
    return verify_message(text, signature, as_text(message), node.network)
