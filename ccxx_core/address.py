"""Addresses: an output script as text, for one network.

A P2SH address is printed with the chain's own version byte; the older one is read as well.
"""

from ccxx_core.base58 import decode_base58check, encode_base58check
from ccxx_core.bech32 import Encoding, decode_bech32, encode_bech32, regroup_bits
from ccxx_core.errors import DecodeError
from ccxx_core.network import NETWORKS, Network
from ccxx_core.script import (
    ScriptKind,
    build_script,
    p2pkh_script,
    p2sh_script_of_hash,
    small_number_op,
    solve_script,
)


def encode_address(script_pubkey: bytes, network: Network) -> str | None:
    """Print the address of an output script, or None if its kind has none."""
    solved = solve_script(script_pubkey)
    match solved.kind:
        case ScriptKind.PUBKEYHASH:
            return encode_base58check(bytes([network.p2pkh_prefix]) + solved.solutions[0])
        case ScriptKind.SCRIPTHASH:
            return encode_base58check(bytes([network.p2sh_prefix]) + solved.solutions[0])
        case ScriptKind.WITNESS_V0_KEYHASH | ScriptKind.WITNESS_V0_SCRIPTHASH:
            return _encode_program(0, solved.solutions[0], network)
        case ScriptKind.WITNESS_UNKNOWN:
            version, program = solved.solutions
            return _encode_program(version[0], program, network)
        case _:
            return None


def _encode_program(version: int, program: bytes, network: Network) -> str:
    # The reference knows no bech32m: every witness version is printed as bech32.
    groups = [version, *regroup_bits(program, 8, 5, pad=True)]
    return encode_bech32(network.bech32_hrp, groups, Encoding.BECH32)


def decode_address(text: str, network: Network) -> bytes:
    """Read an address as its output script.

    Raises DecodeError with a text that says what is wrong: mistyped, of another network, unknown.
    """
    hrp = text.lower().rpartition("1")[0]
    if hrp in {known.bech32_hrp for known in NETWORKS.values()}:
        return _decode_bech32_address(text, network)
    try:
        payload = decode_base58check(text)
    except DecodeError as error:
        raise DecodeError(f"{text[:100]!r} is not an address: {error}") from None
    return _decode_base58_address(text, payload, network)


def _decode_bech32_address(text: str, network: Network) -> bytes:
    hrp, data, encoding = decode_bech32(text)
    if hrp != network.bech32_hrp:
        raise DecodeError(f"address {text} belongs to another network, not to {network.name}")
    if encoding is not Encoding.BECH32 or not data or data[0] > 16:
        raise DecodeError(f"address {text} has an unknown form")
    program = bytes(regroup_bits(data[1:], 5, 8, pad=False))
    if not 2 <= len(program) <= 40 or (data[0] == 0 and len(program) not in (20, 32)):
        raise DecodeError(f"address {text} has a witness program of {len(program)} bytes")
    return build_script(small_number_op(data[0]), program)


def _decode_base58_address(text: str, payload: bytes, network: Network) -> bytes:
    prefix, digest = payload[0], payload[1:]
    if len(digest) != 20:
        raise DecodeError(f"address {text} holds {len(digest)} bytes, need 20")
    if prefix == network.p2pkh_prefix:
        return p2pkh_script(digest)
    if prefix in network.p2sh_read_prefixes:
        return p2sh_script_of_hash(digest)
    raise DecodeError(f"address {text} belongs to another network, not to {network.name}")
