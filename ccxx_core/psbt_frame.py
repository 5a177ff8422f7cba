"""The frame of a PSBT (BIP 174): its magic bytes, its version and the unsigned transaction."""

from base64 import b64decode
from binascii import Error as Base64Error

from ccxx_core.errors import DecodeError
from ccxx_core.psbt_fields import refuse_key_data
from ccxx_core.transaction import Transaction

MAGIC = b"psbt\xff"
UNSIGNED_TX = b"\x00"
_VERSION = b"\xfb"
# Fields of version 2 (BIP 370), forbidden in version 0.
_VERSION_2_GLOBALS = frozenset(range(2, 7))
VERSION_2_INPUTS = frozenset(range(0x0E, 0x13))
VERSION_2_OUTPUTS = frozenset((3, 4))


def read_binary(data: bytes | str) -> bytes:
    """Give the binary form, which starts with the magic bytes."""
    if isinstance(data, bytes) and data.startswith(MAGIC):
        return data
    try:
        text = data.encode("ascii") if isinstance(data, str) else data
        raw = b64decode(b"".join(text.split()), validate=True)
    except (Base64Error, UnicodeEncodeError):
        raw = b""
    if not raw.startswith(MAGIC):
        raise DecodeError("not a PSBT: it starts with neither its magic bytes nor their base64")
    return raw


def read_unsigned_tx(fields: dict[bytes, bytes]) -> Transaction:
    """Take the unsigned transaction out of the global map, and the version, which must be 0."""
    if int.from_bytes(fields.pop(_VERSION, b""), "little") != 0:
        raise DecodeError("PSBT is not of version 0")
    encoded = fields.pop(UNSIGNED_TX, None)
    if encoded is None:
        raise DecodeError("PSBT holds no transaction")
    refuse_key_data(fields, (UNSIGNED_TX, _VERSION))
    refuse_types(fields, _VERSION_2_GLOBALS)
    tx = Transaction.decode(encoded)
    check_unsigned(tx, DecodeError)
    if tx.base != encoded:
        raise DecodeError("PSBT transaction is written with a witness")
    return tx


def check_unsigned(tx: Transaction, error: type[Exception]) -> None:
    """Raise `error` unless a transaction has inputs, each once and none signed."""
    if not tx.inputs:
        raise error("transaction has no inputs")
    if tx.has_witness or any(tx_input.script_sig for tx_input in tx.inputs):
        raise error("transaction is signed already")
    # Counted twice, a coin would make the fee look larger than it is.
    if len({tx_input.prevout for tx_input in tx.inputs}) != len(tx.inputs):
        raise error("transaction spends an output twice")


def refuse_types(fields: dict[bytes, bytes], types: frozenset[int]) -> None:
    """Raise DecodeError if a map holds a field of one of some types."""
    if any(key[0] in types for key in fields):
        raise DecodeError("PSBT of version 0 holds a field of version 2")


def read_network_name(value: bytes) -> str:
    """Read the name of a network; raises DecodeError."""
    if not value.isalnum() or not value.isascii() or len(value) > 20:
        raise DecodeError("PSBT names no network")
    return value.decode()
