"""Descriptors that `scantxoutset` looks for: which scripts they stand for.

Read here and not in `ccxx_core.descriptor`, because this language is another: `combo`, `addr`,
`raw`, `pk`, private keys, and ranges that are hardened. Keys, paths and bounds are those of the
reference (0.17), and as in later ones a key may have an origin and a descriptor a checksum.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from ccxx_core.address import decode_address
from ccxx_core.bip32 import HdKey
from ccxx_core.descriptor import MAX_LENGTH, add_checksum
from ccxx_core.errors import DecodeError
from ccxx_core.hashes import hash160
from ccxx_core.keys import PrivateKey, is_valid_public_key
from ccxx_core.network import Network
from ccxx_core.script import (
    multisig_script,
    p2pk_script,
    p2pkh_script,
    p2sh_script,
    p2wpkh_script,
    p2wsh_script,
)

_MAX_REDEEM_SCRIPT = 520
_MAX_KEYS = 16
_MAX_BARE_KEYS = 3
_ORIGIN = re.compile(r"\[[0-9a-fA-F]{8}(?:/[0-9]+[h']?)*\]")
_COMPRESSED = 33

Expression = Callable[[int], list[bytes]]


class _Place(Enum):
    TOP = 0
    P2SH = 1
    P2WSH = 2


@dataclass(frozen=True, slots=True)
class ScanDescriptor:
    """A descriptor: whether it stands for many scripts, and which it stands for at an index."""

    is_range: bool
    scripts_at: Expression


def parse_scan_descriptor(text: str, network: Network) -> ScanDescriptor:
    """Read a descriptor; raises DecodeError for what is none."""
    body, mark, _ = text.partition("#")
    if len(text) > MAX_LENGTH or (mark and add_checksum(body) != text):
        raise DecodeError("descriptor is too long, or its checksum does not match")
    parser = _Parser(network)
    expression = parser.script(body, _Place.TOP)
    return ScanDescriptor(parser.is_range, expression)


class _Parser:
    """Reads one descriptor, and notes whether one of its keys has a wildcard."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.is_range = False

    def script(self, text: str, place: _Place) -> Expression:
        """Read what may stand at a place."""
        name, bracket, rest = text.partition("(")
        if not bracket or not rest.endswith(")"):
            raise DecodeError(f"descriptor part {text[:20]!r} is no function")
        inner = rest[:-1]
        if name == "multi":
            return self._multi(inner, place)
        if name in ("sh", "wsh"):
            return self._wrapped(name, inner, place)
        if name in ("addr", "raw", "combo") and place is not _Place.TOP:
            raise DecodeError(f"descriptor function {name} stands within another")
        if name in ("addr", "raw"):
            found = decode_address(inner, self.network) if name == "addr" else _from_hex(inner)
            return lambda _: [found]
        return self._single(name, inner, place)

    def _single(self, name: str, inner: str, place: _Place) -> Expression:
        is_witness = name == "wpkh" or place is _Place.P2WSH
        key = self._key(inner, allows_uncompressed=not is_witness)
        if name == "pk":
            return lambda index: [p2pk_script(key(index))]
        if name == "pkh":
            return lambda index: [p2pkh_script(hash160(key(index)))]
        if name == "wpkh" and place is not _Place.P2WSH:
            return lambda index: [p2wpkh_script(hash160(key(index)))]
        if name == "combo":
            return lambda index: _combo(key(index))
        raise DecodeError(f"descriptor function {name[:20]!r} is unknown here")

    def _wrapped(self, name: str, inner: str, place: _Place) -> Expression:
        if place is _Place.P2WSH or (name == "sh" and place is not _Place.TOP):
            raise DecodeError(f"descriptor function {name} stands within another")
        if name == "sh":
            redeem = self.script(inner, _Place.P2SH)
            return lambda index: [p2sh_script(one) for one in redeem(index)]
        witness = self.script(inner, _Place.P2WSH)
        return lambda index: [p2wsh_script(one) for one in witness(index)]

    def _multi(self, inner: str, place: _Place) -> Expression:
        first, *texts = inner.split(",")
        keys = [self._key(text, allows_uncompressed=place is not _Place.P2WSH) for text in texts]
        required = int(first) if first.isascii() and first.isdigit() and len(first) < 3 else 0
        most = _MAX_BARE_KEYS if place is _Place.TOP else _MAX_KEYS
        if not 1 <= required <= len(keys) <= most:
            raise DecodeError(f"descriptor wants {first[:10]} of {len(keys)} keys")

        def expand(index: int) -> list[bytes]:
            script = multisig_script(required, [key(index) for key in keys])
            if place is _Place.P2SH and len(script) > _MAX_REDEEM_SCRIPT:
                raise DecodeError("descriptor has more keys than a redeem script holds")
            return [script]

        expand(0)
        return expand

    def _key(self, text: str, *, allows_uncompressed: bool) -> Callable[[int], bytes]:
        """Read one key: hex, a private key, or an extended key with a path."""
        bare = _ORIGIN.sub("", text, count=1) if text.startswith("[") else text
        name, *steps = bare.split("/")
        if not steps and len(name) <= 2 * 65:
            fixed = self._fixed_key(name)
            if fixed is not None:
                if len(fixed) != _COMPRESSED and not allows_uncompressed:
                    raise DecodeError("descriptor has an uncompressed key in a witness")
                return lambda _: fixed
        ending = steps.pop() if steps and steps[-1] in ("*", "*'", "*h") else ""
        parent = HdKey.parse(name, self.network).derive("/".join(["m", *steps]))
        if not ending:
            found = parent.public_key
            return lambda _: found
        self.is_range = True
        mark = "h" if len(ending) > 1 else ""
        return lambda index: parent.derive(f"m/{index}{mark}").public_key

    def _fixed_key(self, text: str) -> bytes | None:
        try:
            data = bytes.fromhex(text)
        except ValueError:
            pass
        else:
            if is_valid_public_key(data):
                return data
        try:
            return PrivateKey.from_wif(text, self.network).public_key
        except DecodeError:
            return None


def _combo(key: bytes) -> list[bytes]:
    """Return every script that pays to one key without anything else."""
    key_hash = hash160(key)
    scripts = [p2pk_script(key), p2pkh_script(key_hash)]
    if len(key) != _COMPRESSED:
        return scripts
    program = p2wpkh_script(key_hash)
    return [*scripts, program, p2sh_script(program)]


def _from_hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise DecodeError("descriptor holds no hex") from None
