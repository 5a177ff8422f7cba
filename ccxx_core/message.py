"""Signed messages: proof that somebody holds the key of an address, without a transaction.

The form is that of the reference's ``signmessage``: base64 of a header byte and r, s, over the
double SHA-256 of this chain's magic text and the message. Only P2PKH addresses can be proven so.
"""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error

from ccxx_core.address import decode_address
from ccxx_core.encoding import encode_bytes
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import hash160, sha256d
from ccxx_core.keys import PrivateKey, recover_public_key
from ccxx_core.network import SIGNED_MESSAGE_MAGIC, Network
from ccxx_core.script import ScriptKind, solve_script

# 27 marks a recoverable signature, 4 more that the key's hash is of its compressed form.
_HEADER = 27
_COMPRESSED = 4


def message_digest(text: str) -> bytes:
    """Give the 32 bytes that are signed for a message; DecodeError if it is no Unicode text."""
    try:
        message = text.encode()
    except UnicodeEncodeError:
        # JSON can carry half of a surrogate pair, which has no bytes.
        raise DecodeError("message has a lone surrogate") from None
    return sha256d(encode_bytes(SIGNED_MESSAGE_MAGIC) + encode_bytes(message))


def sign_message(private_key: PrivateKey, text: str) -> str:
    """Sign a message; returns base64, good for the P2PKH address of the key."""
    signature = private_key.sign_recoverable(message_digest(text))
    header = bytes([_HEADER + _COMPRESSED + signature[64]])
    return b64encode(header + signature[:64]).decode()


def verify_message(address: str, signature: str, text: str, network: Network) -> bool:
    """Tell whether the holder of an address signed a message.

    Raises DecodeError if the address is not P2PKH of this network, the signature not base64, or
    the message no Unicode text.
    """
    solved = solve_script(decode_address(address, network))
    if solved.kind is not ScriptKind.PUBKEYHASH:
        raise DecodeError(f"address {address} does not refer to a key")
    try:
        raw = b64decode(signature, validate=True)
    except (Base64Error, ValueError):
        raise DecodeError("signature is not base64") from None
    header = raw[0] - _HEADER if len(raw) == 65 else -1
    if not 0 <= header < 2 * _COMPRESSED:
        return False
    recoverable = raw[1:] + bytes([header % _COMPRESSED])
    compressed, digest = header >= _COMPRESSED, message_digest(text)
    try:
        public_key = recover_public_key(recoverable, digest, compressed)
    except DecodeError:
        return False
    return hash160(public_key) == solved.solutions[0]
