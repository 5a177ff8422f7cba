"""Output descriptors: the text that wallets share to know a script (BIP 380 and its sequels).

Written here: ``pkh``, ``wpkh``, ``sortedmulti`` inside ``sh`` or ``wsh``, and the recoverable
custody policy. Read: what embit reads of ``sh``, ``wsh``, ``pkh``, ``wpkh``, miniscript included.
Extended keys are resolved here, because embit does not know this chain's version bytes, and the
checksum is tested here, because embit does not.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from embit.descriptor import Descriptor as EmbitDescriptor
from embit.descriptor.checksum import checksum as embit_checksum
from embit.descriptor.errors import DescriptorError

from ccxx_core.bip32 import HdKey, KeyOrigin, format_path, parse_path
from ccxx_core.errors import DecodeError
from ccxx_core.keys import is_valid_public_key
from ccxx_core.network import Network
from ccxx_core.spending import RECOVERY_DELAY

MAX_LENGTH = 4000

_EXTENDED_KEY = re.compile(
    r"(?:\[[0-9a-fA-F]{8}(?:/[0-9]+[h']?)*\])?([1-9A-HJ-NP-Za-km-z]{107,115})((?:/[0-9]+)*)(/\*)?"
)
_ORIGIN = re.compile(r"\[[0-9a-fA-F]{8}(?:/[0-9]+[h']?)*\](?=0[23][0-9a-fA-F]{64}\b)")
_PUBLIC_KEY = re.compile(r"\b0[234][0-9a-fA-F]{64}(?:[0-9a-fA-F]{64})?\b")
_READ_PREFIXES = ("wsh(", "sh(", "pkh(", "wpkh(")


@dataclass(frozen=True, slots=True)
class Descriptor:
    """The scripts that a descriptor describes; ``None`` where the output needs no such script."""

    script_pubkey: bytes
    redeem_script: bytes | None = None
    witness_script: bytes | None = None


def add_checksum(body: str) -> str:
    """Put the eight checksum characters behind a descriptor; DecodeError if it has foreign ones."""
    try:
        return f"{body}#{embit_checksum(body)}"
    except DescriptorError as error:
        raise DecodeError(f"descriptor: {str(error).lower()}") from None


def format_origin(origin: KeyOrigin) -> str:
    """Print a key's origin as descriptors do, without the brackets: `d34db33f/48h/571h`."""
    return origin.fingerprint.hex() + format_path(origin.path)[1:]


def parse_origin(text: str) -> KeyOrigin:
    """Read an origin as `format_origin` prints it; raises DecodeError."""
    fingerprint, _, path = text.partition("/")
    if not re.fullmatch("[0-9a-f]{8}", fingerprint):
        raise DecodeError(f"key origin {text[:40]!r} starts with no fingerprint")
    return KeyOrigin(bytes.fromhex(fingerprint), parse_path(f"m/{path}" if path else "m"))


def key_hash_descriptor(public_key: bytes, wrap: Literal["pkh", "wpkh"]) -> str:
    """Describe the output that pays to one public key's hash."""
    return add_checksum(f"{wrap}({public_key.hex()})")


def sorted_multisig_descriptor(
    keys: Sequence[bytes],
    required: int,
    wrap: Literal["wsh", "sh"],
    origins: Mapping[bytes, KeyOrigin] | None = None,
) -> str:
    """Describe a multisig of compressed keys in BIP 67 order, wrapped as P2WSH or P2SH.

    `origins` says of some of the keys where they come from.
    """
    joined = ",".join(_key(key, origins) for key in keys)
    return add_checksum(f"{wrap}(sortedmulti({required},{joined}))")


def recoverable_descriptor(
    root: bytes, issuer: bytes, holder: bytes, origins: Mapping[bytes, KeyOrigin] | None = None
) -> str:
    """Describe the recoverable custody: all three, or root and issuer after the delay."""
    one, two, three = (_key(key, origins) for key in (root, issuer, holder))
    recovery = f"and_v(v:multi(2,{one},{two}),older({RECOVERY_DELAY}))"
    return add_checksum(f"wsh(or_d(multi(3,{one},{two},{three}),{recovery}))")


def _key(key: bytes, origins: Mapping[bytes, KeyOrigin] | None) -> str:
    origin = (origins or {}).get(key)
    return key.hex() if origin is None else f"[{format_origin(origin)}]{key.hex()}"


def parse_descriptor(text: str, network: Network, index: int = 0) -> Descriptor:
    """Read a descriptor, with its checksum or without, as scripts.

    Extended keys must be of this network; a final ``/*`` stands for child ``index``. Raises
    DecodeError for a wrong checksum, a bad key or an unknown form.
    """
    if len(text) > MAX_LENGTH or not text.isascii():
        raise DecodeError(f"descriptor of {len(text)} characters is too long or not ASCII")
    body, mark, _ = text.strip().partition("#")
    if mark and add_checksum(body) != text.strip():
        raise DecodeError("descriptor checksum does not match, a character is mistyped")
    if not body.startswith(_READ_PREFIXES):
        raise DecodeError(f"descriptor {body[:20]!r} starts with no known form")
    return _compile(_resolve_keys(body, network, index))


def _resolve_keys(body: str, network: Network, index: int) -> str:
    """Replace each key expression by the hex of the public key it means."""

    def resolve(match: re.Match[str]) -> str:
        extended, path, wildcard = match.groups()
        last = f"/{index}" if wildcard else ""
        return HdKey.parse(extended, network).derive(f"m{path}{last}").public_key.hex()

    resolved = _ORIGIN.sub("", _EXTENDED_KEY.sub(resolve, body))
    for key in _PUBLIC_KEY.findall(resolved):
        if not is_valid_public_key(bytes.fromhex(key)):
            raise DecodeError(f"descriptor key {key} is no public key")
    return resolved


def _compile(body: str) -> Descriptor:
    try:
        described = EmbitDescriptor.from_string(body)
        if any(key.is_private or key.is_extended for key in described.keys):
            raise DecodeError("descriptor holds a private key or a key of an unknown form")
        script, redeem, witness = (
            described.script_pubkey(),
            described.redeem_script(),
            described.witness_script(),
        )
    except DecodeError:
        raise
    except Exception as error:
        # embit lets whatever its parser stumbles over escape: IndexError, ValueError, its own.
        raise DecodeError(f"descriptor does not parse: {error}") from None
    return Descriptor(
        script_pubkey=script.data,
        redeem_script=redeem.data if redeem else None,
        witness_script=witness.data if witness else None,
    )
